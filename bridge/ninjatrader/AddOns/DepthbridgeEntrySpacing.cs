using System;

namespace Depthbridge
{
    /// <summary>Keeps entries of one direction apart, in market time and in price.</summary>
    public sealed class EntrySpacing
    {
        private readonly long time;
        private readonly long ticks;
        private readonly bool[] seen = new bool[2];
        private readonly long[] times = new long[2];
        private readonly long[] prices = new long[2];

        /// <param name="time">Least nanoseconds of market time between two.</param>
        /// <param name="ticks">Least distance, only looked at while the time is not over twice.</param>
        public EntrySpacing(long time, long ticks)
        {
            this.time = time;
            this.ticks = ticks;
        }

        /// <summary>Whether another one may follow.</summary>
        public bool Allows(int direction, long price, long now)
        {
            int index = direction > 0 ? 1 : 0;
            if (!seen[index] || now < times[index])
            {
                return true;
            }
            long gone = now - times[index];
            bool near = Math.Abs(price - prices[index]) < ticks;
            return gone >= time && (!near || gone >= 2 * time);
        }

        /// <summary>Notes an entry.</summary>
        public void Note(int direction, long price, long now)
        {
            int index = direction > 0 ? 1 : 0;
            seen[index] = true;
            times[index] = now;
            prices[index] = price;
        }
    }
}
