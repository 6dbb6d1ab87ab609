using System;
using System.Collections.Generic;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Threading;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;
using NinjaTrader.NinjaScript.DrawingTools;

namespace NinjaTrader.NinjaScript.Strategies
{
    /// <summary>Trades the server's signals. An example: it promises no profit.</summary>
    /// <remarks>
    /// Only on accounts named Sim... or Playback..., unless <see cref="AllowLiveAccount"/> is set. The rules are in
    /// <see cref="TradeDesk"/> and <see cref="OrderManager"/>; here is what NinjaTrader knows: account, clock,
    /// settings, chart. The orders themselves are in the other half of this class.
    /// </remarks>
    public partial class DepthbridgeClusterTrader : DepthbridgeStrategy, ITradeLog
    {
        private const long Second = 1000000000L;

        private readonly SerialQueue turns = new SerialQueue();
        private readonly LatencyMeter signalLag = new LatencyMeter();
        private readonly LatencyMeter orderLag = new LatencyMeter();
        private readonly List<double> closes = new List<double>();
        private TradeDesk desk;
        private TradeMessages messages;
        private TimeZoneClock clock;
        private Timer timer;
        private Instrument signals;
        private double seenBid;
        private double seenAsk;
        private long bid;
        private long ask;
        private volatile bool ended;

        static DepthbridgeClusterTrader()
        {
            Period = 1000;
        }

        /// <summary>Between two looks at the clock, ms; tests look themselves (-1).</summary>
        public static int Period { get; set; }

        /// <summary>The trading; null until real time has begun on a permitted account.</summary>
        [System.ComponentModel.Browsable(false)]
        [System.Xml.Serialization.XmlIgnore]
        public TradeDesk Desk
        {
            get { return desk; }
        }

        /// <summary>What stands on the chart.</summary>
        [System.ComponentModel.Browsable(false)]
        [System.Xml.Serialization.XmlIgnore]
        public string Banner { get; private set; }

        #region Properties
        /// <summary>Trades accounts that are not simulated.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Allow live account", Description = "Off: trades only accounts named Sim... or Playback... On: real money, at your own risk.", Order = 1, GroupName = "4. Account and orders")]
        public bool AllowLiveAccount { get; set; }

        /// <summary>Where the signals come from.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Signal instrument", Description = "Full name of the instrument whose depth is judged, such as ES 12-26 for orders in MES; empty: the chart's own.", Order = 2, GroupName = "4. Account and orders")]
        public string SignalInstrument { get; set; }

        /// <summary>Managed or unmanaged orders.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Managed orders", Description = "On: NinjaTrader attaches stop and target to the entry. Off (recommended): they are sent as an OCO pair after each fill.", Order = 3, GroupName = "4. Account and orders")]
        public bool ManagedOrders { get; set; }

        /// <summary>How entries are ordered.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Entry order", Description = "Limit, StopMarket or Market.", Order = 4, GroupName = "4. Account and orders")]
        public OrderKind EntryOrderKind { get; set; }

        /// <summary>Distance of the entry from the cluster.</summary>
        [NinjaScriptProperty]
        [Range(0, 1000)]
        [Display(Name = "Entry offset", Description = "Ticks that a limit lies away from the market, or a stop beyond the cluster.", Order = 5, GroupName = "4. Account and orders")]
        public int EntryOffset { get; set; }

        /// <summary>Life of an entry.</summary>
        [NinjaScriptProperty]
        [Range(1, 86400)]
        [Display(Name = "Entry seconds", Description = "Seconds after which an entry that does not fill is cancelled.", Order = 6, GroupName = "4. Account and orders")]
        public int EntrySeconds { get; set; }

        /// <summary>Rate of the broker.</summary>
        [NinjaScriptProperty]
        [Range(4, 1000)]
        [Display(Name = "Orders per second", Description = "Most messages a second for entries and moved stops; protection goes out at once.", Order = 7, GroupName = "4. Account and orders")]
        public int OrdersPerSecond { get; set; }

