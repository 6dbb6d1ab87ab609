using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>A connection without a server: the script says what the server would.</summary>
    public sealed class ScriptConnection : IHubConnection
    {
        public static readonly List<ScriptConnection> All = new List<ScriptConnection>();
        private static readonly List<string> Log = new List<string>();
        private readonly List<IBridgeListener> _listeners = new List<IBridgeListener>();
        private readonly Dictionary<string, ClusterStore> _stores = new Dictionary<string, ClusterStore>();
        private readonly Dictionary<string, BridgeStatus> _status = new Dictionary<string, BridgeStatus>();

        public ScriptConnection(string source, HubSettings settings)
        {
            Source = source;
            Settings = settings;
            Streams = new List<PublishedStream>();
            LevelOneOnly = new List<string>();
            Number = All.Count;
            All.Add(this);
        }

        public int Number { get; private set; }

        public string Source { get; private set; }

        public HubSettings Settings { get; private set; }

        public List<PublishedStream> Streams { get; private set; }

        public List<string> LevelOneOnly { get; private set; }

        public bool Started { get; private set; }

        public bool Stopped { get; private set; }

        /// <summary>What was asked of all connections since the last time, in order.</summary>
        public static string[] Take()
        {
            lock (Log)
            {
                var taken = Log.ToArray();
                Log.Clear();
                return taken;
            }
        }

        public void Add(PublishedStream stream)
        {
            Streams.Add(stream);
            Say("add " + stream.Definition.Symbol);
        }

        public void Remove(PublishedStream stream)
        {
            Streams.Remove(stream);
            Say("remove " + stream.Definition.Symbol);
        }

        public void AddListener(IBridgeListener listener)
        {
            _listeners.Add(listener);
        }

        public void Start()
        {
            Started = true;
            Say("start");
        }

        public void Stop(int milliseconds)
        {
            Stopped = true;
            Say("stop");
        }

        public void Report(string text)
        {
            Say("report " + text);
        }

        public void SetLevelTwo(string symbol, bool has)
        {
            Say("level two " + symbol + " " + (has ? "yes" : "no"));
        }

        public BridgeStatus Status(string symbol)
        {
            BridgeStatus found;
            return _status.TryGetValue(symbol, out found) ? found : new BridgeStatus(BridgeState.NoServer, "", 0, "", long.MinValue, -1);
        }

        public ClusterStore Clusters(string symbol)
        {
            ClusterStore found;
            if (!_stores.TryGetValue(symbol, out found))
            {
                found = new ClusterStore();
                _stores.Add(symbol, found);
            }
            return found;
        }

        /// <summary>The server says something of a stream.</summary>
        public void Hear(string symbol, ServerMessage message)
        {
            foreach (var listener in _listeners)
            {
                if (message.Clusters != null)
                {
                    listener.OnClusters(symbol, Clusters(symbol), Clusters(symbol).Apply(message.Clusters));
                }
                if (message.Signal != null)
                {
                    listener.OnSignal(symbol, message.Signal);
                }
                if (message.Metrics != null)
                {
                    listener.OnMetrics(symbol, message.Metrics);
                }
            }
        }

        /// <summary>The state of a stream is another one.</summary>
        public void Become(string symbol, BridgeStatus status)
        {
            _status[symbol] = status;
            foreach (var listener in _listeners)
            {
                listener.OnStatus(symbol, status);
            }
        }

        private void Say(string what)
        {
            lock (Log)
            {
                Log.Add(Number + " " + Source + " " + what);
            }
        }
    }
}
