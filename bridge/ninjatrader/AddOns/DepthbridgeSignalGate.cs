namespace Depthbridge
{
    /// <summary>Lets a signal through while it is worth something.</summary>
    /// <remarks>
    /// Expiry is of the market's time, so that it means the same at any speed of a playback. Lateness is of the
    /// bridge's own monotonic clock: how long a signal lay here before its script took it. Not thread-safe.
    /// </remarks>
    public sealed class SignalGate
    {
        private readonly long _mostNs;

        /// <summary>A gate.</summary>
        /// <param name="mostNs">How long a signal may have waited here, ns.</param>
        public SignalGate(long mostNs)
        {
            _mostNs = mostNs;
        }

        /// <summary>Signals that were let through.</summary>
        public long Passed { get; private set; }

        /// <summary>Signals whose time had run out.</summary>
        public long Expired { get; private set; }

        /// <summary>Signals that had waited for too long.</summary>
        public long Late { get; private set; }

        /// <summary>Signals that came while the book was not to be trusted.</summary>
        public long Stale { get; private set; }

        /// <summary>All that were dropped.</summary>
        public long Dropped
        {
            get { return Expired + Late + Stale; }
        }

        /// <summary>Judge a signal; the outcome is counted.</summary>
        /// <param name="signal">The signal.</param>
        /// <param name="received">When it came in, on the monotonic clock, ns.</param>
        /// <param name="now">The monotonic clock, ns.</param>
        /// <param name="market">The market's time, ns UTC.</param>
        /// <param name="stale">Whether the book is not to be trusted now.</param>
        public bool Lets(SignalData signal, long received, long now, long market, bool stale)
        {
            if (stale)
            {
                Stale++;
            }
            else if (signal.Expires.HasValue && market >= signal.Expires.Value)
            {
                Expired++;
            }
            else if (now - received > _mostNs)
            {
                Late++;
            }
            else
            {
                Passed++;
                return true;
            }
            return false;
        }
    }
}
