using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Carries what the receiving thread hears to a script's own thread: bounded, and the script is woken once.</summary>
    public sealed class Mailbox
    {
        /// <summary>Most that waits; then the oldest is dropped, and counted.</summary>
        public const int Room = 1000;

        private readonly object _lock = new object();
        private readonly Queue<Mail> _waiting = new Queue<Mail>();
        private bool _woken;
        private long _dropped;

        /// <summary>What was dropped because the script did not come.</summary>
        public long Dropped
        {
            get { lock (_lock) { return _dropped; } }
        }

        /// <summary>Put something in.</summary>
        /// <returns>Whether the script has to be woken now.</returns>
        public bool Put(Mail mail)
        {
            lock (_lock)
            {
                if (_waiting.Count >= Room)
                {
                    _waiting.Dequeue();
                    _dropped++;
                }
                _waiting.Enqueue(mail);
                return Ring();
            }
        }

        /// <summary>Nothing to carry, but the script has to look.</summary>
        /// <returns>Whether the script has to be woken now.</returns>
        public bool Knock()
        {
            lock (_lock)
            {
                return Ring();
            }
        }

        /// <summary>All that waits, on the script's thread; the next one wakes it again.</summary>
        public Mail[] Take()
        {
            lock (_lock)
            {
                _woken = false;
                var all = _waiting.ToArray();
                _waiting.Clear();
                return all;
            }
        }

        /// <summary>Waking the script did not work: the next one may try again.</summary>
        public void Asleep()
        {
            lock (_lock)
            {
                _woken = false;
            }
        }

        private bool Ring()
        {
            var first = !_woken;
            _woken = true;
            return first;
        }
    }
}
