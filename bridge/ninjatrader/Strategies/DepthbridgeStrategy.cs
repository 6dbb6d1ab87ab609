using System;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Threading;
using System.Threading.Tasks;
using System.Xml.Serialization;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;

namespace NinjaTrader.NinjaScript.Strategies
{
    /// <summary>Sends depth, trades and bars to the Depthbridge server, and gets clusters and signals back. It places no orders.</summary>
    /// <remarks>
    /// While the hub add-on runs it carries depth and trades for all charts, and the strategy only sends bars and
    /// listens; without it the strategy carries them itself. Derive from it, and override
    /// <see cref="OnPythonSignal"/> and <see cref="OnPythonCluster"/>; both are called on the strategy's own thread.
    /// </remarks>
    public class DepthbridgeStrategy : Strategy, IBridgeListener
    {
        /// <summary>How long a signal may have waited for the strategy's thread, ns.</summary>
        public const long LateNs = 2000000000L;

        private static readonly ClusterData[] NoClusters = new ClusterData[0];
        private readonly Mailbox _mailbox = new Mailbox();
        private readonly SignalGate _gate = new SignalGate(LateNs);
        private volatile DepthbridgeLease _lease;
        private volatile DepthbridgeHubService _own;
        private volatile ClusterData[] _active = NoClusters;
        private DepthbridgeBarTeller[] _bars;
        private long _queued;
        private int _stopped;

        /// <summary>The clusters that live now, those weaker than <see cref="ClusterOpacityThreshold"/> left out. The array never changes.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public ClusterData[] activeClusters
        {
            get { return _active; }
        }

        /// <summary>Whether what the server says is not to be trusted now: no server, or the book is in doubt.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public bool IsStale
        {
            get
            {
                var state = Status.State;
                return state == BridgeState.NoServer || state == BridgeState.Stale;
            }
        }

        /// <summary>How the stream stands.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public BridgeStatus Status
        {
            get
            {
                var stream = PythonStream;
                return stream == null
                    ? new BridgeStatus(BridgeState.NoServer, "not started", 0, "", long.MinValue, -1)
                    : stream.Status;
            }
        }

        /// <summary>All measures as of the last frame; null before the first.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public MetricsData Metrics
        {
            get
            {
                var stream = PythonStream;
                return stream == null ? null : stream.Metrics;
            }
        }

        /// <summary>Imbalance of the best rows, -100 to 100; NaN while it is stale or not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public double ImbalanceScore
        {
            get { return Score("imbalance"); }
        }

        /// <summary>Momentum, -100 to 100; NaN while it is stale or not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public double MomentumScore
        {
            get { return Score("momentum"); }
        }

        /// <summary>Volume, 0 to 100; NaN while it is stale or not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public double VolumeScore
        {
            get { return Score("volume"); }
        }

        /// <summary>Composite of the last bars, -100 to 100; NaN while it is stale or not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public double CompositeScore
        {
            get { return Score("composite"); }
        }

        /// <summary>Signals that were let through or dropped, by reason.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public SignalGate Gate
        {
            get { return _gate; }
        }

        /// <summary>Signals and changes that were dropped because the strategy's thread did not come.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public long MailDropped
        {
            get { return _mailbox.Dropped; }
        }

        /// <summary>Depth events that this strategy has queued itself; 0 while the hub carries them.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public long QueuedUpdates
        {
            get { return Interlocked.Read(ref _queued); }
        }

        /// <summary>Whether this strategy carries depth and trades itself, because the hub add-on does not run.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public bool CarriesFeed
        {
            get { return _own != null && PythonInstrument == Instrument; }
        }

        /// <summary>The stream at the hub; null while the helper is off.</summary>
        protected HubStream PythonStream
        {
            get
            {
                var lease = _lease;
                return lease == null ? null : lease.Stream;
            }
        }

        /// <summary>Whose depth the signals come from. Another one than the strategy's own is carried by the hub, never by this strategy.</summary>
        protected virtual Instrument PythonInstrument
        {
            get { return Instrument; }
        }

