using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Which ideas are worth a trade. A least value of 0 lets everything through.</summary>
    public sealed class EntryFilter
    {
        private readonly HashSet<string> kinds = new HashSet<string>(StringComparer.OrdinalIgnoreCase);

        /// <summary>Least size of the strength, 0 to 1.</summary>
        public double LeastStrength;

        /// <summary>Least confidence, 0 to 1; an unknown one fails as soon as this is above 0.</summary>
        public double LeastConfidence;

        /// <summary>Least score of the cluster, 0 to 100; an idea without a cluster fails above 0.</summary>
        public double LeastScore;

        /// <summary>Kinds that are traded, by commas; empty: all.</summary>
        public void SetKinds(string list)
        {
            kinds.Clear();
            foreach (string word in (list ?? "").Split(','))
            {
                if (word.Trim().Length > 0)
                {
                    kinds.Add(word.Trim());
                }
            }
        }

        /// <summary>Whether the idea passes.</summary>
        public bool Passes(TradeIdea idea)
        {
            bool kind = kinds.Count == 0 || kinds.Contains(idea.Kind);
            return kind
                && Reaches(Math.Abs(idea.Strength), LeastStrength)
                && Reaches(idea.Confidence, LeastConfidence)
                && Reaches(idea.Score, LeastScore);
        }

        private static bool Reaches(double value, double least)
        {
            return least <= 0 || value >= least;
        }
    }
}
