namespace Depthbridge
{
    /// <summary>What waits for a script's own thread: a signal, or a change of a cluster.</summary>
    public sealed class Mail
    {
        /// <summary>A signal.</summary>
        public Mail(SignalData signal, long received)
        {
            Signal = signal;
            Received = received;
        }

        /// <summary>A change of a cluster.</summary>
        public Mail(ClusterChange change, long received)
        {
            Change = change;
            Received = received;
        }

        /// <summary>The signal, or null.</summary>
        public SignalData Signal { get; private set; }

        /// <summary>The change, or null.</summary>
        public ClusterChange Change { get; private set; }

        /// <summary>When it came in, on the bridge's monotonic clock, ns.</summary>
        public long Received { get; private set; }
    }
}