        /// <summary>Tries after a refusal.</summary>
        [NinjaScriptProperty]
        [Range(0, 20)]
        [Display(Name = "Retries", Description = "How often a refused stop or target is sent again before the position is closed.", Order = 8, GroupName = "4. Account and orders")]
        public int Retries { get; set; }

        /// <summary>Money at risk.</summary>
        [NinjaScriptProperty]
        [Range(0.01, 1e9)]
        [Display(Name = "Risk per trade", Description = "Money that one trade may lose at its stop; gives the number of contracts.", Order = 1, GroupName = "5. Size and exits")]
        public double RiskPerTrade { get; set; }

        /// <summary>Cap of the position.</summary>
        [NinjaScriptProperty]
        [Range(1, 10000)]
        [Display(Name = "Most contracts", Description = "Most contracts, open and ordered together.", Order = 2, GroupName = "5. Size and exits")]
        public int MostContracts { get; set; }

        /// <summary>Fees.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 1e6)]
        [Display(Name = "Fees per contract", Description = "Money per contract for both ways.", Order = 3, GroupName = "5. Size and exits")]
        public double FeesPerContract { get; set; }

        /// <summary>Distance of the stop.</summary>
        [NinjaScriptProperty]
        [Range(1, 10000)]
        [Display(Name = "Stop ticks", Description = "Distance of the stop.", Order = 4, GroupName = "5. Size and exits")]
        public int StopTicks { get; set; }

        /// <summary>Distance of the target.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Target ticks", Description = "Distance of the target; 0: none.", Order = 5, GroupName = "5. Size and exits")]
        public int TargetTicks { get; set; }

        /// <summary>When the stop goes to the entry.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Break-even after", Description = "Ticks of profit after which the stop goes to the entry price; 0: never.", Order = 6, GroupName = "5. Size and exits")]
        public int BreakEvenAfter { get; set; }

        /// <summary>How far beyond the entry.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Break-even offset", Description = "Ticks beyond the entry price.", Order = 7, GroupName = "5. Size and exits")]
        public int BreakEvenOffset { get; set; }

        /// <summary>When the stop trails.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Trail after", Description = "Ticks of profit after which the stop trails.", Order = 8, GroupName = "5. Size and exits")]
        public int TrailAfter { get; set; }

        /// <summary>How far it trails.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Trail distance", Description = "Ticks from the best price; 0: no trailing.", Order = 9, GroupName = "5. Size and exits")]
        public int TrailDistance { get; set; }

        /// <summary>Longest life of a position.</summary>
        [NinjaScriptProperty]
        [Range(0, 86400)]
        [Display(Name = "Most seconds", Description = "Seconds after which a position is closed; 0: never.", Order = 10, GroupName = "5. Size and exits")]
        public int MostSeconds { get; set; }

        /// <summary>Opposite signals close.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Exit on opposite", Description = "A signal against the open position closes it.", Order = 11, GroupName = "5. Size and exits")]
        public bool ExitOnOpposite { get; set; }

        /// <summary>Which ideas are traded.</summary>
        [NinjaScriptProperty]
        [Display(Name = "Kinds", Description = "The server's rules that are traded, such as bounce, break, by commas; empty: all.", Order = 1, GroupName = "6. Signals")]
        public string Kinds { get; set; }

        /// <summary>Filter by strength.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 1.0)]
        [Display(Name = "Least strength", Description = "0 to 1.", Order = 2, GroupName = "6. Signals")]
        public double LeastStrength { get; set; }

        /// <summary>Filter by confidence.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 1.0)]
        [Display(Name = "Least confidence", Description = "0 to 1; above 0 a signal without a known hit rate is left out.", Order = 3, GroupName = "6. Signals")]
        public double LeastConfidence { get; set; }

        /// <summary>Filter by score.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 100.0)]
        [Display(Name = "Least score", Description = "Of the cluster, 0 to 100; above 0 a signal about one that has ended, such as break, is left out.", Order = 4, GroupName = "6. Signals")]
        public double LeastScore { get; set; }

