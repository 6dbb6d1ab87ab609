namespace Depthbridge
{
    /// <summary>How much an event matters to whoever reads the log.</summary>
    public enum LogLevel
    {
        /// <summary>Only wanted with <c>DebugMode</c>.</summary>
        Debug,

        /// <summary>Worth knowing.</summary>
        Information,

        /// <summary>Something is not as it should be, and heals.</summary>
        Warning,

        /// <summary>Somebody must act.</summary>
        Error
    }
}
