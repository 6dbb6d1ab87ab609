using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The clusters that have ended and are still worth showing: the latest, up to a number.</summary>
    /// <remarks>Any thread may read <see cref="Ended"/>; one adds.</remarks>
    public sealed class ClusterHistory
    {
        private readonly int _room;
        private readonly Queue<ClusterData> _queue = new Queue<ClusterData>();
        private volatile ClusterData[] _ended = new ClusterData[0];

        /// <summary>Empty.</summary>
        /// <param name="room">Most that are kept.</param>
        public ClusterHistory(int room)
        {
            _room = room;
        }

        /// <summary>Those kept, oldest first; the array never changes.</summary>
        public ClusterData[] Ended
        {
            get { return _ended; }
        }

        /// <summary>Keep those that have ended.</summary>
        public void Add(IEnumerable<ClusterChange> changes)
        {
            var before = _queue.Count;
            var changed = false;
            foreach (var change in changes)
            {
                // An end without the server's word has no time of its own: it is not shown.
                if (change.Event == ClusterEvent.End && change.Cluster.HasEnded)
                {
                    _queue.Enqueue(change.Cluster);
                    changed = true;
                }
            }
            while (_queue.Count > _room)
            {
                _queue.Dequeue();
            }
            if (changed || before != _queue.Count)
            {
                _ended = _queue.ToArray();
            }
        }

        /// <summary>Forget all: the market's time was set back.</summary>
        public void Clear()
        {
            _queue.Clear();
            _ended = new ClusterData[0];
        }
    }
}