        /// <summary>How many must agree.</summary>
        [NinjaScriptProperty]
        [Range(1, 100)]
        [Display(Name = "Agreeing", Description = "How many signals must agree.", Order = 5, GroupName = "6. Signals")]
        public int Agreeing { get; set; }

        /// <summary>Within which time.</summary>
        [NinjaScriptProperty]
        [Range(0, 86400)]
        [Display(Name = "Agree within", Description = "Seconds within which they must.", Order = 6, GroupName = "6. Signals")]
        public int AgreeSeconds { get; set; }

        /// <summary>Spacing in time.</summary>
        [NinjaScriptProperty]
        [Range(0, 86400)]
        [Display(Name = "Spacing seconds", Description = "Least seconds between entries of one direction.", Order = 7, GroupName = "6. Signals")]
        public int SpacingSeconds { get; set; }

        /// <summary>Spacing in price.</summary>
        [NinjaScriptProperty]
        [Range(0, 10000)]
        [Display(Name = "Spacing ticks", Description = "Least distance between them, within twice that time.", Order = 8, GroupName = "6. Signals")]
        public int SpacingTicks { get; set; }

        /// <summary>Bars of the slower timeframe.</summary>
        [NinjaScriptProperty]
        [Range(1, 1440)]
        [Display(Name = "Trend minutes", Description = "Bars of the second timeframe.", Order = 9, GroupName = "6. Signals")]
        public int TrendMinutes { get; set; }

        /// <summary>Average of the slower timeframe.</summary>
        [NinjaScriptProperty]
        [Range(0, 1000)]
        [Display(Name = "Trend period", Description = "Trade only with the second timeframe's close against its average of so many bars; 0: no filter.", Order = 10, GroupName = "6. Signals")]
        public int TrendPeriod { get; set; }

        /// <summary>Day's goal.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 1e9)]
        [Display(Name = "Daily goal", Description = "Profit, realised and open, at which the day ends; 0: none.", Order = 1, GroupName = "7. Day")]
        public double DailyGoal { get; set; }

        /// <summary>Day's loss limit.</summary>
        [NinjaScriptProperty]
        [Range(0.0, 1e9)]
        [Display(Name = "Daily loss", Description = "Loss, realised and open, at which the day ends; 0: none.", Order = 2, GroupName = "7. Day")]
        public double DailyLoss { get; set; }

        /// <summary>Begin of trading.</summary>
        [NinjaScriptProperty]
        [Range(0, 235959)]
        [Display(Name = "Session begin", Description = "hhmmss on NinjaTrader's clock; the same as the end: all day.", Order = 3, GroupName = "7. Day")]
        public int SessionBegin { get; set; }

        /// <summary>Last entry.</summary>
        [NinjaScriptProperty]
        [Range(0, 235959)]
        [Display(Name = "Last entry", Description = "hhmmss from which on nothing is entered.", Order = 4, GroupName = "7. Day")]
        public int LastEntry { get; set; }

        /// <summary>End of trading.</summary>
        [NinjaScriptProperty]
        [Range(0, 235959)]
        [Display(Name = "Session end", Description = "hhmmss from which on nothing is open.", Order = 5, GroupName = "7. Day")]
        public int SessionEnd { get; set; }
        #endregion

        /// <inheritdoc/>
        protected override Instrument PythonInstrument
        {
            get { return signals ?? Instrument; }
        }

        /// <summary>A look at the clock: about once a second.</summary>
        public void Look()
        {
            turns.Post(delegate
            {
                if (desk == null)
                {
                    return;
                }
                // Not only when it is told: whoever would tell may be what is gone.
                Live(Status.State == BridgeState.Live);
                TradingTime time = Moment();
                desk.OnAccount(AccountNet(), time);
                desk.OnTick(time);
                Show();
            });
        }

