// NinjaTrader.Data: depth, Level I, bars and requests for bars.
using System;
using System.Collections.Generic;
using System.Threading;
using NinjaTrader.Cbi;

namespace NinjaTrader.Data
{
    /// <summary>Kind of a market data event.</summary>
    public enum MarketDataType
    {
        /// <summary>Best ask.</summary>
        Ask = 0,

        /// <summary>Best bid.</summary>
        Bid = 1,

        /// <summary>A trade.</summary>
        Last = 2,

        /// <summary>High of the day.</summary>
        DailyHigh = 3,

        /// <summary>Low of the day.</summary>
        DailyLow = 4,

        /// <summary>Running volume of the day.</summary>
        DailyVolume = 5,

        /// <summary>Yesterday's close.</summary>
        LastClose = 6,

        /// <summary>Opening price.</summary>
        Opening = 7,

        /// <summary>Open interest.</summary>
        OpenInterest = 8,

        /// <summary>Settlement price.</summary>
        Settlement = 9,

        /// <summary>Not known.</summary>
        Unknown = 10,
    }

    /// <summary>One change of a depth row.</summary>
    public partial class MarketDepthEventArgs : EventArgs
    {
        /// <summary>The instrument.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>The data so far is void (the session changed or the feed was reset).</summary>
        public bool IsReset { get; set; }

        /// <summary>Ask or Bid.</summary>
        public MarketDataType MarketDataType { get; set; }

        /// <summary>Whose row; empty for futures.</summary>
        public string MarketMaker { get; set; }

        /// <summary>What happened.</summary>
        public Operation Operation { get; set; }

        /// <summary>Row from 0.</summary>
        public int Position { get; set; }

        /// <summary>Price.</summary>
        public double Price { get; set; }

        /// <summary>Display zone.</summary>
        public DateTime Time { get; set; }

        /// <summary>Size.</summary>
        public long Volume { get; set; }
    }

    /// <summary>A Level I event.</summary>
    public partial class MarketDataEventArgs : EventArgs
    {
        /// <summary>Best ask at that moment.</summary>
        public double Ask { get; set; }

        /// <summary>Best bid at that moment.</summary>
        public double Bid { get; set; }

        /// <summary>The last trade's price at that moment.</summary>
        public double Last { get; set; }

        /// <summary>The instrument.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>The data so far is void.</summary>
        public bool IsReset { get; set; }

        /// <summary>Which value changed.</summary>
        public MarketDataType MarketDataType { get; set; }

        /// <summary>Its price.</summary>
        public double Price { get; set; }

        /// <summary>Display zone.</summary>
        public DateTime Time { get; set; }

        /// <summary>Its volume.</summary>
        public long Volume { get; set; }
    }

    /// <summary>A row of the depth snapshot.</summary>
    public partial class MarketDepthRow
    {
        /// <summary>Whose.</summary>
        public string MarketMaker { get; set; }

        /// <summary>Price.</summary>
        public double Price { get; set; }

        /// <summary>Size.</summary>
        public long Volume { get; set; }

        /// <summary>Last change, display zone.</summary>
        public DateTime Time { get; set; }
    }

    /// <summary>Depth of an instrument: rows and events.</summary>
    public partial class MarketDepth<T> where T : MarketDepthRow, new()
    {
        private readonly object sync = new object();
        private readonly List<KeyValuePair<EventHandler<MarketDepthEventArgs>, Thread>> handlers =
            new List<KeyValuePair<EventHandler<MarketDepthEventArgs>, Thread>>();

        /// <summary>Empty depth.</summary>
        public MarketDepth(Instrument instrument)
        {
            Instrument = instrument;
            Asks = new List<T>();
            Bids = new List<T>();
        }

        /// <summary>Ask rows, best first; only under Instrument.SyncMarketDepth.</summary>
        public IList<T> Asks { get; private set; }

        /// <summary>Bid rows, best first; only under Instrument.SyncMarketDepth.</summary>
        public IList<T> Bids { get; private set; }

        /// <summary>Whose depth.</summary>
        public Instrument Instrument { get; private set; }

