namespace Depthbridge
{
    /// <summary>A trade as tick history and live feed both tell it.</summary>
    public struct TradeTick
    {
        /// <summary>ns UTC.</summary>
        public long Time;

        /// <summary>Ticks.</summary>
        public long Price;

        /// <summary>Size steps.</summary>
        public long Size;

        /// <summary>Its own bid, ticks, or <see cref="AggressorRule.None"/>.</summary>
        public long Bid;

        /// <summary>Its own ask, ticks, or <see cref="AggressorRule.None"/>.</summary>
        public long Ask;
    }
}
