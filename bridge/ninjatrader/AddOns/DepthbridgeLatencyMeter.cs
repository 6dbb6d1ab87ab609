using System;

namespace Depthbridge
{
    /// <summary>The last few delays: their median and their largest, in nanoseconds.</summary>
    public sealed class LatencyMeter
    {
        private const int Kept = 64;
        private readonly long[] kept = new long[Kept];
        private int next;
        private int count;

        /// <summary>Delays seen in all.</summary>
        public long Seen { get; private set; }

        /// <summary>Median of the last 64; -1 before the first.</summary>
        public long Median
        {
            get
            {
                if (count == 0)
                {
                    return -1;
                }
                long[] sorted = new long[count];
                Array.Copy(kept, sorted, count);
                Array.Sort(sorted);
                return sorted[(count - 1) / 2];
            }
        }

        /// <summary>Largest of the last 64; -1 before the first.</summary>
        public long Largest
        {
            get
            {
                long largest = -1;
                for (int index = 0; index < count; index++)
                {
                    largest = Math.Max(largest, kept[index]);
                }
                return largest;
            }
        }

        /// <summary>Takes one in; a negative one (a clock was set) is left out.</summary>
        public void Add(long nanoseconds)
        {
            if (nanoseconds < 0)
            {
                return;
            }
            kept[next] = nanoseconds;
            next = (next + 1) % Kept;
            count = Math.Min(count + 1, Kept);
            Seen++;
        }
    }
}
