namespace Depthbridge
{
    /// <summary>What has happened on the publishing side of a stream.</summary>
    public struct StreamCounters
    {
        /// <summary>Depth events numbered.</summary>
        public long Depth;

        /// <summary>Quotes and running volumes numbered.</summary>
        public long Quotes;

        /// <summary>Trades numbered, back-fills apart.</summary>
        public long Trades;

        /// <summary>Bars numbered.</summary>
        public long Bars;

        /// <summary>Trades of back-fills numbered.</summary>
        public long Historical;

        /// <summary>Events that a record cannot hold; not numbered.</summary>
        public long Refused;

        /// <summary>Depth events passed over while the book was in doubt; the seed holds them.</summary>
        public long Unseeded;

        /// <summary>How often the book was begun anew.</summary>
        public long Resets;

        /// <summary>Of these, how often by an event that no sound book can have had.</summary>
        public long Faults;

        /// <summary>Of these, how often because time went back.</summary>
        public long Rewinds;

        /// <summary>Seeds taken.</summary>
        public long Seeds;

        /// <summary>Seeds that cannot be a book.</summary>
        public long SeedsRefused;

        /// <summary>Removes of a row beyond the visible ones that was not there.</summary>
        public long RemovedPastEnd;

        /// <summary>Back-fills that were given up because something was lost while they were told.</summary>
        public long BackfillsVoid;

        /// <summary>Numbers forgotten before the server had them.</summary>
        public long Overrun;
    }
}
