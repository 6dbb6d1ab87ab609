using System.Collections.ObjectModel;

namespace Depthbridge
{
    /// <summary>Every event that the bridge logs. Numbers are never used again for something else.</summary>
    public static class LogEvents
    {
        /// <summary>The connection stands.</summary>
        public static readonly LogEvent Connected = new LogEvent(100, LogLevel.Information, "connected to the server");

        /// <summary>The connection is gone and is taken up again.</summary>
        public static readonly LogEvent Disconnected = new LogEvent(101, LogLevel.Warning, "the connection broke; trying again");

        /// <summary>Nobody answers.</summary>
        public static readonly LogEvent NoServer = new LogEvent(102, LogLevel.Warning, "no server answers; trying again");

        /// <summary>The server refuses this publisher.</summary>
        public static readonly LogEvent Refused = new LogEvent(103, LogLevel.Error, "the server refuses this publisher");

        /// <summary>The WebSocket fails but the server answers requests.</summary>
        public static readonly LogEvent HttpTaken = new LogEvent(104, LogLevel.Warning, "the WebSocket fails; using HTTP requests");

        /// <summary>The WebSocket works again.</summary>
        public static readonly LogEvent HttpLeft = new LogEvent(105, LogLevel.Information, "the WebSocket works again");

        /// <summary>15 s without a word.</summary>
        public static readonly LogEvent Silent = new LogEvent(106, LogLevel.Warning, "the server was silent for too long");

        /// <summary>The connection was ended by this side.</summary>
        public static readonly LogEvent Stopped = new LogEvent(107, LogLevel.Information, "stopped");

        /// <summary>The server wants records or a book again.</summary>
        public static readonly LogEvent Resync = new LogEvent(200, LogLevel.Warning, "the server asked for a resync");

        /// <summary>The server refused a frame or a bar.</summary>
        public static readonly LogEvent FrameRefused = new LogEvent(201, LogLevel.Warning, "the server refused data");

        /// <summary>Numbers were forgotten before the server had them.</summary>
        public static readonly LogEvent Overrun = new LogEvent(202, LogLevel.Error, "the server was away for too long; records were lost");

        /// <summary>The server said something that is not in the protocol.</summary>
        public static readonly LogEvent Nonsense = new LogEvent(203, LogLevel.Warning, "the server's message was not understood");

        /// <summary>A book cannot be trusted and is begun anew.</summary>
        public static readonly LogEvent BookDoubt = new LogEvent(204, LogLevel.Warning, "the book is begun anew");

        /// <summary>A listener threw.</summary>
        public static readonly LogEvent ListenerFailed = new LogEvent(300, LogLevel.Error, "a listener failed");

        /// <summary>A defect of the bridge itself.</summary>
        public static readonly LogEvent Defect = new LogEvent(301, LogLevel.Error, "a defect of the bridge; connecting again");

        /// <summary>The file with the token cannot be read.</summary>
        public static readonly LogEvent TokenFile = new LogEvent(302, LogLevel.Error, "the token file cannot be read");

        /// <summary>Two charts of one instrument disagree.</summary>
        public static readonly LogEvent SettingsDiffer = new LogEvent(400, LogLevel.Warning, "another chart of this instrument has other settings; the first ones hold");

        /// <summary>NinjaTrader lost its feed.</summary>
        public static readonly LogEvent FeedLost = new LogEvent(401, LogLevel.Warning, "the price connection was lost");

        /// <summary>NinjaTrader has its feed again.</summary>
        public static readonly LogEvent FeedBack = new LogEvent(402, LogLevel.Information, "the price connection is back; the book is begun anew");

        /// <summary>Level I without depth for 30 s.</summary>
        public static readonly LogEvent NoLevelTwo = new LogEvent(403, LogLevel.Warning, "the feed has no Level II: no depth comes");

        /// <summary>Depth after all.</summary>
        public static readonly LogEvent LevelTwo = new LogEvent(404, LogLevel.Information, "depth comes");

        /// <summary>A back-fill went through.</summary>
        public static readonly LogEvent BackfillTold = new LogEvent(405, LogLevel.Information, "the session's trades were told again");

        /// <summary>The tick history gave nothing.</summary>
        public static readonly LogEvent BackfillFailed = new LogEvent(406, LogLevel.Warning, "the session's trades could not be loaded");

        /// <summary>The audit against NinjaTrader's rows failed.</summary>
        public static readonly LogEvent BookDiffers = new LogEvent(407, LogLevel.Warning, "the book differed from NinjaTrader's and was begun anew");

        /// <summary>A signal came too late for the strategy.</summary>
        public static readonly LogEvent SignalDropped = new LogEvent(408, LogLevel.Debug, "a late signal was dropped");

        /// <summary>The slider was moved.</summary>
        public static readonly LogEvent PlaybackJump = new LogEvent(409, LogLevel.Information, "the playback was moved");

        /// <summary>All of them, by number.</summary>
        public static readonly ReadOnlyCollection<LogEvent> All = new ReadOnlyCollection<LogEvent>(new[]
        {
            Connected, Disconnected, NoServer, Refused, HttpTaken, HttpLeft, Silent, Stopped,
            Resync, FrameRefused, Overrun, Nonsense, BookDoubt,
            ListenerFailed, Defect, TokenFile,
            SettingsDiffer, FeedLost, FeedBack, NoLevelTwo, LevelTwo,
            BackfillTold, BackfillFailed, BookDiffers, SignalDropped, PlaybackJump
        });
    }
}
