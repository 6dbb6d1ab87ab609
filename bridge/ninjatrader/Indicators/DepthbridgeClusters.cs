using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Threading;
using System.Windows.Media;
using System.Xml.Serialization;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Gui;
using NinjaTrader.Gui.Chart;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;
using NinjaTrader.NinjaScript.AddOns.DepthbridgeChart;

namespace NinjaTrader.NinjaScript.Indicators
{
    /// <summary>Shows clusters on the chart, says whether they are to be trusted, and gives the scores to other scripts.</summary>
    /// <remarks>It carries no data: the hub does, for all charts. What the server says is read here, never waited for.</remarks>
    public class DepthbridgeClusters : Indicator, IBridgeListener
    {
        private const int KeptClusters = 500;
        private static readonly ClusterData[] NoClusters = new ClusterData[0];
        private readonly Mailbox _mailbox = new Mailbox();
        private readonly ClusterHistory _history = new ClusterHistory(KeptClusters);
        private readonly SignalGate _gate = new SignalGate(2000000000L);
        private volatile DepthbridgeLease _lease;
        private volatile ClusterData[] _active = NoClusters;
        private CustomSharpDX _tools;
        private BridgeState _told = BridgeState.NoServer;
        private bool _toldAny;
        private int _stopped;

        /// <summary>The clusters that live now, weaker ones left out. The array never changes.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public ClusterData[] ActiveClusters
        {
            get { return _active; }
        }

        /// <summary>How the stream stands.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public BridgeStatus Status
        {
            get
            {
                var stream = Stream;
                return stream == null
                    ? new BridgeStatus(BridgeState.NoServer, "the hub add-on is not running", 0, "", long.MinValue, -1)
                    : stream.Status;
            }
        }

        /// <summary>Whether what the server says is not to be trusted now.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public bool IsStale
        {
            get { return Status.State == BridgeState.NoServer || Status.State == BridgeState.Stale; }
        }

        /// <summary>Imbalance of the best rows per bar, -100 to 100; NaN where it is not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> ImbalanceScore { get; private set; }

        /// <summary>Momentum per bar, -100 to 100; NaN where it is not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> MomentumScore { get; private set; }

        /// <summary>Volume score per bar, 0 to 100; NaN where it is not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> VolumeScore { get; private set; }

        /// <summary>Composite per bar, -100 to 100; NaN where it is not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> CompositeScore { get; private set; }

        /// <summary>Cumulative delta of the session per bar; NaN where it is not known.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> CumulativeDelta { get; private set; }

        /// <summary>Highest price of a bid cluster per bar; NaN where there is none.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> BidCluster { get; private set; }

        /// <summary>Lowest price of an ask cluster per bar; NaN where there is none.</summary>
        [Browsable(false)]
        [XmlIgnore]
        public Series<double> AskCluster { get; private set; }

        #region Properties
        /// <summary>Address of the server.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Host", Description = "Address of the server; 127.0.0.1 on this PC.", Order = 1, GroupName = "1. Server")]
        public string Host { get; set; }

        /// <summary>Port of the server.</summary>
        [NinjaScriptProperty]
        [Range(1, 65535)]
        [Display(Name = "Port", Description = "Port of the server.", Order = 2, GroupName = "1. Server")]
        public int Port { get; set; }

        /// <summary>File with the token.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Token file", Description = "File with the server's token; empty on this PC.", Order = 3, GroupName = "1. Server")]
        public string TokenFile { get; set; }

        /// <summary>Keep rows of market makers apart.</summary>
        [NinjaScriptProperty]
        [Display(Name = "useL3", Description = "Name the market maker of each depth row (stocks).", Order = 4, GroupName = "1. Server")]
        public bool useL3 { get; set; }

        /// <summary>Weaker clusters are hidden.</summary>
        [NinjaScriptProperty]
        [Range(0, 100)]
        [Display(Name = "ClusterOpacityThreshold", Description = "Clusters of less opacity are not shown, 0 to 100 percent.", Order = 1, GroupName = "2. Display")]
        public int ClusterOpacityThreshold { get; set; }

