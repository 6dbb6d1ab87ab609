namespace Depthbridge
{
    /// <summary>What a trader may think of an instrument's data, in one word.</summary>
    public enum BridgeState
    {
        /// <summary>No server answers, or it refuses this publisher.</summary>
        NoServer,

        /// <summary>Connected, but the book, or what the server makes of it, is not to be trusted now.</summary>
        Stale,

        /// <summary>The feed has trades and quotes but no depth.</summary>
        NoLevelTwo,

        /// <summary>The market is closed.</summary>
        Closed,

        /// <summary>Depth goes out, measures come back.</summary>
        Live
    }
}