        /// <summary>Test side: how many handlers were taken off on another thread than they were put on.</summary>
        public int ForeignThreads { get; private set; }

        /// <summary>Test side: how many listen.</summary>
        public int Listeners
        {
            get { lock (sync) { return handlers.Count; } }
        }

        /// <summary>After each change of the rows.</summary>
        public event EventHandler<MarketDepthEventArgs> Update
        {
            add
            {
                lock (sync)
                    handlers.Add(new KeyValuePair<EventHandler<MarketDepthEventArgs>, Thread>(value, Thread.CurrentThread));
            }

            remove
            {
                lock (sync)
                    for (int i = 0; i < handlers.Count; i++)
                        if (handlers[i].Key == value)
                        {
                            if (handlers[i].Value != Thread.CurrentThread)
                                ForeignThreads++;
                            handlers.RemoveAt(i);
                            return;
                        }
            }
        }

        /// <summary>Test side: moves the rows as NinjaTrader does, then tells who listens.</summary>
        public void Raise(MarketDepthEventArgs e)
        {
            lock (Instrument.SyncMarketDepth)
                Apply(e);
            Tell(e);
        }

        /// <summary>Test side: only tells who listens.</summary>
        public void Tell(MarketDepthEventArgs e)
        {
            KeyValuePair<EventHandler<MarketDepthEventArgs>, Thread>[] now;
            lock (sync)
                now = handlers.ToArray();
            foreach (KeyValuePair<EventHandler<MarketDepthEventArgs>, Thread> handler in now)
                handler.Key(this, e);
        }

        /// <summary>Test side: moves the rows only.</summary>
        public void Apply(MarketDepthEventArgs e)
        {
            if (e.IsReset)
            {
                Asks.Clear();
                Bids.Clear();
                return;
            }
            IList<T> rows = e.MarketDataType == MarketDataType.Ask ? Asks : Bids;
            if (e.Operation == Operation.Remove)
            {
                if (e.Position < rows.Count)
                    rows.RemoveAt(e.Position);
                return;
            }
            T row = new T { MarketMaker = e.MarketMaker, Price = e.Price, Volume = e.Volume, Time = e.Time };
            if (e.Operation == Operation.Add || e.Position >= rows.Count)
                rows.Insert(Math.Min(e.Position, rows.Count), row);
            else
                rows[e.Position] = row;
        }
    }

    /// <summary>Level I of an instrument: latest values and events.</summary>
    public partial class MarketData
    {
        private readonly object sync = new object();
        private readonly List<KeyValuePair<EventHandler<MarketDataEventArgs>, Thread>> handlers =
            new List<KeyValuePair<EventHandler<MarketDataEventArgs>, Thread>>();

        /// <summary>Nothing known yet.</summary>
        public MarketData(Instrument instrument)
        {
            Instrument = instrument;
        }

        /// <summary>Whose data.</summary>
        public Instrument Instrument { get; private set; }

        /// <summary>Latest ask; null before the first.</summary>
        public MarketDataEventArgs Ask { get; private set; }

        /// <summary>Latest bid; null before the first.</summary>
        public MarketDataEventArgs Bid { get; private set; }

        /// <summary>Latest trade; null before the first.</summary>
        public MarketDataEventArgs Last { get; private set; }

        /// <summary>Latest running volume; null before the first.</summary>
        public MarketDataEventArgs DailyVolume { get; private set; }

        /// <summary>Test side: how many handlers were taken off on another thread than they were put on.</summary>
        public int ForeignThreads { get; private set; }

        /// <summary>Test side: how many listen.</summary>
        public int Listeners
        {
            get { lock (sync) { return handlers.Count; } }
        }

        /// <summary>After each Level I event.</summary>
        public event EventHandler<MarketDataEventArgs> Update
        {
            add
            {
                lock (sync)
                    handlers.Add(new KeyValuePair<EventHandler<MarketDataEventArgs>, Thread>(value, Thread.CurrentThread));
            }

            remove
            {
                lock (sync)
                    for (int i = 0; i < handlers.Count; i++)
                        if (handlers[i].Key == value)
                        {
                            if (handlers[i].Value != Thread.CurrentThread)
                                ForeignThreads++;
                            handlers.RemoveAt(i);
                            return;
                        }
            }
        }