        #region Properties
        /// <summary>Whether anything of this is done at all.</summary>
        [NinjaScriptProperty]
        [Display(Name = "usePythonHelper", Description = "Connect to the Depthbridge server. Off: no connection, no cost.", Order = 1, GroupName = "1. Depthbridge")]
        public bool usePythonHelper { get; set; }

        /// <summary>Keep rows of market makers apart.</summary>
        [NinjaScriptProperty]
        [Display(Name = "useL3", Description = "Name the market maker of each depth row (stocks). NinjaTrader has no order-level data; futures are not affected.", Order = 2, GroupName = "1. Depthbridge")]
        public bool useL3 { get; set; }

        /// <summary>Send only history.</summary>
        [NinjaScriptProperty]
        [Display(Name = "HistoricalOnly", Description = "Send bars and the trades of Tick Replay only; nothing in real time.", Order = 3, GroupName = "1. Depthbridge")]
        public bool HistoricalOnly { get; set; }

        /// <summary>Check and log more.</summary>
        [NinjaScriptProperty]
        [Display(Name = "DebugMode", Description = "More checks and more lines in the logs of both sides.", Order = 4, GroupName = "1. Depthbridge")]
        public bool DebugMode { get; set; }

        /// <summary>Address of the server.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Host", Description = "Address of the server; 127.0.0.1 on this PC.", Order = 1, GroupName = "2. Server")]
        public string Host { get; set; }

        /// <summary>Port of the server.</summary>
        [NinjaScriptProperty]
        [Range(1, 65535)]
        [Display(Name = "Port", Description = "Port of the server.", Order = 2, GroupName = "2. Server")]
        public int Port { get; set; }

        /// <summary>File with the token.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Token file", Description = "File with the server's token; empty on this PC.", Order = 3, GroupName = "2. Server")]
        public string TokenFile { get; set; }

        /// <summary>Ticks per displayed row.</summary>
        [NinjaScriptProperty]
        [Range(-1, 10000)]
        [Display(Name = "OrderBookGranularity", Description = "Ticks per displayed row, 1 to 10000; -1: as the server is configured.", Order = 1, GroupName = "3. Analytics")]
        public int OrderBookGranularity { get; set; }

        /// <summary>Height of a bucket.</summary>
        [NinjaScriptProperty]
        [Range(-1, 10000)]
        [Display(Name = "ClusterIncrement", Description = "Height of a cluster's bucket in ticks, 1 to 10000; -1: as the server is configured.", Order = 2, GroupName = "3. Analytics")]
        public int ClusterIncrement { get; set; }

        /// <summary>Least base of densities.</summary>
        [NinjaScriptProperty]
        [Range(-1.0, 1e15)]
        [Display(Name = "OrderBookVolumeThreshold", Description = "Least volume that densities are measured against, from 0; -1: as the server is configured.", Order = 3, GroupName = "3. Analytics")]
        public double OrderBookVolumeThreshold { get; set; }

        /// <summary>Weaker clusters are hidden.</summary>
        [NinjaScriptProperty]
        [Range(0, 100)]
        [Display(Name = "ClusterOpacityThreshold", Description = "Clusters of less opacity are left out here, 0 to 100 percent.", Order = 4, GroupName = "3. Analytics")]
        public int ClusterOpacityThreshold { get; set; }

        /// <summary>What still counts as at a cluster.</summary>
        [NinjaScriptProperty]
        [Range(-1, 10000)]
        [Display(Name = "ClusterBuffer", Description = "Ticks that still count as at a cluster, 0 to 10000; -1: as the server is configured.", Order = 5, GroupName = "3. Analytics")]
        public int ClusterBuffer { get; set; }
        #endregion

