namespace Depthbridge
{
    /// <summary>How many messages may still go to the broker this second: a sliding window.</summary>
    public sealed class RateBudget
    {
        private const long Window = 1000000000L;
        private readonly long[] sent;
        private int next;
        private long above;

        /// <param name="perSecond">Most messages in any second.</param>
        public RateBudget(int perSecond)
        {
            sent = new long[perSecond];
            for (int index = 0; index < perSecond; index++)
            {
                sent[index] = long.MinValue / 2;
            }
        }

        /// <summary>Messages that had to go although the window was full.</summary>
        public long Above
        {
            get { return above; }
        }

        /// <summary>Whether so many more messages fit into the second before <paramref name="mono"/>.</summary>
        public bool Fits(int messages, long mono)
        {
            if (messages > sent.Length)
            {
                return false;
            }
            int oldest = (next + messages - 1) % sent.Length;
            return mono - sent[oldest] >= Window;
        }

        /// <summary>Notes that one was sent.</summary>
        public void Spend(long mono)
        {
            if (mono - sent[next] < Window)
            {
                above++;
            }
            sent[next] = mono;
            next = (next + 1) % sent.Length;
        }
    }
}
