using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>What is to be said of every stream of a connection, and since when. Time is a parameter.</summary>
    /// <remarks>Any call may come from any thread.</remarks>
    public sealed class StatusBoard
    {
        private readonly Dictionary<string, Entry> _entries = new Dictionary<string, Entry>(System.StringComparer.Ordinal);
        private bool _up;
        private string _reason = "not connected yet";
        private string _version = "";

        /// <summary>A stream is published from now on.</summary>
        public void Add(PublishedStream stream, long now)
        {
            lock (_entries)
            {
                _entries[stream.Definition.Symbol] = new Entry { Stream = stream, Since = now, Reason = _reason };
            }
        }

        /// <summary>A stream is published no more.</summary>
        public void Remove(string symbol)
        {
            lock (_entries)
            {
                _entries.Remove(symbol);
            }
        }

        /// <summary>The connection stands.</summary>
        /// <param name="version">Of the server.</param>
        public void Connected(string version)
        {
            lock (_entries)
            {
                _up = true;
                _version = version;
                foreach (var entry in _entries.Values)
                {
                    entry.Phase = "";
                    entry.Refusal = null;
                }
            }
        }

        /// <summary>The connection is gone, or does not come about.</summary>
        /// <param name="reason">Why, in words.</param>
        public void Disconnected(string reason)
        {
            lock (_entries)
            {
                _up = false;
                _reason = reason;
            }
        }

        /// <summary>The server does not take a stream, or takes it after all (null).</summary>
        public void Refused(string symbol, Refusal refusal)
        {
            lock (_entries)
            {
                Entry entry;
                if (_entries.TryGetValue(symbol, out entry))
                {
                    entry.Refusal = refusal;
                }
            }
        }

        /// <summary>The server told the phase of a book.</summary>
        public void Phase(string symbol, string phase)
        {
            lock (_entries)
            {
                Entry entry;
                if (symbol != null && _entries.TryGetValue(symbol, out entry))
                {
                    entry.Phase = phase;
                }
            }
        }

        /// <summary>Look at all streams.</summary>
        /// <returns>The symbols whose state has changed since the last look.</returns>
        public List<string> Changes(long now)
        {
            var changed = new List<string>();
            lock (_entries)
            {
                foreach (var pair in _entries)
                {
                    if (Judge(pair.Value, now))
                    {
                        changed.Add(pair.Key);
                    }
                }
            }
            return changed;
        }

        /// <summary>How a stream stands; of an unknown one only what is known of the connection.</summary>
        /// <param name="symbol">The instrument.</param>
        /// <param name="lag">As <see cref="BridgeStatus.Lag"/> has it.</param>
        /// <param name="roundTrip">As <see cref="BridgeStatus.RoundTrip"/> has it.</param>
        public BridgeStatus Status(string symbol, long lag, long roundTrip)
        {
            lock (_entries)
            {
                Entry entry;
                if (!_entries.TryGetValue(symbol, out entry))
                {
                    return new BridgeStatus(BridgeState.NoServer, _up ? "not published" : _reason, 0, _version, lag, roundTrip);
                }
                return new BridgeStatus(entry.State, entry.Reason, entry.Since, _version, lag, roundTrip);
            }
        }

        private bool Judge(Entry entry, long now)
        {
            string reason;
            var state = StateOf(entry, out reason);
            if (entry.IsTold && state == entry.State && reason == entry.Reason)
            {
                return false;
            }
            entry.IsTold = true;
            if (state != entry.State)
            {
                entry.Since = now;
            }
            entry.State = state;
            entry.Reason = reason;
            return true;
        }

        private BridgeState StateOf(Entry entry, out string reason)
        {
            reason = "";
            if (!_up)
            {
                reason = _reason;
                return BridgeState.NoServer;
            }
            if (entry.Refusal != null)
            {
                reason = entry.Refusal.Message;
                return BridgeState.NoServer;
            }
            if (entry.Phase == "closed")
            {
                return BridgeState.Closed;
            }
            if (entry.Stream.LevelOneOnly)
            {
                reason = "the feed has no depth; trades go on";
                return BridgeState.NoLevelTwo;
            }
            return StateOfBook(entry, out reason);
        }

        private static BridgeState StateOfBook(Entry entry, out string reason)
        {
            reason = "";
            if (entry.Stream.SeedWanted)
            {
                reason = "the book is begun anew";
                return BridgeState.Stale;
            }
            switch (entry.Phase)
            {
                case "synced":
                    return BridgeState.Live;
                case "crossed":
                    reason = "the book is crossed";
                    return BridgeState.Live;
                case "paused":
                    reason = "the playback stands still";
                    return BridgeState.Live;
                case "stale":
                    reason = "the server does not trust the book";
                    return BridgeState.Stale;
                default:
                    reason = "waiting for the book";
                    return BridgeState.Stale;
            }
        }

        private sealed class Entry
        {
            public PublishedStream Stream;
            public Refusal Refusal;
            public string Phase = "";
            public BridgeState State = BridgeState.NoServer;
            public string Reason = "";
            public bool IsTold;
            public long Since;
        }
    }
}
