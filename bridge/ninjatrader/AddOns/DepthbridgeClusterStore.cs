using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The clusters of one instrument and source that live now.</summary>
    /// <remarks>
    /// One thread at a time writes (a lock sees to it); any thread reads <see cref="Active"/> at any time and
    /// gets an array that never changes.
    /// </remarks>
    public sealed class ClusterStore
    {
        private static readonly ClusterData[] None = new ClusterData[0];

        private readonly object _writing = new object();
        private readonly SortedDictionary<long, ClusterData> _byId = new SortedDictionary<long, ClusterData>();
        private volatile ClusterData[] _active = None;

        /// <summary>The living clusters by rising identity; the array is never changed.</summary>
        public ClusterData[] Active
        {
            get { return _active; }
        }

        /// <summary>Take a message in.</summary>
        /// <remarks>
        /// A <c>snapshot</c> replaces the set. Of a single event the cluster itself says what it is: an ended one
        /// goes, one that is not known comes, whatever word was lost on the way.
        /// </remarks>
        /// <returns>What happened, in order; an end of what is not known is nothing.</returns>
        public ClusterChange[] Apply(ClustersData message)
        {
            return message.Event == "snapshot" ? Replace(message.Clusters) : Write(message.Clusters, false);
        }

        /// <summary>Take a full set in: a snapshot, or the answer to a post, which tells what ended with it too.</summary>
        /// <param name="clusters">Those that live, and any that ended.</param>
        /// <returns>What happened: ends first, then the others in order. A known one that differs in nothing is not told.</returns>
        public ClusterChange[] Replace(ClusterData[] clusters)
        {
            return Write(clusters, true);
        }

        /// <summary>Forget all.</summary>
        /// <returns>Their ends.</returns>
        public ClusterChange[] Clear()
        {
            return Write(None, true);
        }

        private ClusterChange[] Write(ClusterData[] clusters, bool whole)
        {
            lock (_writing)
            {
                var changes = new List<ClusterChange>();
                if (whole)
                {
                    EndAbsent(clusters, changes);
                }
                foreach (var cluster in clusters)
                {
                    Put(cluster, whole, changes);
                }
                var active = new ClusterData[_byId.Count];
                _byId.Values.CopyTo(active, 0);
                _active = active;
                return changes.ToArray();
            }
        }

        private void EndAbsent(ClusterData[] clusters, List<ClusterChange> changes)
        {
            var living = new HashSet<long>();
            foreach (var cluster in clusters)
            {
                if (cluster.HasEnded)
                {
                    Put(cluster, true, changes);
                }
                else
                {
                    living.Add(cluster.Id);
                }
            }
            foreach (var known in _active)
            {
                if (!living.Contains(known.Id) && _byId.Remove(known.Id))
                {
                    changes.Add(new ClusterChange(ClusterEvent.End, known, true));
                }
            }
        }

        private void Put(ClusterData cluster, bool whole, List<ClusterChange> changes)
        {
            if (cluster.HasEnded)
            {
                if (_byId.Remove(cluster.Id))
                {
                    changes.Add(new ClusterChange(ClusterEvent.End, cluster, whole));
                }
                return;
            }
            ClusterData known;
            if (!_byId.TryGetValue(cluster.Id, out known))
            {
                changes.Add(new ClusterChange(ClusterEvent.New, cluster, whole));
            }
            else if (!whole || Differs(known, cluster))
            {
                changes.Add(new ClusterChange(ClusterEvent.Update, cluster, whole));
            }
            _byId[cluster.Id] = cluster;
        }

        // Age and distance change with every look; what is drawn or decided upon is in these.
        private static bool Differs(ClusterData a, ClusterData b)
        {
            return a.State != b.State || a.TickLow != b.TickLow || a.TickHigh != b.TickHigh || a.Side != b.Side
                || !a.Size.Equals(b.Size) || a.Opacity != b.Opacity;
        }
    }
}