        /// <inheritdoc/>
        void ITradeLog.OnOrder(LiveOrder order, TradingTime time)
        {
            if (order.Ticket.Role == OrderRole.Entry && order.Phase == OrderPhase.Working && order.Filled == 0)
            {
                orderLag.Add(time.Mono - order.SentAt);
            }
            Report(messages.Order(order, time));
        }

        /// <inheritdoc/>
        void ITradeLog.OnFill(LiveOrder order, int contracts, double price, TradingTime time)
        {
            Report(messages.Fill(order, contracts, price, time));
        }

        /// <inheritdoc/>
        void ITradeLog.OnPosition(PositionLedger ledger, TradingTime time)
        {
            Report(messages.Position(ledger, time));
        }

        /// <inheritdoc/>
        void ITradeLog.OnNote(TradeNote note, string text, TradingTime time)
        {
            Say(note + (text.Length == 0 ? "" : ": " + text), note == TradeNote.Closed || note == TradeNote.Closing);
        }

        /// <inheritdoc/>
        protected override void OnStateChange()
        {
            if (State == State.Configure)
            {
                Configure();
            }
            base.OnStateChange();
            if (State == State.SetDefaults)
            {
                SetTradingDefaults();
            }
            else if (State == State.Realtime)
            {
                turns.Post(Begin);
            }
            else if (State == State.Terminated)
            {
                End();
            }
        }

        /// <inheritdoc/>
        protected override void OnMarketData(MarketDataEventArgs marketDataUpdate)
        {
            base.OnMarketData(marketDataUpdate);
            if (State != State.Realtime || BarsInProgress != 0)
            {
                return;
            }
            bool isBid = marketDataUpdate.MarketDataType == MarketDataType.Bid;
            if (isBid || marketDataUpdate.MarketDataType == MarketDataType.Ask)
            {
                OnTouch(isBid, marketDataUpdate.Price);
            }
        }

        // Most quotes change a size only: they cost nothing here.
        private void OnTouch(bool isBid, double price)
        {
            if (price == (isBid ? seenBid : seenAsk))
            {
                return;
            }
            seenBid = isBid ? price : seenBid;
            seenAsk = isBid ? seenAsk : price;
            turns.Post(delegate { Quote(isBid, price); });
        }

        /// <inheritdoc/>
        protected override void OnBarUpdate()
        {
            base.OnBarUpdate();
            if (TrendPeriod == 0 || BarsInProgress != 1 || CurrentBar < 0)
            {
                return;
            }
            double close = Close[0];
            turns.Post(delegate { Trend(close); });
        }

        /// <inheritdoc/>
        protected override void OnPythonStatus(BridgeStatus status)
        {
            turns.Post(delegate { Live(status.State == BridgeState.Live); });
        }

        /// <inheritdoc/>
        protected override void OnPythonSignal(SignalData signal)
        {
            long received = BridgeClock.MonotonicNs;
            turns.Post(delegate { Idea(IdeaOf(signal, received)); });
        }

        private void SetTradingDefaults()
        {
            Name = "DepthbridgeClusterTrader";
            Description = "Example: trades the server's signals about clusters. Simulated accounts only, unless switched on.";
            usePythonHelper = true;
            SignalInstrument = "";
            EntryOrderKind = OrderKind.Limit;
            EntrySeconds = 30;
            OrdersPerSecond = 10;
            Retries = 3;
            RiskPerTrade = 100;
            MostContracts = 1;
            StopTicks = 8;
            TargetTicks = 12;
            ExitOnOpposite = true;
            Kinds = "";
            Agreeing = 1;
            AgreeSeconds = 10;
            SpacingSeconds = 30;
            TrendMinutes = 5;
            SessionBegin = 93000;
            LastEntry = 154500;
            SessionEnd = 155500;
            DailyLoss = 300;
        }

        private void Configure()
        {
            SetOrderMode();
            signals = string.IsNullOrWhiteSpace(SignalInstrument) ? null : Instrument.GetInstrument(SignalInstrument.Trim());
            if (TrendPeriod > 0)
            {
                AddDataSeries(BarsPeriodType.Minute, TrendMinutes);
            }
        }

