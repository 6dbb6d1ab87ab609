namespace Depthbridge
{
    /// <summary>What the server has; cumulative.</summary>
    public sealed class AckData
    {
        /// <summary>Index of the stream.</summary>
        public int Stream { get; set; }

        /// <summary>Last record written to the journal.</summary>
        public long Seq { get; set; }

        /// <summary>Last record on disk; null where nothing is journaled.</summary>
        public long? DurableSeq { get; set; }
    }
}