        /// <summary>Test side: keeps the value, then tells who listens.</summary>
        public void Raise(MarketDataEventArgs e)
        {
            Keep(e);
            KeyValuePair<EventHandler<MarketDataEventArgs>, Thread>[] now;
            lock (sync)
                now = handlers.ToArray();
            foreach (KeyValuePair<EventHandler<MarketDataEventArgs>, Thread> handler in now)
                handler.Key(this, e);
        }

        private void Keep(MarketDataEventArgs e)
        {
            if (e.MarketDataType == MarketDataType.Ask)
                Ask = e;
            else if (e.MarketDataType == MarketDataType.Bid)
                Bid = e;
            else if (e.MarketDataType == MarketDataType.Last)
                Last = e;
            else if (e.MarketDataType == MarketDataType.DailyVolume)
                DailyVolume = e;
        }
    }

    /// <summary>Kind of bars.</summary>
    public enum BarsPeriodType
    {
        /// <summary>By count of trades.</summary>
        Tick = 0,

        /// <summary>By volume.</summary>
        Volume = 1,

        /// <summary>By range.</summary>
        Range = 2,

        /// <summary>By seconds.</summary>
        Second = 3,

        /// <summary>By minutes.</summary>
        Minute = 4,

        /// <summary>By days.</summary>
        Day = 5,
    }

    /// <summary>Kind and size of bars.</summary>
    public partial class BarsPeriod
    {
        /// <summary>Kind.</summary>
        public BarsPeriodType BarsPeriodType { get; set; }

        /// <summary>Size.</summary>
        public int Value { get; set; }

        /// <summary>Which price they are of.</summary>
        public MarketDataType MarketDataType { get; set; }

        /// <summary>A second value, of some kinds.</summary>
        public int Value2 { get; set; }
    }

    /// <summary>Sessions of an instrument.</summary>
    public partial class TradingHours
    {
        /// <summary>Name of the template.</summary>
        public string Name { get; set; }

        /// <summary>Test side: when a trading day begins, as the time of day in the display zone.</summary>
        public TimeSpan Begin { get; set; }
    }

    /// <summary>A list of bars.</summary>
    public partial class Bars
    {
        private readonly List<Bar> rows = new List<Bar>();

        /// <summary>Kind and size.</summary>
        public BarsPeriod BarsPeriod { get; set; }

        /// <summary>Of what.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>Sessions.</summary>
        public TradingHours TradingHours { get; set; }

        /// <summary>Whether the chart replays ticks through history.</summary>
        public bool IsTickReplay { get; set; }

        /// <summary>How many.</summary>
        public int Count
        {
            get { return rows.Count; }
        }

        /// <summary>Whether the bar that closes now is the first of a session.</summary>
        public bool IsFirstBarOfSession { get; set; }

        /// <summary>Test side: adds one.</summary>
        public void Append(Bar bar)
        {
            rows.Add(bar);
        }

        /// <summary>Close time, display zone.</summary>
        public DateTime GetTime(int index)
        {
            return rows[index].Time;
        }

        /// <summary>First price.</summary>
        public double GetOpen(int index)
        {
            return rows[index].Open;
        }

        /// <summary>Highest price.</summary>
        public double GetHigh(int index)
        {
            return rows[index].High;
        }

        /// <summary>Lowest price.</summary>
        public double GetLow(int index)
        {
            return rows[index].Low;
        }

        /// <summary>Last price.</summary>
        public double GetClose(int index)
        {
            return rows[index].Close;
        }

        /// <summary>Volume.</summary>
        public long GetVolume(int index)
        {
            return rows[index].Volume;
        }

        /// <summary>Of tick bars: the bid at the trade, 0 where it is not stored.</summary>
        public double GetBid(int index)
        {
            return rows[index].Bid;
        }

