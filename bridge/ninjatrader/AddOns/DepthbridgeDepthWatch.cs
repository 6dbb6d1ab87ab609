namespace Depthbridge
{
    /// <summary>Notices a feed without Level II: trades and quotes come for 30 s and no depth does.</summary>
    /// <remarks>
    /// It is shown counts from time to time, so that the events themselves need no clock. Judged on wall time:
    /// a playback at 1000 times the speed passes 30 s of market time before its first row of depth.
    /// </remarks>
    public sealed class DepthWatch
    {
        /// <summary>How long Level I must have come alone, ns.</summary>
        public const long Patience = 30000000000L;

        private long _depthSeen;
        private long _levelOneSeen;
        private long _aloneSince = -1;

        /// <summary>Whether the feed has no Level II.</summary>
        public bool LevelOneOnly { get; private set; }

        /// <summary>Look at the counts.</summary>
        /// <param name="depth">Depth events so far.</param>
        /// <param name="levelOne">Level I events so far.</param>
        /// <param name="now">Monotonic clock, ns.</param>
        /// <returns>Whether <see cref="LevelOneOnly"/> has changed.</returns>
        public bool Sample(long depth, long levelOne, long now)
        {
            var before = LevelOneOnly;
            var moved = levelOne != _levelOneSeen;
            _levelOneSeen = levelOne;
            if (depth != _depthSeen)
            {
                _depthSeen = depth;
                _aloneSince = -1;
                LevelOneOnly = false;
            }
            else if (moved)
            {
                _aloneSince = _aloneSince < 0 ? now : _aloneSince;
                LevelOneOnly = LevelOneOnly || now - _aloneSince >= Patience;
            }
            return LevelOneOnly != before;
        }
    }
}
