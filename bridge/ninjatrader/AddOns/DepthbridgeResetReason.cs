namespace Depthbridge
{
    /// <summary>Why a book is begun anew.</summary>
    public enum ResetReason
    {
        /// <summary>The feed said so (<c>IsReset</c>): it tells all rows again.</summary>
        FeedReset,

        /// <summary>The price connection was lost, or the machine slept: rows may have been missed.</summary>
        FeedLost,

        /// <summary>Time went back by more than 5 s: the playback's slider was moved.</summary>
        Rewind,

        /// <summary>An event that no sound book can have had; only a seed ends this.</summary>
        Fault
    }
}
