namespace Depthbridge
{
    /// <summary>Clusters that came, changed or went.</summary>
    public sealed class ClustersData
    {
        /// <summary><c>snapshot</c> (the full set), <c>new</c>, <c>update</c> or <c>end</c>.</summary>
        public string Event { get; set; }

        /// <summary>Symbol.</summary>
        public string Instrument { get; set; }

        /// <summary>Source of the stream.</summary>
        public string Source { get; set; }

        /// <summary>Last record in them.</summary>
        public long Seq { get; set; }

        /// <summary>The event clock, ns UTC.</summary>
        public long Time { get; set; }

        /// <summary><c>L3</c> where the server's book is made of orders, else <c>L2</c>.</summary>
        public string Book { get; set; }

        /// <summary>The clusters.</summary>
        public ClusterData[] Clusters { get; set; }
    }
}
