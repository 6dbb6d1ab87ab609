namespace Depthbridge
{
    /// <summary>The real time, and real sleep.</summary>
    public sealed class PumpClock : IPumpClock
    {
        /// <inheritdoc/>
        public long MonotonicNs
        {
            get { return BridgeClock.MonotonicNs; }
        }

        /// <inheritdoc/>
        public long WallNs
        {
            get { return BridgeClock.WallNs; }
        }

        /// <inheritdoc/>
        public void Sleep(SenderSignal signal, int milliseconds)
        {
            signal.Sleep(milliseconds);
        }
    }
}