        /// <summary>Connect, or take part in the hub's connection. Does nothing when it is off, started, or ended.</summary>
        /// <returns>Whether it is started.</returns>
        public bool StartPythonHelper()
        {
            if (!usePythonHelper || Volatile.Read(ref _stopped) != 0)
            {
                return false;
            }
            if (_lease != null)
            {
                return true;
            }
            if (IsInStrategyAnalyzer && !HistoricalOnly)
            {
                Print("Depthbridge: in the Strategy Analyzer only with HistoricalOnly.");
                return false;
            }
            var hub = DepthbridgeHub.Current;
            if (hub == null)
            {
                _own = DepthbridgeHub.Private(PythonInstrument != Instrument);
                hub = _own;
            }
            DepthbridgeHub.BridgeLog.Debug |= DebugMode;
            _lease = hub.Attach(PythonInstrument, Settings(), this);
            if (Volatile.Read(ref _stopped) != 0)
            {
                // NinjaTrader ended the strategy in the middle of this.
                StopPythonHelper();
            }
            Refresh();
            return _lease != null;
        }

        /// <summary>Ask the server's <c>/health</c>; never blocks the caller.</summary>
        /// <returns>Whether it answers that it is well.</returns>
        public Task<bool> CheckPythonHealth()
        {
            var options = new BridgeOptions(new Hello("", "live"));
            options.Host = Host;
            options.Port = Port;
            var address = options.Address;
            return Task.Run(delegate { return HttpTransport.IsHealthy(address, 2000); });
        }

        /// <summary>Number a depth event and queue it; only while this strategy carries the feed itself.</summary>
        /// <returns>Whether it was queued.</returns>
        public bool QueueL2Update(MarketDepthEventArgs depth)
        {
            var lease = _lease;
            var feed = lease == null || !CarriesFeed || HistoricalOnly ? null : lease.Feed;
            if (feed == null)
            {
                return false;
            }
            feed.OnDepth(this, depth);
            Interlocked.Increment(ref _queued);
            return true;
        }

        /// <summary>Wait until the server has everything that is queued now.</summary>
        /// <param name="milliseconds">Longest wait.</param>
        /// <returns>Whether it has. The queue goes out by itself; nobody has to call this.</returns>
        public async Task<bool> ProcessUpdatesAsync(int milliseconds)
        {
            var stream = PythonStream;
            if (stream == null)
            {
                return false;
            }
            var last = stream.Stream.End - 1;
            var end = BridgeClock.MonotonicNs + milliseconds * 1000000L;
            while (stream.Stream.Acked < last)
            {
                if (BridgeClock.MonotonicNs >= end)
                {
                    return false;
                }
                await Task.Delay(5).ConfigureAwait(false);
            }
            return true;
        }

        /// <summary>How much of what is queued the server has not acknowledged.</summary>
        /// <remarks>
        /// A batch goes out the moment something is queued and the one before is on its way, up to 200 records in
        /// each; so there is nothing to start here.
        /// </remarks>
        /// <returns>Records.</returns>
        public long SendBatchUpdateToPython()
        {
            var stream = PythonStream;
            return stream == null ? 0 : Math.Max(0, stream.Stream.End - 1 - stream.Stream.Acked);
        }

        /// <summary>Send a closed bar of one of the strategy's series of the instrument that is published.</summary>
        /// <param name="series">Index of the series.</param>
        /// <param name="index">Which bar, from 0.</param>
        /// <returns>Whether it was queued; a bar that another chart has sent already is not.</returns>
        public bool SendBarUpdateToPython(int series, int index)
        {
            var stream = PythonStream;
            if (stream == null || index < 0 || Instruments[series] != PythonInstrument)
            {
                return false;
            }
            return stream.Bar(Teller(series).Of(BarsArray[series], index));
        }

        /// <summary>Send a message of <see cref="ClientMessages"/> about an order, a fill or a position.</summary>
        /// <returns>Whether there is a connection to send it over; it is kept while that is down.</returns>
        protected bool Report(string text)
        {
            var stream = PythonStream;
            if (stream == null)
            {
                return false;
            }
            stream.Connection.Report(text);
            return true;
        }

