namespace Depthbridge
{
    /// <summary>What became of an idea.</summary>
    public enum IdeaVerdict
    {
        /// <summary>An entry was sent.</summary>
        Entered,

        /// <summary>It was too old, or no longer valid.</summary>
        Stale,

        /// <summary>Kind, strength, confidence or score did not suffice.</summary>
        Filtered,

        /// <summary>It goes against the slower timeframe.</summary>
        Trend,

        /// <summary>More must agree first.</summary>
        Waiting,

        /// <summary>It speaks against the open position, which is being closed.</summary>
        Closed,

        /// <summary>Something stands in the way of entries: see <see cref="EntryGate"/>.</summary>
        Gated,

        /// <summary>Too close to the last entry.</summary>
        Spacing,

        /// <summary>The risk of one contract is too large, or the cap is reached.</summary>
        Size,

        /// <summary>The order manager could not send it now: rate, or other orders in the way.</summary>
        Busy
    }
}