        /// <summary>Whether ended clusters stay on the chart.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Show ended clusters", Description = "The latest 500 that have ended stay on the chart.", Order = 2, GroupName = "2. Display")]
        public bool ShowEnded { get; set; }

        /// <summary>Whether the status stands on the chart.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Show status", Description = "State, lag and versions in the upper left corner.", Order = 3, GroupName = "2. Display")]
        public bool ShowStatus { get; set; }

        /// <summary>Colour of bid clusters.</summary>
        [XmlIgnore]
        [Display(Name = "Bid clusters", Description = "Colour of clusters of bids.", Order = 4, GroupName = "2. Display")]
        public Brush BidBrush { get; set; }

        /// <summary>The same as text, for templates.</summary>
        [Browsable(false)]
        public string BidBrushSerialize
        {
            get { return Serialize.BrushToString(BidBrush); }
            set { BidBrush = Serialize.StringToBrush(value); }
        }

        /// <summary>Colour of ask clusters.</summary>
        [XmlIgnore]
        [Display(Name = "Ask clusters", Description = "Colour of clusters of asks.", Order = 5, GroupName = "2. Display")]
        public Brush AskBrush { get; set; }

        /// <summary>The same as text, for templates.</summary>
        [Browsable(false)]
        public string AskBrushSerialize
        {
            get { return Serialize.BrushToString(AskBrush); }
            set { AskBrush = Serialize.StringToBrush(value); }
        }

        /// <summary>Whether signals raise alerts.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Alert on signals", Description = "Alert with sound, and a log entry, at each signal.", Order = 1, GroupName = "3. Alerts")]
        public bool AlertOnSignals { get; set; }

        /// <summary>Least score of a new cluster that raises an alert.</summary>
        [NinjaScriptProperty]
        [Range(0, 101)]
        [Display(Name = "Alert on clusters from score", Description = "Alert at each new cluster of this score, 0 to 100; 101: never.", Order = 2, GroupName = "3. Alerts")]
        public int AlertScore { get; set; }

        /// <summary>Whether a change to STALE or NO SERVER raises an alert.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Alert on status", Description = "Alert when the data is no longer to be trusted, and when it is again.", Order = 3, GroupName = "3. Alerts")]
        public bool AlertOnStatus { get; set; }

        /// <summary>File of the sound.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Sound", Description = "Name of a file in NinjaTrader's folder of sounds; empty: none.", Order = 4, GroupName = "3. Alerts")]
        public string Sound { get; set; }
        #endregion

        private HubStream Stream
        {
            get
            {
                var lease = _lease;
                return lease == null ? null : lease.Stream;
            }
        }

        /// <inheritdoc/>
        public override void OnRenderTargetChanged()
        {
            GiveToolsFree();
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
            // Read at the next bar or tick: the chart's thread need not run for each frame.
        }

        /// <inheritdoc/>
        void IBridgeListener.OnStatus(string symbol, BridgeStatus status)
        {
            Wake(_mailbox.Knock());
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
                MakeSeries();
                Attach();
            }
            else if (State == State.Realtime)
            {
                Attach();
            }
            else if (State == State.Terminated)
            {
                Stop();
            }
        }

        /// <inheritdoc/>
        protected override void OnBarUpdate()
        {
            if (BarsInProgress != 0)
            {
                return;
            }
            if (State == State.Realtime)
            {
                Attach();
            }
            Fill();
        }

        /// <inheritdoc/>
        protected override void OnRender(ChartControl chartControl, ChartScale chartScale)
        {
            if (RenderTarget == null || ChartPanel == null)
            {
                return;
            }
            if (_tools == null || !_tools.IsFor(RenderTarget))
            {
                GiveToolsFree();
                _tools = new CustomSharpDX(RenderTarget);
            }
            var zone = NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo;
            var chart = new ChartGeometry(chartControl, chartScale, ChartPanel, zone);
            foreach (var placed in ClusterLayout.Place(Rectangles(), chart))
            {
                RenderTarget.DrawCluster(placed, ColorOf(placed.Data.IsBid ? BidBrush : AskBrush), _tools);
            }
            if (ShowStatus)
            {
                DrawStatus(chart);
            }
        }