        private void Begin()
        {
            if (desk != null || ended || !IsPermitted())
            {
                return;
            }
            try
            {
                clock = new TimeZoneClock(NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo);
                TradeSettings settings = Settings();
                messages = new TradeMessages(DepthbridgeHubService.SymbolOf(Instrument), DepthbridgeHubService.Source, TickSize, settings.TickValue);
                desk = new TradeDesk(settings, this, this, "db" + DateTime.UtcNow.Ticks.ToString("x", CultureInfo.InvariantCulture));
            }
            catch (ArgumentException wrong)
            {
                Say("does not trade: " + wrong.Message, false);
                return;
            }
            desk.Start(AccountNet(), AccountOrders(), Moment());
            desk.OnBroker(IsBrokerUp(), Moment());
            Replay();
            Live(Status.State == BridgeState.Live);
            timer = Period > 0 ? new Timer(delegate { Wake(); }, null, Period, Period) : null;
            Show();
        }

        private bool IsPermitted()
        {
            string reason = null;
            if (!string.IsNullOrWhiteSpace(SignalInstrument) && signals == null)
            {
                reason = "no instrument of the name " + SignalInstrument;
            }
            else if (Account == null || !(AllowLiveAccount || IsSimulated(Account.Name)))
            {
                reason = "the account is not simulated, and \"Allow live account\" is off";
            }
            if (reason != null)
            {
                Say("does not trade: " + reason, false);
            }
            return reason == null;
        }

        // NinjaTrader gives these names to its own accounts and lets nobody else begin with them.
        private static bool IsSimulated(string name)
        {
            return name.StartsWith("Sim", StringComparison.Ordinal) || name.StartsWith("Playback", StringComparison.Ordinal);
        }

        private void End()
        {
            ended = true;
            Timer ticking = timer;
            timer = null;
            if (ticking != null)
            {
                ticking.Dispose();
            }
        }

        private void Wake()
        {
            try
            {
                TriggerCustomEvent(delegate { Look(); }, null);
            }
            catch (Exception)
            {
                // NinjaTrader refuses while the strategy is being ended.
            }
        }

        private TradeSettings Settings()
        {
            TradeSettings made = new TradeSettings();
            made.EntryKind = EntryOrderKind;
            made.EntryOffset = EntryOffset;
            made.EntryTime = EntrySeconds * Second;
            made.ExitOnOpposite = ExitOnOpposite;
            made.Risk = RiskPerTrade;
            made.TickValue = Instrument.MasterInstrument.PointValue * TickSize;
            made.Fees = FeesPerContract;
            made.Most = MostContracts;
            made.Agreeing = Agreeing;
            made.AgreeWithin = AgreeSeconds * Second;
            made.SpacingTime = SpacingSeconds * Second;
            made.SpacingTicks = SpacingTicks;
            made.TrendPeriod = TrendPeriod;
            made.DailyGoal = DailyGoal;
            made.DailyLoss = DailyLoss;
            made.Session = new SessionWindow(Seconds(SessionBegin), Seconds(SessionEnd), Seconds(LastEntry));
            made.Filter.LeastStrength = LeastStrength;
            made.Filter.LeastConfidence = LeastConfidence;
            made.Filter.LeastScore = LeastScore;
            made.Filter.SetKinds(Kinds);
            made.Broker.NativeBrackets = ManagedOrders;
            made.Broker.OrdersPerSecond = OrdersPerSecond;
            made.Broker.Retries = Retries;
            made.Exits = Exits();
            return made;
        }

        private ExitPlan Exits()
        {
            return new ExitPlan
            {
                StopTicks = StopTicks,
                TargetTicks = TargetTicks,
                BreakEvenAfter = BreakEvenAfter,
                BreakEvenOffset = BreakEvenOffset,
                TrailAfter = TrailAfter,
                TrailDistance = TrailDistance,
                MostTime = MostSeconds * Second
            };
        }

