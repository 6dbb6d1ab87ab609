using System;

namespace Depthbridge
{
    /// <summary>The hours of trading, as seconds of the day on NinjaTrader's clock. May cross midnight.</summary>
    public sealed class SessionWindow
    {
        private const int DaySeconds = 86400;
        private const long Second = 1000000000L;
        private readonly int begin;
        private readonly int length;
        private readonly int entries;

        /// <param name="begin">First second; equal to <paramref name="end"/>: the whole day.</param>
        /// <param name="end">The second from which on nothing may be open.</param>
        /// <param name="lastEntry">The second from which on nothing is entered, within the window.</param>
        /// <exception cref="ArgumentException">A value is no second of a day, or outside the window.</exception>
        public SessionWindow(int begin, int end, int lastEntry)
        {
            if (begin < 0 || begin >= DaySeconds || end < 0 || end >= DaySeconds || lastEntry < 0 || lastEntry >= DaySeconds)
            {
                throw new ArgumentException("session times: seconds of a day");
            }
            this.begin = begin;
            length = begin == end ? DaySeconds : After(end);
            entries = lastEntry == end ? length : After(lastEntry);
            if (entries > length)
            {
                throw new ArgumentException("last entry: within the session");
            }
        }

        /// <summary>What is permitted.</summary>
        /// <param name="local">Time in nanoseconds on NinjaTrader's clock.</param>
        public SessionState At(long local)
        {
            long second = FloorDivide(local, Second) % DaySeconds;
            int since = After((int)((second + DaySeconds) % DaySeconds));
            if (since >= length)
            {
                return SessionState.Flat;
            }
            return since < entries ? SessionState.Open : SessionState.NoEntries;
        }

        /// <summary>A number for the trading day: it changes when a session begins.</summary>
        public long Day(long local)
        {
            return FloorDivide(FloorDivide(local, Second) - begin, DaySeconds);
        }

        private int After(int second)
        {
            return (second - begin + DaySeconds) % DaySeconds;
        }

        private static long FloorDivide(long value, long by)
        {
            long quotient = value / by;
            return value % by < 0 ? quotient - 1 : quotient;
        }
    }
}
