namespace Depthbridge
{
    /// <summary>What a person is told of trading.</summary>
    public enum TradeNote
    {
        /// <summary>Everything is being closed, and why.</summary>
        Closing,

        /// <summary>All closed.</summary>
        Closed,

        /// <summary>A broker refused an order.</summary>
        Rejected,

        /// <summary>Something executed that should not: more than ordered, or both sides of a pair.</summary>
        Overfill,

        /// <summary>No more entries until somebody looks.</summary>
        Halted,

        /// <summary>It does not start.</summary>
        Refused,

        /// <summary>A report speaks of an order that is not ours.</summary>
        UnknownOrder
    }
}
