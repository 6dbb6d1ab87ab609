namespace Depthbridge
{
    /// <summary>An entry as the trader wants it.</summary>
    public struct EntryOrder
    {
        /// <summary>1 buys, -1 sells.</summary>
        public int Direction;

        /// <summary>Limit, stop-market or market.</summary>
        public OrderKind Kind;

        /// <summary>In ticks; 0 of a market order.</summary>
        public long Price;

        /// <summary>Contracts.</summary>
        public int Quantity;

        /// <summary>Market time at which what is left of it is cancelled; 0: never.</summary>
        public long Until;
    }
}
