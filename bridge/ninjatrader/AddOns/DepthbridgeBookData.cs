namespace Depthbridge
{
    /// <summary>The best rows of the server's book.</summary>
    public sealed class BookData
    {
        /// <summary>Symbol.</summary>
        public string Instrument { get; set; }

        /// <summary>Source of the stream.</summary>
        public string Source { get; set; }

        /// <summary>Last record in it.</summary>
        public long Seq { get; set; }

        /// <summary>The event clock, ns UTC.</summary>
        public long Time { get; set; }

        /// <summary>State of the book, a word as in <see cref="MetricsData.Phase"/>.</summary>
        public string Phase { get; set; }

        /// <summary><c>L3</c> where the server's book is made of orders, else <c>L2</c>.</summary>
        public string Book { get; set; }

        /// <summary>Prices of the bids, best first.</summary>
        public double[] BidPrices { get; set; }

        /// <summary>Volumes of the bids, best first.</summary>
        public double[] BidVolumes { get; set; }

        /// <summary>Prices of the asks, best first.</summary>
        public double[] AskPrices { get; set; }

        /// <summary>Volumes of the asks, best first.</summary>
        public double[] AskVolumes { get; set; }
    }
}
