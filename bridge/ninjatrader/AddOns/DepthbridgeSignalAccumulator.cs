using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Waits until so many ideas agree within a time. The same cluster and kind count once.</summary>
    public sealed class SignalAccumulator
    {
        private readonly int needed;
        private readonly long within;
        private readonly List<TradeIdea> recent = new List<TradeIdea>();

        /// <param name="needed">How many must agree; 1: the first is enough.</param>
        /// <param name="within">Nanoseconds of market time.</param>
        public SignalAccumulator(int needed, long within)
        {
            this.needed = needed;
            this.within = within;
        }

        /// <summary>Takes an idea in; true when enough agree. Then it begins to count anew.</summary>
        /// <remarks>One that disagrees makes those of the other direction void.</remarks>
        public bool Add(TradeIdea idea)
        {
            recent.RemoveAll(delegate(TradeIdea old)
            {
                return old.Direction != idea.Direction
                    || idea.Time - old.Time > within
                    || old.Time > idea.Time
                    || IsSame(old, idea);
            });
            recent.Add(idea);
            if (recent.Count < needed)
            {
                return false;
            }
            recent.Clear();
            return true;
        }

        /// <summary>Forgets all.</summary>
        public void Clear()
        {
            recent.Clear();
        }

        private static bool IsSame(TradeIdea old, TradeIdea idea)
        {
            return idea.Cluster != 0 && old.Cluster == idea.Cluster && old.Kind == idea.Kind;
        }
    }
}