        /// <summary>Take what has come in from the server; on the strategy's thread.</summary>
        /// <param name="mail">Signals and changes of clusters, in order.</param>
        public void HandlePythonClusterSignals(Mail[] mail)
        {
            Refresh();
            foreach (var piece in mail)
            {
                if (piece.Change != null)
                {
                    OnPythonCluster(piece.Change);
                }
                else if (LetsThrough(piece))
                {
                    OnPythonSignal(piece.Signal);
                }
            }
        }

        /// <summary>Disconnect, or leave the hub; for good. Any thread, any number of times.</summary>
        public void StopPythonHelper()
        {
            Interlocked.Exchange(ref _stopped, 1);
            var lease = _lease;
            var own = _own;
            _lease = null;
            _own = null;
            _active = NoClusters;
            if (lease != null)
            {
                var stream = lease.Stream;
                if (stream != null)
                {
                    stream.LeaveHistory(this);
                }
                Leave(own ?? DepthbridgeHub.Current, lease);
            }
            if (own != null)
            {
                own.Stop();
            }
        }

        /// <inheritdoc/>
        void IBridgeListener.OnClusters(string symbol, ClusterStore clusters, ClusterChange[] changes)
        {
            var wake = _mailbox.Knock();
            foreach (var change in changes)
            {
                wake |= _mailbox.Put(new Mail(change, BridgeClock.MonotonicNs));
            }
            Wake(wake);
        }

        /// <inheritdoc/>
        void IBridgeListener.OnSignal(string symbol, SignalData signal)
        {
            Wake(_mailbox.Put(new Mail(signal, BridgeClock.MonotonicNs)));
        }

        /// <inheritdoc/>
        void IBridgeListener.OnMetrics(string symbol, MetricsData metrics)
        {
            // Read when they are wanted: the strategy's thread need not run for each frame.
        }

        /// <inheritdoc/>
        void IBridgeListener.OnStatus(string symbol, BridgeStatus status)
        {
            Wake(_mailbox.Knock());
        }

        /// <summary>A signal that is worth something; on the strategy's thread.</summary>
        protected virtual void OnPythonSignal(SignalData signal)
        {
        }

        /// <summary>A cluster came, changed or went; on the strategy's thread.</summary>
        protected virtual void OnPythonCluster(ClusterChange change)
        {
        }

        /// <summary>The state may have changed; on the strategy's thread.</summary>
        protected virtual void OnPythonStatus(BridgeStatus status)
        {
        }

        /// <inheritdoc/>
        protected override void OnStateChange()
        {
            if (State == State.SetDefaults)
            {
                SetDefaults();
            }
            else if (State == State.DataLoaded)
            {
                // At NinjaTrader's start a strategy may be loaded before the hub; real time is early enough then.
                if (DepthbridgeHub.Current != null || HistoricalOnly)
                {
                    StartPythonHelper();
                }
            }
            else if (State == State.Realtime)
            {
                StartPythonHelper();
            }
            else if (State == State.Terminated)
            {
                StopPythonHelper();
            }
        }

        /// <inheritdoc/>
        protected override void OnMarketDepth(MarketDepthEventArgs marketDepthUpdate)
        {
            // Each added series would hand the same event over once more.
            if (BarsInProgress == 0)
            {
                QueueL2Update(marketDepthUpdate);
            }
        }

        /// <inheritdoc/>
        protected override void OnMarketData(MarketDataEventArgs marketDataUpdate)
        {
            var lease = _lease;
            if (lease == null || BarsInProgress != 0)
            {
                return;
            }
            var feed = lease.Feed;
            if (feed == null)
            {
                return;
            }
            if (HistoricalOnly && PythonInstrument == Instrument)
            {
                TellHistory(feed, marketDataUpdate);
            }
            else if (CarriesFeed && State == State.Realtime)
            {
                feed.OnData(this, marketDataUpdate);
            }
        }

