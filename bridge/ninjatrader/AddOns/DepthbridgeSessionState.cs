namespace Depthbridge
{
    /// <summary>What the time of day permits.</summary>
    public enum SessionState
    {
        /// <summary>Entries.</summary>
        Open,

        /// <summary>No entries; what is open may run on.</summary>
        NoEntries,

        /// <summary>Nothing may be open.</summary>
        Flat
    }
}
