namespace Depthbridge
{
    /// <summary>What the day's profit permits.</summary>
    public enum DailyState
    {
        /// <summary>Trading.</summary>
        Open,

        /// <summary>The goal was reached; nothing more today.</summary>
        Goal,

        /// <summary>The loss limit was reached; nothing more today.</summary>
        Loss
    }
}
