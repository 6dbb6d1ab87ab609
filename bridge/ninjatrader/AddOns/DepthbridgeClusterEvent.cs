namespace Depthbridge
{
    /// <summary>What happened to a cluster.</summary>
    public enum ClusterEvent
    {
        /// <summary>It is the first that this side hears of it.</summary>
        New,

        /// <summary>It has changed.</summary>
        Update,

        /// <summary>It is over, or the server does not know it any more.</summary>
        End
    }
}
