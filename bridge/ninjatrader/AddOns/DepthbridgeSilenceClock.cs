using System;

namespace Depthbridge
{
    /// <summary>Says how far event time has gone while no event came, and whether a playback stands still.</summary>
    /// <remarks>
    /// The PC's clock may differ from the exchange's, and a playback has its own speed. So event time goes on from
    /// the newest event by what the feed's own clock has moved since, one sample late: whatever is on its way
    /// when a sample is taken belongs to a time that is not told yet.
    /// </remarks>
    public sealed class SilenceClock
    {
        /// <summary>Samples without movement of the feed's clock after which a playback counts as paused.</summary>
        public const int StillSamples = 2;

        private long _events = -1;
        private long _newest;
        private long _atNewest;
        private long _before;
        private int _still;

        /// <summary>Whether the feed's clock stands still.</summary>
        public bool Paused { get; private set; }

        /// <summary>Take a sample.</summary>
        /// <param name="count">Events so far.</param>
        /// <param name="newestEvent">Time of the newest event, ns UTC; 0 before the first.</param>
        /// <param name="clock">The feed's clock, ns: the monotonic one of a live feed, the playback's own.</param>
        /// <returns>Event time before which nothing will come, ns UTC; 0: nothing to tell.</returns>
        public long Sample(long count, long newestEvent, long clock)
        {
            _still = clock == _before && count == _events ? Math.Min(_still + 1, StillSamples) : 0;
            Paused = _still >= StillSamples;
            var told = 0L;
            if (count != _events || clock < _before)
            {
                _events = count;
                _newest = newestEvent;
                _atNewest = clock;
            }
            else if (_newest > 0 && _before > _atNewest)
            {
                told = _newest + (_before - _atNewest);
            }
            _before = clock;
            return told;
        }
    }
}
