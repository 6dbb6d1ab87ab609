namespace Depthbridge
{
    /// <summary>What the hub needs of a connection; see <see cref="BridgeConnection"/>.</summary>
    public interface IHubConnection
    {
        /// <summary>Publish one more stream.</summary>
        void Add(PublishedStream stream);

        /// <summary>Publish a stream no more.</summary>
        void Remove(PublishedStream stream);

        /// <summary>Let a listener hear everything from now on.</summary>
        void AddListener(IBridgeListener listener);

        /// <summary>Connect, and keep connected.</summary>
        void Start();

        /// <summary>Send what waits, say <c>bye</c>, close; blocks no longer than this.</summary>
        void Stop(int milliseconds);

        /// <summary>Send a message about an order, a fill or a position.</summary>
        void Report(string text);

        /// <summary>Whether the feed of a stream has depth.</summary>
        void SetLevelTwo(string symbol, bool has);

        /// <summary>State of a stream.</summary>
        BridgeStatus Status(string symbol);

        /// <summary>The living clusters of a stream, or null for an unknown one.</summary>
        ClusterStore Clusters(string symbol);
    }
}
