namespace Depthbridge
{
    /// <summary>The three clocks of trading, in nanoseconds; always given by the caller.</summary>
    /// <remarks>
    /// In Playback the market's time jumps and runs up to 1000 times as fast, so thresholds count
    /// in <see cref="Event"/>; whether somebody is alive is judged in <see cref="Mono"/>.
    /// </remarks>
    public struct TradingTime
    {
        /// <summary>The market's time, UTC since 1970.</summary>
        public long Event;

        /// <summary>The same moment on the clock of NinjaTrader's display zone, since 1970.</summary>
        public long Local;

        /// <summary>A clock that never jumps, from any zero.</summary>
        public long Mono;

        /// <summary>All three at once.</summary>
        public TradingTime(long marketTime, long local, long mono)
        {
            Event = marketTime;
            Local = local;
            Mono = mono;
        }
    }
}
