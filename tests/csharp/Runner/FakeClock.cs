using System;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>A clock that moves when the script says so; it knows when the sender sleeps.</summary>
    public sealed class FakeClock : IPumpClock
    {
        private const int PatienceMs = 10000;
        private readonly object _gate = new object();
        private long _now = 1000000000L;
        private SenderSignal _sleeper;
        private long _sleeps;
        private int _asked;

        public long MonotonicNs
        {
            get { return Volatile.Read(ref _now); }
        }

        public long WallNs
        {
            get { return Market.Start + MonotonicNs; }
        }

        /// <summary>How long the sender wanted to sleep the last time, ms.</summary>
        public int Asked
        {
            get { lock (_gate) { return _asked; } }
        }

        public void Sleep(SenderSignal signal, int milliseconds)
        {
            lock (_gate)
            {
                _sleeper = signal;
                _asked = milliseconds;
                _sleeps++;
                Monitor.PulseAll(_gate);
            }
            signal.Sleep(Timeout.Infinite);
        }

        public void Advance(long milliseconds)
        {
            Interlocked.Add(ref _now, milliseconds * 1000000L);
        }

        /// <summary>Wake the sender, and wait until it has nothing more to do and sleeps again.</summary>
        public void Settle()
        {
            lock (_gate)
            {
                Await(0);
                var before = _sleeps;
                _sleeper.Set();
                Await(before);
            }
        }

        /// <summary>Wait until it sleeps for the first time.</summary>
        public void AwaitSleep()
        {
            lock (_gate)
            {
                Await(0);
            }
        }

        private void Await(long before)
        {
            while (_sleeps <= before)
            {
                if (!Monitor.Wait(_gate, PatienceMs))
                {
                    throw new InvalidOperationException("the sender does not sleep");
                }
            }
        }
    }
}
