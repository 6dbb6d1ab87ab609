using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>One instrument of one source at the hub, and everybody who looks at it.</summary>
    /// <remarks>Any thread may read. Listeners come and go through <see cref="HubCore"/>.</remarks>
    public sealed class HubStream
    {
        private static readonly IBridgeListener[] Nobody = new IBridgeListener[0];
        private readonly object _lock = new object();
        private readonly Dictionary<string, long> _bars = new Dictionary<string, long>(StringComparer.Ordinal);
        private volatile IBridgeListener[] _listeners = Nobody;
        private volatile MetricsData _metrics;
        private long _rewinds;
        private object _historian;

        internal HubStream(PublishedStream stream, string source, HubSettings settings, IHubConnection connection)
        {
            Stream = stream;
            Source = source;
            Settings = settings;
            Connection = connection;
        }

        /// <summary>Numbers, book and ring.</summary>
        public PublishedStream Stream { get; private set; }

        /// <summary>NinjaTrader's full name of the instrument.</summary>
        public string Symbol
        {
            get { return Stream.Definition.Symbol; }
        }

        /// <summary><c>live</c> or <c>playback</c>.</summary>
        public string Source { get; private set; }

        /// <summary>The settings in force: those of whoever came first.</summary>
        public HubSettings Settings { get; private set; }

        /// <summary>Over which it is published.</summary>
        public IHubConnection Connection { get; private set; }

        /// <summary>The state.</summary>
        public BridgeStatus Status
        {
            get { return Connection.Status(Symbol); }
        }

        /// <summary>The latest measures; null before the first.</summary>
        public MetricsData Metrics
        {
            get { return _metrics; }
        }

        /// <summary>The clusters that live now, never null; the array is never changed.</summary>
        public ClusterData[] Active
        {
            get
            {
                var store = Connection.Clusters(Symbol);
                return store == null ? new ClusterData[0] : store.Active;
            }
        }

        /// <summary>How many listen.</summary>
        public int Listeners
        {
            get { return _listeners.Length; }
        }

        /// <summary>When the last listener left, on the monotonic clock, ns; only while nobody listens.</summary>
        internal long LeftAt { get; set; }

        /// <summary>Number a closed bar, once per series however many scripts show it.</summary>
        /// <returns>False: this series has had it already, or it cannot be a bar.</returns>
        public bool Bar(BarData bar)
        {
            lock (_lock)
            {
                var rewinds = Stream.Counters.Rewinds;
                if (rewinds != _rewinds)
                {
                    // A playback that was set back shows its bars again, and they count again.
                    _rewinds = rewinds;
                    _bars.Clear();
                }
                var series = bar.SeriesType + " " + bar.SeriesValue.ToString(System.Globalization.CultureInfo.InvariantCulture);
                long last;
                if ((_bars.TryGetValue(series, out last) && bar.Time <= last) || !Stream.Bar(bar))
                {
                    return false;
                }
                _bars[series] = bar.Time;
                return true;
            }
        }

        /// <summary>Tell history, which only one script may do, or each trade would count as often as charts show it.</summary>
        /// <param name="who">The script.</param>
        /// <returns>Whether it is the one.</returns>
        public bool ClaimHistory(object who)
        {
            lock (_lock)
            {
                _historian = _historian ?? who;
                return ReferenceEquals(_historian, who);
            }
        }

        /// <summary>Tell history no more.</summary>
        public void LeaveHistory(object who)
        {
            lock (_lock)
            {
                if (ReferenceEquals(_historian, who))
                {
                    _historian = null;
                }
            }
        }

        internal IBridgeListener[] Present
        {
            get { return _listeners; }
        }

        internal void Put(MetricsData metrics)
        {
            _metrics = metrics;
        }

        internal void Add(IBridgeListener listener)
        {
            var now = new List<IBridgeListener>(_listeners);
            now.Add(listener);
            _listeners = now.ToArray();
        }

        internal bool Drop(IBridgeListener listener)
        {
            var now = new List<IBridgeListener>(_listeners);
            var known = now.Remove(listener);
            _listeners = now.ToArray();
            return known;
        }
    }
}
