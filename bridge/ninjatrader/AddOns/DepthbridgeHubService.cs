using System;
using System.Collections.Generic;
using System.Threading;
using Depthbridge;
using NinjaTrader.Cbi;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>The hub at work: feeds, their timer, and the events of NinjaTrader's connections.</summary>
    /// <remarks>
    /// The add-on runs one for the whole process. A strategy without the add-on runs one of its own that does not
    /// subscribe to anything: it hands its own events over.
    /// </remarks>
    public sealed class DepthbridgeHubService
    {
        /// <summary>A timer that is this much late has slept with the machine, ns.</summary>
        public const long SleptNs = 15000000000L;

        private readonly object _lock = new object();
        private readonly HubCore _core;
        private readonly IBridgeLog _log;
        private readonly bool _subscribes;
        private readonly int _period;
        private readonly List<DepthbridgeLease> _leases = new List<DepthbridgeLease>();
        private readonly Dictionary<HubStream, DepthbridgeInstrumentFeed> _feeds = new Dictionary<HubStream, DepthbridgeInstrumentFeed>();
        private Timer _timer;
        private int _ticking;
        private long _ticked;
        private long _tickedWall;
        private bool _ended;

        /// <summary>A service that does nothing yet.</summary>
        /// <param name="open">Opens connections to the server.</param>
        /// <param name="log">Where events of the log go.</param>
        /// <param name="subscribes">Whether it subscribes to instruments; else events are handed over.</param>
        /// <param name="period">Between two looks at the feeds, ms; -1: whoever made it calls <see cref="Tick"/>.</param>
        public DepthbridgeHubService(OpenConnection open, IBridgeLog log, bool subscribes, int period)
        {
            _period = period;
            _core = new HubCore(open, log);
            _log = log;
            _subscribes = subscribes;
        }

        /// <summary>All feeds.</summary>
        public List<DepthbridgeInstrumentFeed> Feeds
        {
            get
            {
                lock (_lock)
                {
                    return new List<DepthbridgeInstrumentFeed>(_feeds.Values);
                }
            }
        }

        /// <summary>Where data comes from now: <c>live</c> or <c>playback</c>.</summary>
        public static string Source
        {
            get { return Connection.PlaybackConnection != null ? "playback" : "live"; }
        }

        /// <summary>Begin: timer and events of connections.</summary>
        public void Start()
        {
            Connection.ConnectionStatusUpdate += OnConnectionStatus;
            _timer = new Timer(OnTimer, null, _period, _period);
        }

        /// <summary>End everything, and say bye; whoever holds a lease has none any more.</summary>
        public void Stop()
        {
            List<DepthbridgeInstrumentFeed> feeds;
            lock (_lock)
            {
                if (_ended)
                {
                    return;
                }
                _ended = true;
                feeds = new List<DepthbridgeInstrumentFeed>(_feeds.Values);
                _feeds.Clear();
                _leases.Clear();
            }
            Connection.ConnectionStatusUpdate -= OnConnectionStatus;
            if (_timer != null)
            {
                _timer.Dispose();
            }
            foreach (var feed in feeds)
            {
                feed.Unsubscribe();
            }
            _core.Close();
        }

        /// <summary>Look at an instrument.</summary>
        /// <param name="instrument">Which.</param>
        /// <param name="settings">How it is to be published, if nobody publishes it yet.</param>
        /// <param name="listener">Hears of it until <see cref="Detach"/>.</param>
        /// <returns>Null when the service has ended.</returns>
        public DepthbridgeLease Attach(Instrument instrument, HubSettings settings, IBridgeListener listener)
        {
            var lease = new DepthbridgeLease(instrument, settings, listener);
            if (!Bind(lease))
            {
                return null;
            }
            lock (_lock)
            {
                _leases.Add(lease);
            }
            return lease;
        }

        /// <summary>Look at it no more.</summary>
        public void Detach(DepthbridgeLease lease)
        {
            lock (_lock)
            {
                _leases.Remove(lease);
            }
            Leave(lease);
            lease.Feed = null;
        }

        /// <summary>Look after everything once; the timer does it, and tests.</summary>
        /// <param name="now">The bridge's monotonic clock, ns.</param>
        /// <param name="wall">The PC's clock, ns UTC.</param>
        public void Tick(long now, long wall)
        {
            // A clock that counts sleep shows it, whichever of the two that is on this machine.
            var slept = _ticked != 0 && Math.Max(now - _ticked, wall - _tickedWall) > SleptNs;
            _ticked = now;
            _tickedWall = wall;
            Rebind();
            var playback = Connection.PlaybackConnection;
            var market = playback == null ? DateTime.MinValue : playback.Now;
            foreach (var feed in Feeds)
            {
                if (slept)
                {
                    feed.Interrupted(false);
                    feed.Interrupted(true);
                }
                feed.Tick(now, wall, market);
            }
            foreach (var stream in _core.Sweep(now))
            {
                End(stream);
            }
        }

        /// <summary>What an instrument is to the server.</summary>
        public static StreamDefinition Define(Instrument instrument)
        {
            var master = instrument.MasterInstrument;
            var step = master.InstrumentType == InstrumentType.CryptoCurrency ? 1e-8 : 1.0;
            return new StreamDefinition(SymbolOf(instrument), master.TickSize, step, master.PointValue, DepthOf(master));
        }

        /// <summary>The name by which the server knows an instrument: of a future root, month and year, whatever way NinjaTrader shows it.</summary>
        public static string SymbolOf(Instrument instrument)
        {
            var master = instrument.MasterInstrument;
            if (master.InstrumentType != InstrumentType.Future || instrument.Expiry.Year < 1970 || instrument.Expiry.Year > 2098)
            {
                return instrument.FullName;
            }
            return master.Name + " " + instrument.Expiry.ToString("MM-yy", System.Globalization.CultureInfo.InvariantCulture);
        }

        /// <summary>Rows of a side: futures have ten; others one per market maker, as many as a stream may have.</summary>
        private static int DepthOf(MasterInstrument master)
        {
            return master.InstrumentType == InstrumentType.Future ? 10 : StreamDefinition.MaxDepth;
        }

        private bool Bind(DepthbridgeLease lease)
        {
            var stream = _core.Attach(Define(lease.Instrument), SourceFor(lease.Settings), lease.Settings, lease.Listener);
            if (stream == null)
            {
                return false;
            }
            lease.Feed = FeedOf(lease.Instrument, stream);
            return true;
        }

        /// <summary>History is neither live nor a playback: it has a source of its own, and spoils neither.</summary>
        private static string SourceFor(HubSettings settings)
        {
            return settings.HistoricalOnly ? "replay" : Source;
        }

        private DepthbridgeInstrumentFeed FeedOf(Instrument instrument, HubStream stream)
        {
            DepthbridgeInstrumentFeed feed;
            lock (_lock)
            {
                if (_feeds.TryGetValue(stream, out feed))
                {
                    return feed;
                }
                feed = new DepthbridgeInstrumentFeed(instrument, stream, NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo, _log);
                _feeds.Add(stream, feed);
            }
            if (!stream.Settings.HistoricalOnly)
            {
                Begin(feed);
            }
            return feed;
        }

        private void Begin(DepthbridgeInstrumentFeed feed)
        {
            if (feed.Hub.Stream.End > 1)
            {
                // The stream was published before and left: what came meanwhile is missing.
                feed.Hub.Stream.Reset(ResetReason.FeedLost);
            }
            if (_subscribes)
            {
                feed.Subscribe();
            }
            else
            {
                feed.BeginFromRows();
            }
        }

        /// <summary>NinjaTrader went from live data to Playback or back: whoever looks, looks at the other source.</summary>
        private void Rebind()
        {
            foreach (var lease in Leases())
            {
                var stream = lease.Stream;
                if (stream != null && stream.Source != SourceFor(lease.Settings))
                {
                    // The instrument's events are the other source's now: the old feed has to end first.
                    End(stream);
                    Bind(lease);
                    _core.Detach(stream, lease.Listener, BridgeClock.MonotonicNs);
                }
            }
        }

        private DepthbridgeLease[] Leases()
        {
            lock (_lock)
            {
                return _leases.ToArray();
            }
        }

        private void Leave(DepthbridgeLease lease)
        {
            var stream = lease.Stream;
            if (stream != null)
            {
                _core.Detach(stream, lease.Listener, BridgeClock.MonotonicNs);
            }
        }

        private void End(HubStream stream)
        {
            DepthbridgeInstrumentFeed feed;
            lock (_lock)
            {
                if (!_feeds.TryGetValue(stream, out feed))
                {
                    return;
                }
                _feeds.Remove(stream);
            }
            feed.Unsubscribe();
        }

        private void OnConnectionStatus(object sender, ConnectionStatusEventArgs e)
        {
            if (e.PriceStatus == e.PreviousPriceStatus)
            {
                return;
            }
            foreach (var feed in Feeds)
            {
                var its = feed.Instrument.GetMarketDataConnection();
                if (its == null || its == e.Connection)
                {
                    feed.Interrupted(e.PriceStatus == ConnectionStatus.Connected);
                }
            }
        }

        private void OnTimer(object state)
        {
            if (Interlocked.Exchange(ref _ticking, 1) != 0)
            {
                return;
            }
            try
            {
                Tick(BridgeClock.MonotonicNs, BridgeClock.WallNs);
            }
            catch (Exception error)
            {
                // An exception on a pool thread would end NinjaTrader.
                _log.Write(LogEvents.Defect, error.ToString());
            }
            finally
            {
                Interlocked.Exchange(ref _ticking, 0);
            }
        }
    }
}
