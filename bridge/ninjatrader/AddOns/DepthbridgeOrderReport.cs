namespace Depthbridge
{
    /// <summary>What the broker says of an order.</summary>
    public struct OrderReport
    {
        /// <summary>Our number of the order.</summary>
        public long Id;

        /// <summary>What happened.</summary>
        public OrderEvent Event;

        /// <summary>Contracts executed so far.</summary>
        public int Filled;

        /// <summary>Their average price in ticks; not read while <see cref="Filled"/> is 0.</summary>
        public double Average;

        /// <summary>Total quantity now in force; 0: not said.</summary>
        public int Quantity;

        /// <summary>Price now in force in ticks; 0: not said.</summary>
        public long Price;

        /// <summary>Of a refusal: why.</summary>
        public RejectReason Reason;

        /// <summary>The broker's own words, for people.</summary>
        public string Text;
    }
}
