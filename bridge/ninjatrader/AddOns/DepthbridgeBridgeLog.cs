using System.IO;
using Depthbridge;
using NinjaTrader.Cbi;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Writes the bridge's events to NinjaTrader's log; what only debugging wants to the output window.</summary>
    /// <remarks>Both go into <c>depthbridge/bridge.log</c> of NinjaTrader's folder too, where <c>incident</c> finds them.</remarks>
    public sealed class DepthbridgeBridgeLog : IBridgeLog
    {
        private const long FullFile = 4 << 20;
        private const int EndMs = 500;
        private readonly LogFile _file;
        private volatile bool _debug;

        /// <summary>Begin; the file is made with the first event.</summary>
        public DepthbridgeBridgeLog()
        {
            var folder = Path.Combine(NinjaTrader.Core.Globals.UserDataDir, "depthbridge");
            _file = new LogFile(Path.Combine(folder, "bridge.log"), FullFile, () => BridgeClock.WallNs);
        }

        /// <summary>Whether events for debugging are written too.</summary>
        public bool Debug
        {
            get { return _debug; }
            set { _debug = value; }
        }

        /// <inheritdoc/>
        public void Write(LogEvent what, string detail)
        {
            if (what.Level == global::Depthbridge.LogLevel.Debug)
            {
                if (_debug)
                {
                    _file.Write(what, detail);
                    NinjaTrader.Code.Output.Process(what.Line(detail), PrintTo.OutputTab1);
                }
                return;
            }
            _file.Write(what, detail);
            NinjaTrader.NinjaScript.NinjaScript.Log(what.Line(detail), LevelOf(what.Level));
        }

        /// <summary>Wait, shortly, until the file has everything.</summary>
        public void Flush()
        {
            _file.Flush(EndMs);
        }

        private static NinjaTrader.Cbi.LogLevel LevelOf(global::Depthbridge.LogLevel level)
        {
            switch (level)
            {
                case global::Depthbridge.LogLevel.Error:
                    return NinjaTrader.Cbi.LogLevel.Error;
                case global::Depthbridge.LogLevel.Warning:
                    return NinjaTrader.Cbi.LogLevel.Warning;
                default:
                    return NinjaTrader.Cbi.LogLevel.Information;
            }
        }
    }
}
