namespace Depthbridge
{
    /// <summary>The numbers and words of the protocol (PROTOCOL.md). None ever changes its meaning.</summary>
    public static class Wire
    {
        /// <summary>Version of the protocol that this code speaks.</summary>
        public const int Version = 1;

        /// <summary>Subprotocol of the WebSocket.</summary>
        public const string Subprotocol = "depthbridge.v1";

        /// <summary>First two bytes of a frame, <c>DB</c>.</summary>
        public const int Magic = 0x4244;

        /// <summary>Bytes of a frame's header.</summary>
        public const int HeaderSize = 40;

        /// <summary>Bytes of the header that its own checksum covers.</summary>
        public const int GuardedSize = 36;

        /// <summary>Bytes of a record.</summary>
        public const int RecordSize = 32;

        /// <summary>Most records of a frame.</summary>
        public const int MaxRecords = 4096;

        /// <summary>Largest distance of a record from its frame's first, nanoseconds (4.29 s).</summary>
        public const long MaxOffset = 4294967295L;

        /// <summary>Largest price (either sign) and size, and the last place of a back-fill.</summary>
        public const long MaxMagnitude = 9007199254740991L;

        /// <summary>Times are 0 up to this, nanoseconds UTC (the year 2116).</summary>
        public const long MaxTime = 4611686018427387904L;

        /// <summary>Limit of a message in bytes, as sent and decoded.</summary>
        public const int MessageLimit = 1048576;

        /// <summary>Rows of a side that a <c>check</c> covers.</summary>
        public const int CheckedRows = 10;

        /// <summary>Kind: a row of the ladder, by its position.</summary>
        public const byte KindDepthPosition = 0;

        /// <summary>Kind: a level, by its price; size 0 removes it.</summary>
        public const byte KindDepthPrice = 1;

        /// <summary>Kind: Level I, best price and size of a side, or the running volume.</summary>
        public const byte KindQuote = 2;

        /// <summary>Kind: a trade.</summary>
        public const byte KindTrade = 3;

        /// <summary>Kind: an order of an order-level feed. NinjaTrader has none.</summary>
        public const byte KindOrder = 4;

        /// <summary>Side of the book, the same number as NinjaTrader's <c>MarketDataType.Ask</c>.</summary>
        public const byte SideAsk = 0;

        /// <summary>Side of the book, the same number as NinjaTrader's <c>MarketDataType.Bid</c>.</summary>
        public const byte SideBid = 1;

        /// <summary>Operation on depth, the same number as NinjaTrader's <c>Operation.Add</c>.</summary>
        public const byte OpAdd = 0;

        /// <summary>Operation on depth, the same number as NinjaTrader's <c>Operation.Update</c>.</summary>
        public const byte OpUpdate = 1;

        /// <summary>Operation on depth, the same number as NinjaTrader's <c>Operation.Remove</c>.</summary>
        public const byte OpRemove = 2;

        /// <summary><c>Op</c> of a quote: best price and size of its side.</summary>
        public const byte QuoteBest = 0;

        /// <summary><c>Op</c> of a quote: the session's running volume as its size; side and price 0.</summary>
        public const byte QuoteSessionVolume = 1;

        /// <summary><c>Side</c> of a trade whose aggressor sold.</summary>
        public const byte AggressorSell = 0;

        /// <summary><c>Side</c> of a trade whose aggressor bought.</summary>
        public const byte AggressorBuy = 1;

        /// <summary><c>Side</c> of a trade whose aggressor is not known.</summary>
        public const byte AggressorUnknown = 2;

        /// <summary><c>Op</c> of a trade: the exchange names its aggressor.</summary>
        public const byte TradeExchange = 0;

        /// <summary><c>Op</c> of a trade: judged by the bid and ask of its own event.</summary>
        public const byte TradeEvent = 1;

        /// <summary><c>Op</c> of a trade: judged by the last quotes before it.</summary>
        public const byte TradeQuotes = 2;

        /// <summary><c>Op</c> of a trade: judged by the price before it.</summary>
        public const byte TradeTickRule = 3;

