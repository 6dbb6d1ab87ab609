namespace Depthbridge
{
    /// <summary>The server needs records again, or a snapshot.</summary>
    public sealed class ResyncData
    {
        /// <summary>Index of the stream.</summary>
        public int Stream { get; set; }

        /// <summary>Next number expected.</summary>
        public long From { get; set; }

        /// <summary><see cref="Wire.ResyncGap"/>: from there, or a snapshot; anything else: a snapshot.</summary>
        public string Reason { get; set; }
    }
}
