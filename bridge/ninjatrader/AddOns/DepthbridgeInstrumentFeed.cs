using System;
using System.Collections.Generic;
using System.Threading;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Feeds one instrument's events into its stream.</summary>
    /// <remarks>
    /// The event handlers may come on any thread. They turn time and price into whole numbers and number the event;
    /// they never block, call out or throw. Whatever takes longer (seeding, auditing, the session's trades) is
    /// done on the instrument's own thread or on the hub's timer. Order of locks: NinjaTrader's, ours, the stream's.
    /// </remarks>
    public sealed class DepthbridgeInstrumentFeed
    {
        private readonly HubStream _hub;
        private readonly PublishedStream _stream;
        private readonly TimeZoneClock _clock;
        private readonly PriceGrid _grid;
        private readonly IBridgeLog _log;
        private readonly object _trades = new object();
        private readonly object _rows = new object();
        private readonly AggressorRule _rule = new AggressorRule();
        private readonly TradeTail _tail = new TradeTail();
        private readonly int _depth;
        private readonly DepthWatch _watch = new DepthWatch();
        private readonly SilenceClock _silence = new SilenceClock();
        private readonly DepthbridgeBackfill _backfill;
        private int _seeding;
        private int _subscribed;
        private bool _apart;
        private bool _differed;
        private bool _wasLost;
        private long _audits;
        private long _rewinds;
        private long _ignored;
        private long _failed;

        /// <summary>A feed that has not begun.</summary>
        /// <param name="instrument">Whose events.</param>
        /// <param name="hub">Where they go.</param>
        /// <param name="zone">In which NinjaTrader gives times.</param>
        /// <param name="log">Where events of the log go.</param>
        public DepthbridgeInstrumentFeed(Instrument instrument, HubStream hub, TimeZoneInfo zone, IBridgeLog log)
        {
            Instrument = instrument;
            _hub = hub;
            _stream = hub.Stream;
            _depth = _stream.Definition.DepthLevels;
            _clock = new TimeZoneClock(zone);
            _grid = new PriceGrid(instrument.MasterInstrument.TickSize);
            _log = log;
            _rewinds = _stream.Counters.Rewinds;
            _backfill = new DepthbridgeBackfill(instrument, hub, _clock, _grid, _trades, _tail, log);
        }

        /// <summary>Whose events.</summary>
        public Instrument Instrument { get; private set; }

        /// <summary>Where they go.</summary>
        public HubStream Hub
        {
            get { return _hub; }
        }

        /// <summary>Times of the display zone as UTC.</summary>
        public TimeZoneClock Clock
        {
            get { return _clock; }
        }

        /// <summary>Prices as ticks.</summary>
        public PriceGrid Grid
        {
            get { return _grid; }
        }

        /// <summary>Level I events of types that the protocol does not carry.</summary>
        public long Ignored
        {
            get { return Interlocked.Read(ref _ignored); }
        }

        /// <summary>Events that could not be read at all.</summary>
        public long Failed
        {
            get { return Interlocked.Read(ref _failed); }
        }

        /// <summary>Audits of the book against NinjaTrader's rows so far.</summary>
        public long Audits
        {
            get { return Interlocked.Read(ref _audits); }
        }

        private bool IsPlayback
        {
            get { return _hub.Source == "playback"; }
        }

        /// <summary>Subscribe to the instrument, on its own thread, and begin with the rows that are there.</summary>
        public void Subscribe()
        {
            if (Interlocked.Exchange(ref _subscribed, 1) == 0)
            {
                OnInstrumentThread(Begin);
            }
        }

        /// <summary>Take the subscription back, on the thread where it was made.</summary>
        public void Unsubscribe()
        {
            if (Interlocked.Exchange(ref _subscribed, 0) == 1)
            {
                OnInstrumentThread(End);
            }
        }

        /// <summary>Begin with the rows that NinjaTrader has already: for whoever hands events over himself.</summary>
        public void BeginFromRows()
        {
            RequestSeed();
        }

        /// <summary>A row of the book has changed.</summary>
        public void OnDepth(object sender, MarketDepthEventArgs e)
        {
            try
            {
                if (e.IsReset)
                {
                    Forget(ResetReason.FeedReset);
                }
                else if (e.MarketDataType == MarketDataType.Ask || e.MarketDataType == MarketDataType.Bid)
                {
                    Depth(e);
                }
            }
            catch (Exception)
            {
                // An exception would end the user's feed. The book misses an event now, so it is begun anew.
                Interlocked.Increment(ref _failed);
                _stream.Reset(ResetReason.Fault);
                RequestSeed();
            }
        }

        /// <summary>A quote, a trade, or the running volume.</summary>
        public void OnData(object sender, MarketDataEventArgs e)
        {
            try
            {
                if (e.IsReset)
                {
                    lock (_trades)
                    {
                        _rule.Clear();
                    }
                }
                else
                {
                    Data(e);
                }
            }
            catch (Exception)
            {
                Interlocked.Increment(ref _failed);
            }
        }

        /// <summary>A trade of Tick Replay, when nothing else is sent.</summary>
        public void OnHistoricalTrade(MarketDataEventArgs e)
        {
            lock (_trades)
            {
                Last(e, _clock.ToUtc(e.Time));
            }
        }

        /// <summary>The price connection was lost, or is back, or the machine slept: rows may have been missed.</summary>
        /// <param name="back">Whether data can be expected now.</param>
        public void Interrupted(bool back)
        {
            if (!back)
            {
                if (!_wasLost)
                {
                    _log.Write(LogEvents.FeedLost, _hub.Symbol);
                    Forget(ResetReason.FeedLost);
                }
            }
            else if (_wasLost)
            {
                _log.Write(LogEvents.FeedBack, _hub.Symbol);
                RequestSeed();
            }
            _wasLost = !back;
        }

        /// <summary>What has to be done from time to time; on the hub's timer, about once a second.</summary>
        /// <param name="now">The bridge's monotonic clock, ns.</param>
        /// <param name="wall">The PC's clock, ns UTC.</param>
        /// <param name="playback">The playback's clock in the display zone; not looked at for live data.</param>
        public void Tick(long now, long wall, DateTime playback)
        {
            if (_hub.Settings.HistoricalOnly)
            {
                return;
            }
            if (!IsPlayback)
            {
                // A live event is not older than some minutes: that settles which pass of a repeated hour it is.
                _clock.NotBefore(wall - 600000000000L);
            }
            WatchLevelTwo(now);
            WatchTime(IsPlayback ? playback.Ticks * 100 : now);
            WatchJumps();
            if (_stream.SeedWanted)
            {
                RequestSeed();
            }
            else
            {
                OnInstrumentThread(Audit);
            }
            _backfill.Tick(now);
        }

        private void Begin()
        {
            Instrument.MarketDepth.Update += OnDepth;
            Instrument.MarketData.Update += OnData;
            Seed();
        }

        private void End()
        {
            Instrument.MarketDepth.Update -= OnDepth;
            Instrument.MarketData.Update -= OnData;
        }

        private void Depth(MarketDepthEventArgs e)
        {
            var time = _clock.ToUtc(e.Time);
            var side = e.MarketDataType == MarketDataType.Ask ? Wire.SideAsk : Wire.SideBid;
            bool wanted;
            if (_apart || !string.IsNullOrEmpty(e.MarketMaker) || IsDeep(e.Position))
            {
                wanted = DepthOfMaker(e, time, side);
            }
            else
            {
                wanted = _stream.Depth(time, side, (int)e.Operation, e.Position, _grid.Ticks(e.Price), e.Volume, 0);
            }
            if (wanted)
            {
                RequestSeed();
            }
        }

        /// <summary>Whether a row lies further down than the eleventh, which NinjaTrader shows for a moment.</summary>
        private bool IsDeep(int position)
        {
            return position > _depth && position < ShadowBook.MaxRows;
        }

        /// <summary>Rows of market makers, or of a deep feed, make a ladder of prices; the record names whose row it was.</summary>
        private bool DepthOfMaker(MarketDepthEventArgs e, long time, int side)
        {
            lock (_rows)
            {
                if (!_apart)
                {
                    // The first such row: from now on rows are kept apart, beginning with what NinjaTrader has.
                    _apart = true;
                    _stream.Reset(ResetReason.Fault);
                    return true;
                }
                return _stream.DepthOfMaker(
                    time, side, (int)e.Operation, e.Position, _grid.Ticks(e.Price), e.Volume, MakerRef(e.MarketMaker));
            }
        }

        /// <summary>The number of a market maker, where they are wanted by name; else 0.</summary>
        private ulong MakerRef(string name)
        {
            return _hub.Settings.UseL3 ? _stream.MakerRef(name) : 0;
        }

        private void Data(MarketDataEventArgs e)
        {
            var time = _clock.ToUtc(e.Time);
            switch (e.MarketDataType)
            {
                case MarketDataType.Ask:
                    Quote(time, Wire.SideAsk, e);
                    break;
                case MarketDataType.Bid:
                    Quote(time, Wire.SideBid, e);
                    break;
                case MarketDataType.Last:
                    lock (_trades)
                    {
                        Last(e, time);
                    }
                    break;
                case MarketDataType.DailyVolume:
                    _stream.SessionVolume(time, e.Volume);
                    break;
                default:
                    Interlocked.Increment(ref _ignored);
                    break;
            }
        }

        private void Quote(long time, int side, MarketDataEventArgs e)
        {
            var price = _grid.Ticks(e.Price);
            lock (_trades)
            {
                _rule.Quote(side, e.Volume > 0 ? price : AggressorRule.None);
            }
            _stream.Quote(time, side, price, e.Volume);
        }

        /// <summary>Number a trade; the caller holds the trades' lock, so that order and aggressor agree.</summary>
        private void Last(MarketDataEventArgs e, long time)
        {
            var trade = new TradeTick();
            trade.Time = time;
            trade.Price = _grid.Ticks(e.Price);
            trade.Size = e.Volume;
            trade.Bid = _grid.Quote(e.Bid, trade.Price);
            trade.Ask = _grid.Quote(e.Ask, trade.Price);
            _rule.Judge(trade.Price, trade.Bid, trade.Ask);
            _stream.Trade(time, trade.Price, trade.Size, _rule.Side, _rule.How);
            if (_tail.Open)
            {
                _tail.Add(trade);
            }
        }

        private void Forget(ResetReason reason)
        {
            lock (_rows)
            {
                _stream.Reset(reason);
            }
        }

        private void RequestSeed()
        {
            if (Interlocked.Exchange(ref _seeding, 1) == 0)
            {
                OnInstrumentThread(Seed);
            }
        }

        /// <summary>Take NinjaTrader's rows as the book; on the instrument's thread, between two of its events.</summary>
        private void Seed()
        {
            Interlocked.Exchange(ref _seeding, 0);
            lock (Instrument.SyncMarketDepth)
            {
                lock (_rows)
                {
                    _apart = _apart || NeedsLadder();
                    BookLevel[] asks = Rows(Wire.SideAsk), bids = Rows(Wire.SideBid);
                    if (asks.Length + bids.Length == 0)
                    {
                        return;
                    }
                    if (_apart)
                    {
                        _stream.SeedOfMakers(Ladder(bids, asks), TimeOfRows());
                    }
                    else
                    {
                        _stream.Seed(bids, asks, TimeOfRows());
                    }
                }
            }
        }

        /// <summary>Compare the book with NinjaTrader's rows; what differs twice is begun anew.</summary>
        private void Audit()
        {
            var differs = false;
            lock (Instrument.SyncMarketDepth)
            {
                lock (_rows)
                {
                    if (!_stream.SeedWanted)
                    {
                        differs = (!_apart && NeedsLadder()) || Differs();
                    }
                }
            }
            Interlocked.Increment(ref _audits);
            if (differs && _differed)
            {
                _log.Write(LogEvents.BookDiffers, _hub.Symbol);
                Seed();
                differs = false;
            }
            _differed = differs;
        }

        private bool Differs()
        {
            BookLevel[] asks = Rows(Wire.SideAsk), bids = Rows(Wire.SideBid);
            if (_apart)
            {
                var ladder = Ladder(bids, asks);
                asks = ladder.Levels(Wire.SideAsk);
                bids = ladder.Levels(Wire.SideBid);
            }
            return Differs(Wire.SideAsk, asks) || Differs(Wire.SideBid, bids);
        }

        private bool Differs(int side, BookLevel[] theirs)
        {
            var ours = new BookLevel[ShadowBook.MaxRows];
            if (_stream.CopyRows(side, ours) != theirs.Length)
            {
                return true;
            }
            for (var i = 0; i < theirs.Length; i++)
            {
                if (ours[i].Price != theirs[i].Price || ours[i].Size != theirs[i].Size)
                {
                    return true;
                }
            }
            return false;
        }

        /// <summary>NinjaTrader's rows of a side; the caller holds both locks.</summary>
        private BookLevel[] Rows(int side)
        {
            var list = side == Wire.SideAsk ? Instrument.MarketDepth.Asks : Instrument.MarketDepth.Bids;
            var rows = new BookLevel[list.Count];
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i] = new BookLevel(_grid.Ticks(list[i].Price), list[i].Volume);
            }
            return rows;
        }

        /// <summary>These rows of both sides by whose they are; the caller holds both locks.</summary>
        private MakerLadder Ladder(BookLevel[] bids, BookLevel[] asks)
        {
            var ladder = new MakerLadder(_depth);
            ladder.Load(Wire.SideBid, bids, Makers(Wire.SideBid));
            ladder.Load(Wire.SideAsk, asks, Makers(Wire.SideAsk));
            return ladder;
        }

        private ulong[] Makers(int side)
        {
            var list = side == Wire.SideAsk ? Instrument.MarketDepth.Asks : Instrument.MarketDepth.Bids;
            var makers = new ulong[list.Count];
            for (var i = 0; i < makers.Length; i++)
            {
                makers[i] = MakerRef(list[i].MarketMaker);
            }
            return makers;
        }

        private bool NeedsLadder()
        {
            return NeedsLadder(Wire.SideAsk) || NeedsLadder(Wire.SideBid);
        }

        private bool NeedsLadder(int side)
        {
            var rows = side == Wire.SideAsk ? Instrument.MarketDepth.Asks : Instrument.MarketDepth.Bids;
            var needs = rows.Count > _depth + 1;
            for (var i = 0; i < rows.Count && !needs; i++)
            {
                needs = !string.IsNullOrEmpty(rows[i].MarketMaker);
            }
            return needs;
        }

        private long TimeOfRows()
        {
            if (_stream.LastReset == ResetReason.Rewind)
            {
                // Rows that have not changed since carry times of before the jump: each event would be another jump.
                return _stream.NewestTime;
            }
            var latest = DateTime.MinValue;
            foreach (var row in Instrument.MarketDepth.Asks)
            {
                latest = row.Time > latest ? row.Time : latest;
            }
            foreach (var row in Instrument.MarketDepth.Bids)
            {
                latest = row.Time > latest ? row.Time : latest;
            }
            return Math.Max(_clock.ToUtc(latest), _stream.NewestTime);
        }

        private void WatchLevelTwo(long now)
        {
            if (_watch.Sample(_stream.DepthEvents + _stream.Counters.Unseeded, _stream.LevelOneEvents, now))
            {
                _hub.Connection.SetLevelTwo(_hub.Symbol, !_watch.LevelOneOnly);
                _log.Write(_watch.LevelOneOnly ? LogEvents.NoLevelTwo : LogEvents.LevelTwo, _hub.Symbol);
            }
        }

        private void WatchTime(long clock)
        {
            var told = _silence.Sample(_stream.DepthEvents + _stream.LevelOneEvents, _stream.NewestTime, clock);
            if (told > 0)
            {
                _stream.Advance(told);
            }
            if (IsPlayback && _silence.Paused != _stream.Paused)
            {
                _stream.Paused = _silence.Paused;
            }
        }

        private void WatchJumps()
        {
            var rewinds = _stream.Counters.Rewinds;
            if (rewinds != _rewinds)
            {
                _rewinds = rewinds;
                _log.Write(LogEvents.PlaybackJump, _hub.Symbol);
            }
        }

        private void OnInstrumentThread(Action action)
        {
            var dispatcher = Instrument.Dispatcher;
            if (dispatcher != null && !dispatcher.HasShutdownStarted)
            {
                dispatcher.InvokeAsync(action);
            }
        }
    }
}
