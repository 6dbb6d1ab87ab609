namespace Depthbridge
{
    /// <summary>Whether the server's word can be traded on: it was LIVE within a time.</summary>
    public sealed class LivenessGate
    {
        private readonly long patience;
        private bool live;
        private bool everLive;
        private long lostAt;

        /// <param name="patience">Nanoseconds without LIVE after which entries stop.</param>
        public LivenessGate(long patience)
        {
            this.patience = patience;
        }

        /// <summary>LIVE came or went.</summary>
        public void Set(bool isLive, long mono)
        {
            if (live && !isLive)
            {
                lostAt = mono;
            }
            live = isLive;
            everLive |= isLive;
        }

        /// <summary>Whether entries are possible.</summary>
        public bool Allows(long mono)
        {
            return live || (everLive && mono - lostAt < patience);
        }
    }
}
