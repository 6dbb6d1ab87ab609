namespace Depthbridge
{
    /// <summary>Hears what the server says of the streams of a connection.</summary>
    /// <remarks>
    /// Called on the bridge's receiving thread, never while a stream's lock is held. A listener that blocks
    /// delays the others; one that throws is logged.
    /// </remarks>
    public interface IBridgeListener
    {
        /// <summary>The active set of an instrument has changed.</summary>
        /// <param name="symbol">The instrument.</param>
        /// <param name="clusters">The set after the change.</param>
        /// <param name="changes">What changed, in order.</param>
        void OnClusters(string symbol, ClusterStore clusters, ClusterChange[] changes);

        /// <summary>A rule has fired.</summary>
        void OnSignal(string symbol, SignalData signal);

        /// <summary>The measures of an instrument after a frame.</summary>
        void OnMetrics(string symbol, MetricsData metrics);

        /// <summary>The state of an instrument's stream has changed.</summary>
        void OnStatus(string symbol, BridgeStatus status);
    }
}