        private static int Seconds(int clockTime)
        {
            return clockTime / 10000 * 3600 + clockTime / 100 % 100 * 60 + clockTime % 100;
        }

        private TradingTime Moment()
        {
            DateTime local = NinjaTrader.Core.Globals.Now;
            long ticks = local.Ticks - new DateTime(1970, 1, 1).Ticks;
            return new TradingTime(clock.ToUtc(local), ticks * 100, BridgeClock.MonotonicNs);
        }

        private void Quote(bool isBid, double price)
        {
            long ticks = Ticks(price, TickSize);
            bid = isBid ? ticks : bid;
            ask = isBid ? ask : ticks;
            // Between the two events of one move the sides may cross.
            if (desk != null && bid != 0 && ask != 0 && bid < ask)
            {
                desk.OnQuote(bid, ask, Moment());
            }
        }

        // History comes before the desk does, so the closes wait here.
        private void Trend(double close)
        {
            if (desk != null)
            {
                desk.OnTrendBar(close);
                return;
            }
            closes.Add(close);
        }

        private void Replay()
        {
            foreach (double close in closes)
            {
                desk.OnTrendBar(close);
            }
            closes.Clear();
        }

        private void Live(bool live)
        {
            if (desk != null)
            {
                desk.OnLive(live, Moment());
            }
        }

        private void Idea(TradeIdea idea)
        {
            if (idea == null || desk == null || ended)
            {
                return;
            }
            TradingTime time = Moment();
            signalLag.Add(time.Event - idea.Time);
            idea.Rescale(PythonInstrument.MasterInstrument.TickSize, TickSize);
            IdeaVerdict verdict = desk.OnIdea(idea, time);
            if (DebugMode || verdict == IdeaVerdict.Entered)
            {
                Say(idea.Kind + (idea.Direction > 0 ? " buy: " : " sell: ") + verdict, true);
            }
        }

        private TradeIdea IdeaOf(SignalData signal, long received)
        {
            if (!(Math.Abs(signal.Strength) > 0))
            {
                return null;
            }
            double tick = PythonInstrument.MasterInstrument.TickSize;
            return new TradeIdea
            {
                Direction = signal.Strength > 0 ? 1 : -1,
                Kind = signal.Kind,
                Strength = signal.Strength,
                Confidence = signal.Confidence,
                Cluster = signal.Cluster ?? 0,
                Score = ScoreOf(signal.Cluster ?? 0),
                Price = double.IsNaN(signal.Price) ? 0 : Ticks(signal.Price, tick),
                Time = signal.Time,
                Received = received,
                Expires = signal.Expires ?? 0
            };
        }

        private double ScoreOf(long id)
        {
            ClusterData found = Array.Find(activeClusters, delegate(ClusterData cluster) { return cluster.Id == id; });
            return found == null ? double.NaN : found.Score;
        }

        private static long Ticks(double price, double tick)
        {
            return (long)Math.Round(price / tick, MidpointRounding.AwayFromZero);
        }

        private void Show()
        {
            Banner = string.Format(
                CultureInfo.InvariantCulture,
                "Depthbridge {0}\nprofit {1:0.00}, today {2:0.00}, position {3}\n{4}\nsignal {5}, order {6}",
                Status.Title,
                desk.Profit,
                desk.Limits.Profit,
                desk.Manager.Ledger.Net,
                desk.Gates == EntryGate.None ? "trading" : "no entries: " + desk.Gates,
                Milliseconds(signalLag.Median),
                Milliseconds(orderLag.Median));
            Draw.TextFixed(this, "DepthbridgeClusterTrader", Banner, TextPosition.BottomRight);
        }

        private static string Milliseconds(long nanoseconds)
        {
            return nanoseconds < 0 ? "-" : (nanoseconds / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " ms";
        }

        private void Say(string text, bool quietly)
        {
            string line = "Depthbridge trader, " + Instrument.FullName + ": " + text;
            Print(line);
            if (!quietly)
            {
                Log(line, NinjaTrader.Cbi.LogLevel.Warning);
            }
        }
    }
}