        private static Color ColorOf(Brush brush)
        {
            var solid = brush as SolidColorBrush;
            return solid == null ? Color.FromRgb(128, 128, 128) : solid.Color;
        }

        private static Color ColorOf(BridgeState state)
        {
            switch (state)
            {
                case BridgeState.Live:
                    return Color.FromRgb(50, 205, 50);
                case BridgeState.Closed:
                    return Color.FromRgb(160, 160, 160);
                case BridgeState.NoLevelTwo:
                    return Color.FromRgb(255, 165, 0);
                default:
                    return Color.FromRgb(255, 60, 60);
            }
        }

        private void SetDefaults()
        {
            Name = "DepthbridgeClusters";
            Description = "Clusters of liquidity and of traded volume from the Depthbridge server.";
            Calculate = Calculate.OnPriceChange;
            IsOverlay = true;
            DrawOnPricePanel = true;
            DisplayInDataBox = false;
            PaintPriceMarkers = false;
            IsAutoScale = false;
            // The hub's alerts are wanted most when the chart is hidden.
            IsSuspendedWhileInactive = false;
            Host = "127.0.0.1";
            Port = 8765;
            TokenFile = "";
            ClusterOpacityThreshold = 0;
            ShowEnded = true;
            ShowStatus = true;
            BidBrush = Brushes.DodgerBlue;
            AskBrush = Brushes.Crimson;
            AlertOnSignals = false;
            AlertScore = 101;
            AlertOnStatus = false;
            Sound = "Alert1.wav";
        }

        private void MakeSeries()
        {
            ImbalanceScore = new Series<double>(this);
            MomentumScore = new Series<double>(this);
            VolumeScore = new Series<double>(this);
            CompositeScore = new Series<double>(this);
            CumulativeDelta = new Series<double>(this);
            BidCluster = new Series<double>(this);
            AskCluster = new Series<double>(this);
        }

        private void Attach()
        {
            var hub = DepthbridgeHub.Current;
            if (_lease != null || hub == null || Volatile.Read(ref _stopped) != 0)
            {
                return;
            }
            var settings = new HubSettings { Host = Host, Port = Port, TokenFile = TokenFile ?? "", UseL3 = useL3 };
            _lease = hub.Attach(Instrument, settings, this);
            if (Volatile.Read(ref _stopped) != 0)
            {
                Stop();
            }
            Wake(_mailbox.Knock());
        }

        private void Stop()
        {
            Interlocked.Exchange(ref _stopped, 1);
            var lease = _lease;
            var hub = DepthbridgeHub.Current;
            _lease = null;
            _active = NoClusters;
            if (lease != null && hub != null)
            {
                hub.Detach(lease);
            }
        }

