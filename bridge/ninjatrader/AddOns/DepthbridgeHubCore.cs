using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Opens a connection for a source and its settings; not started.</summary>
    public delegate IHubConnection OpenConnection(string source, HubSettings settings, IBridgeLog log);

    /// <summary>Which streams there are, over which connections, and who looks at them.</summary>
    /// <remarks>
    /// One stream per instrument and source, however many charts show it. A stream that nobody looks at any more
    /// stays for a minute, so that a chart that is loaded again finds its book, its numbers and its clusters.
    /// Time is a parameter; any thread may call; listeners are never called while the lock is held.
    /// </remarks>
    public sealed class HubCore
    {
        /// <summary>How long a stream without listeners is kept, ns.</summary>
        public const long LingerNs = 60000000000L;

        /// <summary>Longest wait for the end of a connection, ms.</summary>
        public const int StopMilliseconds = 2000;

        private readonly object _lock = new object();
        private readonly OpenConnection _open;
        private readonly IBridgeLog _log;
        private readonly Dictionary<string, HubGroup> _groups = new Dictionary<string, HubGroup>(StringComparer.Ordinal);
        private bool _closed;

        /// <summary>A hub without streams.</summary>
        /// <param name="open">Opens connections.</param>
        /// <param name="log">Where events go.</param>
        public HubCore(OpenConnection open, IBridgeLog log)
        {
            _open = open;
            _log = log;
        }

        /// <summary>All streams, also those that nobody looks at for the moment.</summary>
        public List<HubStream> Streams
        {
            get
            {
                var all = new List<HubStream>();
                lock (_lock)
                {
                    foreach (var group in _groups.Values)
                    {
                        all.AddRange(group.Streams);
                    }
                }
                return all;
            }
        }

        /// <summary>Look at an instrument; it is published if it is not yet.</summary>
        /// <param name="definition">What is published under its symbol.</param>
        /// <param name="source"><c>live</c> or <c>playback</c>.</param>
        /// <param name="settings">Wanted ones; those of a stream that others look at hold.</param>
        /// <param name="listener">Hears of it until <see cref="Detach"/>.</param>
        /// <returns>The stream, or null when the hub has ended.</returns>
        public HubStream Attach(StreamDefinition definition, string source, HubSettings settings, IBridgeListener listener)
        {
            // An instrument has one publisher: the old session has to say bye before the new one says hello.
            Stop(Replaced(definition.Symbol, source, settings));
            HubStream stream;
            lock (_lock)
            {
                if (_closed)
                {
                    return null;
                }
                stream = Find(definition.Symbol, source) ?? GroupOf(source, settings).Open(definition, source, settings);
                stream.Add(listener);
            }
            if (stream.Settings.Key != settings.Key)
            {
                _log.Write(LogEvents.SettingsDiffer, definition.Symbol);
            }
            return stream;
        }

        /// <summary>Look at it no more.</summary>
        /// <param name="stream">As <see cref="Attach"/> gave it.</param>
        /// <param name="listener">Whoever leaves; an unknown one changes nothing.</param>
        /// <param name="now">Monotonic clock, ns.</param>
        public void Detach(HubStream stream, IBridgeListener listener, long now)
        {
            lock (_lock)
            {
                if (stream.Drop(listener) && stream.Listeners == 0)
                {
                    stream.LeftAt = now;
                }
            }
        }

        /// <summary>Let go of streams that nobody has looked at for long.</summary>
        /// <param name="now">Monotonic clock, ns.</param>
        /// <returns>Those that ended: their feeds have to end too.</returns>
        public List<HubStream> Sweep(long now)
        {
            var gone = new List<HubStream>();
            var ended = new List<IHubConnection>();
            lock (_lock)
            {
                foreach (var stream in Streams)
                {
                    if (stream.Listeners == 0 && now - stream.LeftAt >= LingerNs)
                    {
                        gone.Add(stream);
                        ended.Add(Let(stream));
                    }
                }
            }
            foreach (var connection in ended)
            {
                Stop(connection);
            }
            return gone;
        }

        /// <summary>End everything; nothing can be attached afterwards.</summary>
        public void Close()
        {
            var ended = new List<IHubConnection>();
            lock (_lock)
            {
                _closed = true;
                foreach (var group in _groups.Values)
                {
                    ended.Add(group.Connection);
                }
                _groups.Clear();
            }
            foreach (var connection in ended)
            {
                Stop(connection);
            }
        }

        private static void Stop(IHubConnection connection)
        {
            if (connection != null)
            {
                connection.Stop(StopMilliseconds);
            }
        }

        /// <summary>Take out a stream that nobody looks at and that has other settings.</summary>
        private IHubConnection Replaced(string symbol, string source, HubSettings settings)
        {
            lock (_lock)
            {
                var stream = Find(symbol, source);
                var free = stream != null && stream.Listeners == 0;
                return free && stream.Settings.Key != settings.Key ? Let(stream) : null;
            }
        }

        private HubStream Find(string symbol, string source)
        {
            foreach (var group in _groups.Values)
            {
                foreach (var stream in group.Streams)
                {
                    if (stream.Symbol == symbol && stream.Source == source)
                    {
                        return stream;
                    }
                }
            }
            return null;
        }

        private HubGroup GroupOf(string source, HubSettings settings)
        {
            var key = source + "|" + settings.Key;
            HubGroup group;
            if (!_groups.TryGetValue(key, out group))
            {
                group = new HubGroup(_open(source, settings, _log), _log);
                _groups.Add(key, group);
            }
            return group;
        }

        /// <summary>Take a stream out.</summary>
        /// <returns>Its connection if that has nothing left to publish, else null.</returns>
        private IHubConnection Let(HubStream stream)
        {
            foreach (var pair in _groups)
            {
                if (Array.IndexOf(pair.Value.Streams, stream) >= 0)
                {
                    if (!pair.Value.Shut(stream))
                    {
                        return null;
                    }
                    _groups.Remove(pair.Key);
                    return pair.Value.Connection;
                }
            }
            return null;
        }
    }
}
