using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Ideas from clusters themselves, for as long as the server has no rule for it.</summary>
    /// <remarks>
    /// <c>bounce</c>: an active resting cluster is touched: bids hold, so buy; asks hold, so sell.
    /// <c>break</c>: one ends <c>consumed</c> or <c>through</c>: with the trades that
    /// ate it. What was pulled, or went stale, says nothing.
    /// </remarks>
    public sealed class ClusterRules
    {
        /// <summary>The kind of an idea from a touch.</summary>
        public const string Bounce = "bounce";

        /// <summary>The kind of an idea from an end.</summary>
        public const string Break = "break";

        private readonly Dictionary<long, bool> touched = new Dictionary<long, bool>();

        /// <summary>Clusters that it follows.</summary>
        public int Known
        {
            get { return touched.Count; }
        }

        /// <summary>Takes a change in.</summary>
        /// <param name="change">What happened to a cluster.</param>
        /// <param name="quiet">Part of a full set: note it, trade nothing.</param>
        /// <param name="time">Market time.</param>
        /// <param name="received">On the clock that never jumps.</param>
        /// <returns>An idea, or null.</returns>
        public TradeIdea Take(ClusterChange change, bool quiet, long time, long received)
        {
            ClusterData cluster = change.Cluster;
            bool known = touched.ContainsKey(cluster.Id);
            bool was = known && touched[cluster.Id];
            bool resting = cluster.Kind == "resting" && (cluster.Side == "bid" || cluster.Side == "ask");
            if (change.Event == ClusterEvent.End)
            {
                touched.Remove(cluster.Id);
                return !quiet && known && resting && Broke(cluster) ? Idea(cluster, Break, time, received) : null;
            }
            bool now = cluster.State == "touched";
            touched[cluster.Id] = now;
            return !quiet && known && resting && now && !was ? Idea(cluster, Bounce, time, received) : null;
        }

        /// <summary>Forgets all: another run of the server, another playback.</summary>
        public void Clear()
        {
            touched.Clear();
        }

        private static bool Broke(ClusterData cluster)
        {
            return cluster.EndReason == "consumed" || cluster.EndReason == "through";
        }

        private static TradeIdea Idea(ClusterData cluster, string kind, long time, long received)
        {
            bool bid = cluster.Side == "bid";
            bool buy = bid == (kind == Bounce);
            bool near = kind == Bounce;
            return new TradeIdea
            {
                Direction = buy ? 1 : -1,
                Kind = kind,
                Strength = (buy ? 1 : -1) * cluster.Score / 100,
                Score = cluster.Score,
                Cluster = cluster.Id,
                Price = bid == near ? cluster.TickHigh : cluster.TickLow,
                Time = time,
                Received = received
            };
        }
    }
}
