namespace Depthbridge.Runner
{
    /// <summary>Time that goes so many times as fast: what a connection waits for comes so much sooner.</summary>
    public sealed class PacedClock : IPumpClock
    {
        private readonly int _pace;

        public PacedClock(int pace)
        {
            _pace = pace;
        }

        public long MonotonicNs
        {
            get { return BridgeClock.MonotonicNs * _pace; }
        }

        public long WallNs
        {
            get { return BridgeClock.WallNs; }
        }

        public void Sleep(SenderSignal signal, int milliseconds)
        {
            signal.Sleep(milliseconds / _pace + 1);
        }
    }
}
