namespace Depthbridge
{
    /// <summary>What became of one day.</summary>
    public enum DumpOutcome
    {
        /// <summary>Written, with its sidecar.</summary>
        Written,

        /// <summary>It was there already.</summary>
        Present,

        /// <summary>NinjaTrader has no depth of that day.</summary>
        Empty,

        /// <summary>It went wrong.</summary>
        Failed
    }
}
