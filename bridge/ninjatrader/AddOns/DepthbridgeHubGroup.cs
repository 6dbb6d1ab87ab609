using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The streams of one source and one set of settings: one connection, one session.</summary>
    /// <remarks>Hears the connection, and passes on to the listeners of each stream; one that throws spoils nothing for the others.</remarks>
    internal sealed class HubGroup : IBridgeListener
    {
        private readonly IBridgeLog _log;
        private readonly Dictionary<string, PublishedStream> _known = new Dictionary<string, PublishedStream>(StringComparer.Ordinal);
        private volatile HubStream[] _streams = new HubStream[0];
        private bool _started;

        public HubGroup(IHubConnection connection, IBridgeLog log)
        {
            Connection = connection;
            _log = log;
            connection.AddListener(this);
        }

        public IHubConnection Connection { get; private set; }

        public HubStream[] Streams
        {
            get { return _streams; }
        }

        /// <summary>Publish an instrument; one that was published before goes on with its numbers: the session knows them.</summary>
        public HubStream Open(StreamDefinition definition, string source, HubSettings settings)
        {
            PublishedStream stream;
            if (!_known.TryGetValue(definition.Symbol, out stream))
            {
                stream = new PublishedStream(definition);
                _known.Add(definition.Symbol, stream);
            }
            var made = new HubStream(stream, source, settings, Connection);
            var now = new List<HubStream>(_streams);
            now.Add(made);
            _streams = now.ToArray();
            Connection.Add(stream);
            if (!_started)
            {
                _started = true;
                Connection.Start();
            }
            return made;
        }

        /// <summary>Publish an instrument no more.</summary>
        /// <returns>Whether none is left.</returns>
        public bool Shut(HubStream stream)
        {
            var now = new List<HubStream>(_streams);
            now.Remove(stream);
            _streams = now.ToArray();
            if (now.Count > 0)
            {
                Connection.Remove(stream.Stream);
            }
            return now.Count == 0;
        }

        public void OnClusters(string symbol, ClusterStore clusters, ClusterChange[] changes)
        {
            Tell(symbol, delegate(IBridgeListener listener) { listener.OnClusters(symbol, clusters, changes); });
        }

        public void OnSignal(string symbol, SignalData signal)
        {
            Tell(symbol, delegate(IBridgeListener listener) { listener.OnSignal(symbol, signal); });
        }

        public void OnMetrics(string symbol, MetricsData metrics)
        {
            var stream = Find(symbol);
            if (stream != null)
            {
                stream.Put(metrics);
            }
            Tell(symbol, delegate(IBridgeListener listener) { listener.OnMetrics(symbol, metrics); });
        }

        public void OnStatus(string symbol, BridgeStatus status)
        {
            Tell(symbol, delegate(IBridgeListener listener) { listener.OnStatus(symbol, status); });
        }

        private HubStream Find(string symbol)
        {
            foreach (var stream in _streams)
            {
                if (stream.Symbol == symbol)
                {
                    return stream;
                }
            }
            return null;
        }

        private void Tell(string symbol, Action<IBridgeListener> say)
        {
            var stream = Find(symbol);
            if (stream == null)
            {
                return;
            }
            foreach (var listener in stream.Present)
            {
                try
                {
                    say(listener);
                }
                catch (Exception error)
                {
                    // A script of the user: whatever it throws must not reach the others or the connection.
                    _log.Write(LogEvents.ListenerFailed, error.Message);
                }
            }
        }
    }
}