        private void GiveToolsFree()
        {
            if (_tools != null)
            {
                _tools.Dispose();
                _tools = null;
            }
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
                // NinjaTrader refuses while the indicator is being ended, or not yet begun.
                _mailbox.Asleep();
            }
        }

        private void OnWoken(object state)
        {
            var mail = _mailbox.Take();
            var stream = Stream;
            if (stream == null)
            {
                return;
            }
            _active = ClusterLayout.Shown(stream.Active, ClusterOpacityThreshold);
            foreach (var piece in mail)
            {
                Take(piece, stream);
            }
            TellStatus(stream);
            Fill();
            ForceRefresh();
        }

        private void Take(Mail piece, HubStream stream)
        {
            if (piece.Change != null)
            {
                _history.Add(new[] { piece.Change });
                TellCluster(piece.Change);
            }
            else if (_gate.Lets(piece.Signal, piece.Received, BridgeClock.MonotonicNs, stream.Stream.NewestTime, IsStale) && AlertOnSignals)
            {
                var signal = piece.Signal;
                Tell("signal " + signal.Kind, "signal " + signal.Kind + " " + signal.Side + ": " + signal.Reason, NinjaTrader.Cbi.LogLevel.Information);
            }
        }

        private void TellCluster(ClusterChange change)
        {
            var cluster = change.Cluster;
            if (change.Event == ClusterEvent.New && cluster.Score >= AlertScore && !(cluster.Opacity < ClusterOpacityThreshold))
            {
                var text = cluster.Kind + " cluster of " + cluster.Side + "s at " + Instrument.MasterInstrument.FormatPrice(cluster.PriceLow);
                Tell("cluster " + cluster.Kind + cluster.Side, text, NinjaTrader.Cbi.LogLevel.Information);
            }
        }

        /// <summary>Raise an alert when the data begins or ceases to be trustworthy; the first state is no change.</summary>
        private void TellStatus(HubStream stream)
        {
            var status = stream.Status;
            if (status.State == _told)
            {
                return;
            }
            _told = status.State;
            if (_toldAny && AlertOnStatus)
            {
                var level = status.State == BridgeState.Live ? NinjaTrader.Cbi.LogLevel.Information : NinjaTrader.Cbi.LogLevel.Warning;
                Tell("status", status.ToString(), level);
            }
            _toldAny = true;
        }

        private void Tell(string id, string text, NinjaTrader.Cbi.LogLevel level)
        {
            var line = "Depthbridge " + Instrument.FullName + " " + text;
            var sound = string.IsNullOrEmpty(Sound) ? "" : NinjaTrader.Core.Globals.InstallDir + @"\sounds\" + Sound;
            Alert("Depthbridge " + Instrument.FullName + " " + id, Priority.High, line, sound, 1, Brushes.Black, Brushes.White);
            Log(line, level);
        }

        /// <summary>Write what is known into the present bar's place of each series.</summary>
        private void Fill()
        {
            if (CurrentBar < 0 || ImbalanceScore == null || State != State.Realtime)
            {
                return;
            }
            var stream = Stream;
            var metrics = stream == null || IsStale || stream.Metrics == null || stream.Metrics.IsStale ? null : stream.Metrics;
            ImbalanceScore[0] = Of(metrics, "imbalance");
            MomentumScore[0] = Of(metrics, "momentum");
            VolumeScore[0] = Of(metrics, "volume");
            CompositeScore[0] = Of(metrics, "composite");
            CumulativeDelta[0] = Of(metrics, "cvd");
            BidCluster[0] = Nearest(true);
            AskCluster[0] = Nearest(false);
        }

        private static double Of(MetricsData metrics, string name)
        {
            return metrics == null ? double.NaN : metrics[name];
        }

        private double Nearest(bool bid)
        {
            var nearest = double.NaN;
            if (IsStale)
            {
                return nearest;
            }
            foreach (var cluster in _active)
            {
                if ((cluster.Side == "bid") != bid)
                {
                    continue;
                }
                var price = bid ? cluster.PriceHigh : cluster.PriceLow;
                if (double.IsNaN(nearest) || (bid ? price > nearest : price < nearest))
                {
                    nearest = price;
                }
            }
            return nearest;
        }

        private List<RectangleData> Rectangles()
        {
            var stream = Stream;
            var now = stream == null ? 0 : stream.Stream.NewestTime;
            var all = ClusterLayout.Visible(_active, TickSize, now, ClusterOpacityThreshold);
            if (ShowEnded)
            {
                all.AddRange(ClusterLayout.Visible(_history.Ended, TickSize, now, ClusterOpacityThreshold));
            }
            return all;
        }

        private void DrawStatus(IChartGeometry chart)
        {
            var status = Status;
            var stream = Stream;
            var source = stream == null ? "" : stream.Source;
            var lines = StatusText.Lines(status, Instrument.FullName, source, BridgeClock.MonotonicNs, NinjaTrader.Core.Globals.Now);
            RenderTarget.DrawStatus(lines, chart, ColorOf(status.State), _tools);
        }
    }
}