        /// <summary>Of tick bars: the ask at the trade, 0 where it is not stored.</summary>
        public double GetAsk(int index)
        {
            return rows[index].Ask;
        }
    }

    /// <summary>Test side: one bar.</summary>
    public partial struct Bar
    {
        /// <summary>Close time, display zone.</summary>
        public DateTime Time;

        /// <summary>First price.</summary>
        public double Open;

        /// <summary>Highest price.</summary>
        public double High;

        /// <summary>Lowest price.</summary>
        public double Low;

        /// <summary>Last price.</summary>
        public double Close;

        /// <summary>Volume.</summary>
        public long Volume;

        /// <summary>Bid at a trade.</summary>
        public double Bid;

        /// <summary>Ask at a trade.</summary>
        public double Ask;
    }

    /// <summary>Asks for historical bars.</summary>
    public partial class BarsRequest : IDisposable
    {
        /// <summary>Between two times, display zone.</summary>
        public BarsRequest(Instrument instrument, DateTime fromLocal, DateTime toLocal)
        {
            Instrument = instrument;
            FromLocal = fromLocal;
            ToLocal = toLocal;
        }

        /// <summary>The latest bars.</summary>
        public BarsRequest(Instrument instrument, int barsBack)
        {
            Instrument = instrument;
            BarsBack = barsBack;
        }

        /// <summary>Test side: answers requests; null: an error.</summary>
        public static Func<BarsRequest, Bars> Source { get; set; }

        /// <summary>Test side: runs the answer; by default on a thread of the pool.</summary>
        public static Action<Action> Deliver { get; set; }

        /// <summary>Of what.</summary>
        public Instrument Instrument { get; private set; }

        /// <summary>From when.</summary>
        public DateTime FromLocal { get; private set; }

        /// <summary>Until when.</summary>
        public DateTime ToLocal { get; private set; }

        /// <summary>Or how many.</summary>
        public int BarsBack { get; private set; }

        /// <summary>Kind and size.</summary>
        public BarsPeriod BarsPeriod { get; set; }

        /// <summary>Sessions.</summary>
        public TradingHours TradingHours { get; set; }

        /// <summary>The answer.</summary>
        public Bars Bars { get; private set; }

        /// <summary>Test side: whether it was given free.</summary>
        public bool IsDisposed { get; private set; }

        /// <summary>Asks; the answer comes on some thread.</summary>
        public void Request(Action<BarsRequest, ErrorCode, string> callback)
        {
            Action answer = delegate
            {
                Bars = Source == null ? null : Source(this);
                if (Bars == null)
                    callback(this, ErrorCode.Panic, "no data");
                else
                    callback(this, ErrorCode.NoError, string.Empty);
            };
            if (Deliver != null)
                Deliver(answer);
            else
                ThreadPool.QueueUserWorkItem(delegate { answer(); });
        }

        /// <summary>Gives it free.</summary>
        public void Dispose()
        {
            IsDisposed = true;
        }
    }

    /// <summary>Finds the sessions around a time.</summary>
    public partial class SessionIterator
    {
        private readonly TimeSpan begin;

        /// <summary>Of these bars.</summary>
        public SessionIterator(Bars bars)
            : this(bars.TradingHours)
        {
        }

        /// <summary>Of a template.</summary>
        public SessionIterator(TradingHours tradingHours)
        {
            begin = tradingHours == null ? TimeSpan.Zero : tradingHours.Begin;
        }

        /// <summary>Begin of the session that was asked for, display zone.</summary>
        public DateTime ActualSessionBegin { get; private set; }

        /// <summary>End of the session that was asked for, display zone.</summary>
        public DateTime ActualSessionEnd { get; private set; }

        /// <summary>Moves to the session that holds the time, or the next one.</summary>
        public bool GetNextSession(DateTime timeLocal, bool includesEndTimeStamp)
        {
            DateTime day = timeLocal.Date + begin;
            ActualSessionBegin = timeLocal < day ? day.AddDays(-1) : day;
            ActualSessionEnd = ActualSessionBegin.AddDays(1);
            return true;
        }
    }
}