        /// <inheritdoc/>
        protected override void OnBarUpdate()
        {
            if (_lease != null && !(HistoricalOnly && State != State.Historical))
            {
                SendBarUpdateToPython(BarsInProgress, ClosedBar());
            }
        }

        private void SetDefaults()
        {
            Name = "DepthbridgeStrategy";
            Description = "Sends market depth to the Depthbridge server and shows what comes back. Places no orders.";
            Calculate = Calculate.OnBarClose;
            Host = "127.0.0.1";
            Port = 8765;
            TokenFile = "";
            OrderBookGranularity = HubSettings.Server;
            ClusterIncrement = HubSettings.Server;
            OrderBookVolumeThreshold = HubSettings.Server;
            ClusterBuffer = HubSettings.Server;
        }

        private HubSettings Settings()
        {
            return new HubSettings
            {
                Host = Host,
                Port = Port,
                TokenFile = TokenFile ?? "",
                UseL3 = useL3,
                HistoricalOnly = HistoricalOnly,
                DebugMode = DebugMode,
                OrderBookGranularity = OrderBookGranularity,
                ClusterIncrement = ClusterIncrement,
                OrderBookVolumeThreshold = OrderBookVolumeThreshold,
                ClusterBuffer = ClusterBuffer
            };
        }

        private double Score(string name)
        {
            var metrics = Metrics;
            return metrics == null || metrics.IsStale || IsStale ? double.NaN : metrics[name];
        }

        /// <summary>Index of the bar that has just closed, or -1.</summary>
        private int ClosedBar()
        {
            var tickwise = Calculate != Calculate.OnBarClose && (State != State.Historical || BarsArray[BarsInProgress].IsTickReplay);
            if (!tickwise)
            {
                return CurrentBar;
            }
            return IsFirstTickOfBar ? CurrentBar - 1 : -1;
        }

        private void TellHistory(DepthbridgeInstrumentFeed feed, MarketDataEventArgs e)
        {
            // Tick Replay hands over the trades of history with their own bid and ask.
            if (State == State.Historical && e.MarketDataType == MarketDataType.Last && feed.Hub.ClaimHistory(this))
            {
                feed.OnHistoricalTrade(e);
            }
        }

        private DepthbridgeBarTeller Teller(int series)
        {
            if (_bars == null)
            {
                _bars = new DepthbridgeBarTeller[BarsArray.Length];
            }
            if (_bars[series] == null)
            {
                _bars[series] = new DepthbridgeBarTeller(NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo);
            }
            return _bars[series];
        }

        private bool LetsThrough(Mail piece)
        {
            var stream = PythonStream;
            var market = stream == null ? 0 : stream.Stream.NewestTime;
            if (_gate.Lets(piece.Signal, piece.Received, BridgeClock.MonotonicNs, market, stream == null || IsStale))
            {
                return true;
            }
            DepthbridgeHub.BridgeLog.Write(LogEvents.SignalDropped, piece.Signal.Kind + " " + piece.Signal.Id);
            return false;
        }

        private void Refresh()
        {
            var stream = PythonStream;
            _active = stream == null ? NoClusters : ClusterLayout.Shown(stream.Active, ClusterOpacityThreshold);
        }

        private void Wake(bool wake)
        {
            if (!wake || Volatile.Read(ref _stopped) != 0)
            {
                return;
            }
            try
            {
                TriggerCustomEvent(OnWoken, null);
            }
            catch (Exception)
            {
                // NinjaTrader refuses while the strategy is being ended, or not yet begun.
                _mailbox.Asleep();
            }
        }

        private void OnWoken(object state)
        {
            var mail = _mailbox.Take();
            if (Volatile.Read(ref _stopped) == 0)
            {
                HandlePythonClusterSignals(mail);
                OnPythonStatus(Status);
            }
        }

        private static void Leave(DepthbridgeHubService hub, DepthbridgeLease lease)
        {
            if (hub != null)
            {
                hub.Detach(lease);
            }
        }
    }
}
