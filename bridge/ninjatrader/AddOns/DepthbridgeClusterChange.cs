namespace Depthbridge
{
    /// <summary>What happened to one cluster.</summary>
    public sealed class ClusterChange
    {
        /// <summary>Tell a change.</summary>
        public ClusterChange(ClusterEvent what, ClusterData cluster)
        {
            Event = what;
            Cluster = cluster;
        }

        /// <summary>What happened.</summary>
        public ClusterEvent Event { get; private set; }

        /// <summary>The cluster after it; of an end without the server's word the last that was known.</summary>
        public ClusterData Cluster { get; private set; }
    }
}
