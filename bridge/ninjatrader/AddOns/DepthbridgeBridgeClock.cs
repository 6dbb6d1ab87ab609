using System;
using System.Diagnostics;

namespace Depthbridge
{
    /// <summary>The bridge's clocks. Cores get times as parameters; only the hub, the scripts and <see cref="PumpClock"/> read these.</summary>
    public static class BridgeClock
    {
        private static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        /// <summary>Nanoseconds of any origin that never go back.</summary>
        public static long MonotonicNs
        {
            get { return (long)(Stopwatch.GetTimestamp() * NsPerTick); }
        }

        /// <summary>Nanoseconds since the Unix epoch, UTC.</summary>
        public static long WallNs
        {
            get { return (DateTime.UtcNow - Epoch).Ticks * 100; }
        }
    }
}
