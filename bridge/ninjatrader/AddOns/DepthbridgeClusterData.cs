namespace Depthbridge
{
    /// <summary>A zone of prices with much resting or traded volume; docs/analytics.md has the definitions.</summary>
    /// <remarks>A number that the server does not know is NaN, or null where it is an integer. It does not change once it was published.</remarks>
    public sealed class ClusterData
    {
        /// <summary>Identity, from 1, within instrument, source and run.</summary>
        public long Id { get; set; }

        /// <summary><c>resting</c> or <c>traded</c>.</summary>
        public string Kind { get; set; }

        /// <summary><c>bid</c> or <c>ask</c>.</summary>
        public string Side { get; set; }

        /// <summary>Lowest price in ticks.</summary>
        public long TickLow { get; set; }

        /// <summary>Highest price in ticks.</summary>
        public long TickHigh { get; set; }

        /// <summary>Lowest price.</summary>
        public double PriceLow { get; set; }

        /// <summary>Highest price.</summary>
        public double PriceHigh { get; set; }

        /// <summary>Price of the largest row.</summary>
        public double PointOfControl { get; set; }

        /// <summary>Volume in it.</summary>
        public double Size { get; set; }

        /// <summary>Largest volume that was in it.</summary>
        public double SizePeak { get; set; }

        /// <summary>Orders in it, from order-level books only.</summary>
        public long? Orders { get; set; }

        /// <summary>Volume bought in it.</summary>
        public double Buy { get; set; }

        /// <summary>Volume sold in it.</summary>
        public double Sell { get; set; }

        /// <summary>Bought minus sold.</summary>
        public double Delta { get; set; }

        /// <summary>Volume added to it.</summary>
        public double Added { get; set; }

        /// <summary>Volume taken back from it.</summary>
        public double Cancelled { get; set; }

        /// <summary>-1 all asks to 1 all bids, of the book's rows within it.</summary>
        public double Dominance { get; set; }

        /// <summary>How many times denser than usual.</summary>
        public double Relative { get; set; }

        /// <summary>0 to 100.</summary>
        public double Score { get; set; }

        /// <summary>0 to 100 in steps of 5.</summary>
        public int? Opacity { get; set; }

        /// <summary><c>active</c>, <c>touched</c> or <c>ended</c>.</summary>
        public string State { get; set; }

        /// <summary>Why it ended, or null.</summary>
        public string EndReason { get; set; }

        /// <summary>Begin, ns UTC of event time.</summary>
        public long TimeFirst { get; set; }

        /// <summary>Last sight of it, ns UTC of event time.</summary>
        public long TimeLast { get; set; }

        /// <summary>Age in milliseconds.</summary>
        public long AgeMs { get; set; }

        /// <summary>Ticks from the touch, negative beyond it.</summary>
        public long? DistanceTicks { get; set; }

        /// <summary>Whether what it is measured against is still warming up.</summary>
        public bool Warmup { get; set; }

        /// <summary>Hash of the settings that made it.</summary>
        public string Config { get; set; }

        /// <summary>Whether it is over.</summary>
        public bool HasEnded
        {
            get { return State == "ended"; }
        }
    }
}
