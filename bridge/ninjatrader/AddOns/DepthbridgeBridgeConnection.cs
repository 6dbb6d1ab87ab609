using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The streams of one source and one set of settings, over one connection that is kept up.</summary>
    /// <remarks>Every call may come from any thread; none blocks but <see cref="Stop"/>.</remarks>
    public sealed class BridgeConnection
    {
        /// <summary>Prepare; nothing is connected yet.</summary>
        public BridgeConnection(BridgeOptions options, IBridgeLog log)
        {
            Options = options;
            Log = log;
        }

        /// <summary>As it was made.</summary>
        public BridgeOptions Options { get; private set; }

        /// <summary>Where events go.</summary>
        public IBridgeLog Log { get; private set; }

        /// <summary>Publish one more stream; an open connection is begun anew with it.</summary>
        public void Add(PublishedStream stream)
        {
        }

        /// <summary>Publish a stream no more.</summary>
        public void Remove(PublishedStream stream)
        {
        }

        /// <summary>Let a listener hear everything from now on.</summary>
        public void AddListener(IBridgeListener listener)
        {
        }

        /// <summary>Let a listener hear nothing more.</summary>
        public void RemoveListener(IBridgeListener listener)
        {
        }

        /// <summary>Connect, and keep connected until <see cref="Stop"/>.</summary>
        public void Start()
        {
        }

        /// <summary>Send what waits, say <c>bye</c>, close; returns when that is done or the time is over.</summary>
        public void Stop(int milliseconds)
        {
        }

        /// <summary>Send a message of <see cref="ClientMessages"/> about an order, a fill or a position.</summary>
        public void Report(string text)
        {
        }

        /// <summary>Whether the feed of a stream has depth; false leads to NO LEVEL II.</summary>
        public void SetLevelTwo(string symbol, bool has)
        {
        }

        /// <summary>State of a stream; of an unknown one that of the connection.</summary>
        public BridgeStatus Status(string symbol)
        {
            return new BridgeStatus(BridgeState.NoServer, "", 0, "", long.MinValue, -1);
        }

        /// <summary>The clusters of a stream that live now, or null for an unknown one.</summary>
        public ClusterStore Clusters(string symbol)
        {
            return null;
        }
    }
}
