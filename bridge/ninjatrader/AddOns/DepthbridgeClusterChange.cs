namespace Depthbridge
{
    /// <summary>What happened to one cluster.</summary>
    public sealed class ClusterChange
    {
        /// <summary>Tell a change.</summary>
        /// <param name="what">Happened.</param>
        /// <param name="cluster">After it.</param>
        /// <param name="fromSet">See <see cref="FromSet"/>.</param>
        public ClusterChange(ClusterEvent what, ClusterData cluster, bool fromSet)
        {
            Event = what;
            Cluster = cluster;
            FromSet = fromSet;
        }

        /// <summary>What happened.</summary>
        public ClusterEvent Event { get; private set; }

        /// <summary>The cluster after it; of an end without the server's word the last that was known.</summary>
        public ClusterData Cluster { get; private set; }

        /// <summary>Whether it was found by comparing full sets: it may have happened long before.</summary>
        public bool FromSet { get; private set; }
    }
}