        /// <summary><c>Op</c> of a trade: its aggressor is not known.</summary>
        public const byte TradeNone = 4;

        /// <summary>Flag of a frame: its payload is raw deflate. This side never sends it.</summary>
        public const byte FlagDeflated = 1;

        /// <summary>Flag of a frame: the last of a snapshot, or of a back-fill.</summary>
        public const byte FlagLast = 2;

        /// <summary>Flag of a frame: trades of the present session told again.</summary>
        public const byte FlagHistorical = 4;

        /// <summary>Flag of a frame: acknowledge at once, with metrics.</summary>
        public const byte FlagReplyNow = 8;

        /// <summary>Close code: the server restarts; connect again.</summary>
        public const int CloseRestart = 1012;

        /// <summary>Close code: no common protocol version, or no hello.</summary>
        public const int CloseProtocol = 4400;

        /// <summary>Close code: token missing or wrong.</summary>
        public const int CloseUnauthorised = 4401;

        /// <summary>Close code: this side read too slowly.</summary>
        public const int CloseTooSlow = 4408;

        /// <summary>Close code: another connection of this session, or a takeover, has the stream.</summary>
        public const int CloseSuperseded = 4409;

        /// <summary>Close code: a message over the size limit.</summary>
        public const int CloseTooLarge = 4413;

        /// <summary>Close code: over a rate limit.</summary>
        public const int CloseOverLimit = 4429;

        /// <summary>Reason of <c>resync</c>: records are missing; resend, or a snapshot.</summary>
        public const string ResyncGap = "gap";

        /// <summary>Error: another session publishes this instrument and source.</summary>
        public const string ErrorInstrumentBusy = "instrument_busy";

        /// <summary>Error: the server does not know the instrument and was given no tick size.</summary>
        public const string ErrorUnknownInstrument = "unknown_instrument";

        /// <summary>Error: another tick size or size step is in force.</summary>
        public const string ErrorTickSizeConflict = "tick_size_conflict";

        /// <summary>Error: a tick size or size step that is not a positive decimal.</summary>
        public const string ErrorBadTickSize = "bad_tick_size";

        /// <summary>Error: no common protocol version.</summary>
        public const string ErrorProtocolVersion = "protocol_version";

        /// <summary>Error: a subscriber, or a superseded session, sent data.</summary>
        public const string ErrorNotPublisher = "not_publisher";

        /// <summary>Error: token missing or wrong.</summary>
        public const string ErrorUnauthorised = "unauthorised";

        /// <summary>Error: origin or host not allowed.</summary>
        public const string ErrorForbidden = "forbidden";

        /// <summary>Error: an unknown setting, or a value out of range.</summary>
        public const string ErrorSettings = "settings";

        /// <summary>Error: a field is beyond its range; without an index, a snapshot contradicts itself.</summary>
        public const string ErrorOutOfRange = "out_of_range";

        /// <summary>Error, HTTP: records are missing; continue at <c>from</c>.</summary>
        public const string ErrorGap = "gap";

        /// <summary>Error, HTTP: rows that no market can have; send a snapshot.</summary>
        public const string ErrorBookFault = "book_fault";

        /// <summary>Error, HTTP: the book is stale; send a snapshot.</summary>
        public const string ErrorResyncRequired = "resync_required";

        /// <summary>Error: connection limit reached, or the journal cannot be written.</summary>
        public const string ErrorBusy = "busy";

        /// <summary>Error: the server is not ready yet.</summary>
        public const string ErrorStarting = "starting";

        /// <summary>Whether the same <c>hello</c> would meet this error again.</summary>
        /// <param name="code">Of an <c>error</c> message or an HTTP answer.</param>
        public static bool IsHopeless(string code)
        {
            switch (code)
            {
                case ErrorInstrumentBusy:
                case ErrorUnknownInstrument:
                case ErrorTickSizeConflict:
                case ErrorBadTickSize:
                case ErrorProtocolVersion:
                case ErrorNotPublisher:
                case ErrorUnauthorised:
                case ErrorForbidden:
                case ErrorSettings:
                    return true;
                default:
                    return false;
            }
        }
    }
}
