using System;

namespace Depthbridge
{
    /// <summary>From ideas to entries, under every rule that can say no; the orders are the manager's.</summary>
    /// <remarks>
    /// All calls come from one thread. Each of them looks at clocks, limits and connections, before and
    /// after, so a rule holds from the first event on after it became true.
    /// </remarks>
    public sealed class TradeDesk
    {
        private const EntryGate Cancelling = EntryGate.NotStarted | EntryGate.Refused | EntryGate.NotLive
            | EntryGate.Session | EntryGate.Goal | EntryGate.Loss | EntryGate.Halted;

        private readonly TradeSettings settings;
        private readonly ITradeLog log;
        private readonly OrderManager manager;
        private readonly PositionSizer sizer;
        private readonly SignalAccumulator accumulator;
        private readonly EntrySpacing spacing;
        private readonly TrendFilter trend;
        private readonly DailyLimits limits;
        private readonly LivenessGate live;
        private readonly long[] verdicts = new long[Enum.GetValues(typeof(IdeaVerdict)).Length];
        private bool started;
        private bool refused;
        private bool halted;
        private bool quoted;
        private long bid;
        private long ask;
        private bool accountKnown;
        private int account;
        private long differsSince = -1;

        /// <param name="settings">Checked here.</param>
        /// <param name="gateway">The way to the broker.</param>
        /// <param name="log">Hears what happens.</param>
        /// <param name="run">A word that no other run uses.</param>
        /// <exception cref="ArgumentException">A setting cannot work; the message names it.</exception>
        public TradeDesk(TradeSettings settings, IOrderGateway gateway, ITradeLog log, string run)
        {
            settings.Validate();
            this.settings = settings;
            this.log = log;
            manager = new OrderManager(gateway, settings.Broker, settings.Exits, settings.Most, log, run);
            sizer = new PositionSizer(settings.Risk, settings.TickValue, settings.Fees, settings.Most);
            accumulator = new SignalAccumulator(settings.Agreeing, settings.AgreeWithin);
            spacing = new EntrySpacing(settings.SpacingTime, settings.SpacingTicks);
            trend = new TrendFilter(settings.TrendPeriod);
            limits = new DailyLimits(settings.DailyGoal, settings.DailyLoss);
            live = new LivenessGate(settings.LivePatience);
        }

        /// <summary>The orders.</summary>
        public OrderManager Manager
        {
            get { return manager; }
        }

        /// <summary>The day's limits.</summary>
        public DailyLimits Limits
        {
            get { return limits; }
        }

        /// <summary>Direction of the slower timeframe.</summary>
        public TrendFilter Trend
        {
            get { return trend; }
        }

        /// <summary>What stands in the way of an entry, as of the last call.</summary>
        public EntryGate Gates { get; private set; }

        /// <summary>Profit since the start in money, open positions and fees included.</summary>
        public double Profit
        {
            get
            {
                PositionLedger ledger = manager.Ledger;
                double ticks = ledger.Realised + (quoted ? ledger.OpenProfit(ledger.Net > 0 ? bid : ask) : 0);
                return ticks * settings.TickValue - settings.Fees * ledger.Traded / 2;
            }
        }

        /// <summary>How many ideas met a verdict.</summary>
        public long Count(IdeaVerdict verdict)
        {
            return verdicts[(int)verdict];
        }

        /// <summary>Starts, unless the account has a position or orders in the instrument.</summary>
        /// <param name="position">The account's contracts, negative when short.</param>
        /// <param name="orders">Its live orders.</param>
        /// <param name="time">Now.</param>
        /// <returns>Whether it trades.</returns>
        public bool Start(int position, int orders, TradingTime time)
        {
            refused = position != 0 || orders != 0;
            started = !refused;
            if (refused)
            {
                string text = "position " + position + ", orders " + orders + ": not known here";
                log.OnNote(TradeNote.Refused, text, time);
            }
            Look(time);
            return started;
        }

        /// <summary>An idea; what becomes of it.</summary>
        public IdeaVerdict OnIdea(TradeIdea idea, TradingTime time)
        {
            Look(time);
            IdeaVerdict verdict = Judge(idea, time);
            verdicts[(int)verdict]++;
            return verdict;
        }

        /// <summary>The market's best prices in ticks.</summary>
        public void OnQuote(long bestBid, long bestAsk, TradingTime time)
        {
            Look(time);
            quoted = true;
            bid = bestBid;
            ask = bestAsk;
            manager.OnQuote(bid, ask, time);
            Look(time);
        }

        /// <summary>Time went by; to be called about once a second also when nothing else happens.</summary>
        public void OnTick(TradingTime time)
        {
            Look(time);
            manager.OnTick(time);
            Look(time);
        }

        /// <summary>The server became LIVE, or ceased to be.</summary>
        public void OnLive(bool isLive, TradingTime time)
        {
            live.Set(isLive, time.Mono);
            Look(time);
        }

        /// <summary>The connection to the broker came or went.</summary>
        public void OnBroker(bool up, TradingTime time)
        {
            Look(time);
            manager.OnBroker(up, time);
            Look(time);
        }

        /// <summary>Something was heard of an order.</summary>
        public void OnReport(OrderReport report, TradingTime time)
        {
            Look(time);
            manager.OnReport(report, time);
            Look(time);
        }

        /// <summary>Something was executed.</summary>
        public void OnExecution(ExecutionReport execution, TradingTime time)
        {
            Look(time);
            manager.OnExecution(execution, time);
            Look(time);
        }

        /// <summary>What the account says its position is.</summary>
        public void OnAccount(int position, TradingTime time)
        {
            accountKnown = true;
            account = position;
            Look(time);
        }

        /// <summary>A bar of the slower timeframe has closed.</summary>
        public void OnTrendBar(double close)
        {
            trend.OnBar(close);
        }

        /// <summary>Closes what is open.</summary>
        public void Flatten(string reason, TradingTime time)
        {
            manager.Close(reason, time);
        }

        private IdeaVerdict Judge(TradeIdea idea, TradingTime time)
        {
            if (IsStale(idea, time))
            {
                return IdeaVerdict.Stale;
            }
            if (!settings.Filter.Passes(idea))
            {
                return IdeaVerdict.Filtered;
            }
            bool opposite = manager.Ledger.Net * idea.Direction < 0;
            if (!opposite && !trend.Allows(idea.Direction))
            {
                return IdeaVerdict.Trend;
            }
            if (!accumulator.Add(idea))
            {
                return IdeaVerdict.Waiting;
            }
            if (opposite && settings.ExitOnOpposite)
            {
                manager.Close("opposite signal", time);
                return IdeaVerdict.Closed;
            }
            return Gates == EntryGate.None ? Enter(idea, time) : IdeaVerdict.Gated;
        }

        private IdeaVerdict Enter(TradeIdea idea, TradingTime time)
        {
            EntryOrder entry = new EntryOrder();
            entry.Direction = idea.Direction;
            entry.Kind = settings.EntryKind;
            entry.Price = PriceOf(idea);
            entry.Until = settings.EntryTime == 0 ? 0 : time.Event + settings.EntryTime;
            long spacingPrice = entry.Price != 0 ? entry.Price : (idea.Direction > 0 ? ask : bid);
            if (!spacing.Allows(idea.Direction, spacingPrice, time.Event))
            {
                return IdeaVerdict.Spacing;
            }
            int free = settings.Most - Math.Abs(manager.Ledger.Net) - manager.Ordered;
            entry.Quantity = Math.Min(sizer.Contracts(settings.Exits.StopTicks), free);
            if (entry.Quantity < 1)
            {
                return IdeaVerdict.Size;
            }
            if (!manager.Enter(entry, time))
            {
                return IdeaVerdict.Busy;
            }
            spacing.Note(idea.Direction, spacingPrice, time.Event);
            return IdeaVerdict.Entered;
        }

        // A stop entry on the wrong side of the market would be refused: it goes one tick beyond.
        private long PriceOf(TradeIdea idea)
        {
            int direction = idea.Direction;
            long touch = direction > 0 ? ask : bid;
            long price = idea.Price != 0 ? idea.Price : touch;
            switch (settings.EntryKind)
            {
                case OrderKind.Market:
                    return 0;
                case OrderKind.Limit:
                    return price - direction * settings.EntryOffset;
                default:
                    long stop = price + direction * settings.EntryOffset;
                    return (stop - touch) * direction > 0 ? stop : touch + direction;
            }
        }

        private bool IsStale(TradeIdea idea, TradingTime time)
        {
            bool old = settings.IdeaAge > 0 && time.Mono - idea.Received > settings.IdeaAge;
            return old || (idea.Expires != 0 && time.Event >= idea.Expires);
        }

        private void Look(TradingTime time)
        {
            if (started)
            {
                WatchAccount(time);
                WatchSilence(time);
                limits.Update(settings.Session.Day(time.Local), Profit);
            }
            CloseWhatMust(time);
            Gates = Judge(time);
            manager.AllowEntries((Gates & Cancelling) == 0, time);
        }

        private EntryGate Judge(TradingTime time)
        {
            EntryGate gates = refused ? EntryGate.Refused : (started ? EntryGate.None : EntryGate.NotStarted);
            gates |= live.Allows(time.Mono) ? 0 : EntryGate.NotLive;
            gates |= settings.Session.At(time.Local) == SessionState.Open ? 0 : EntryGate.Session;
            gates |= limits.State == DailyState.Goal ? EntryGate.Goal : 0;
            gates |= limits.State == DailyState.Loss ? EntryGate.Loss : 0;
            gates |= manager.BrokerUp ? 0 : EntryGate.Broker;
            gates |= manager.Closing ? EntryGate.Closing : 0;
            gates |= halted ? EntryGate.Halted : 0;
            gates |= quoted ? 0 : EntryGate.NoQuote;
            return gates;
        }

        private void CloseWhatMust(TradingTime time)
        {
            if (manager.IsIdle || manager.Closing)
            {
                return;
            }
            if (limits.State != DailyState.Open)
            {
                manager.Close("the day's " + (limits.State == DailyState.Goal ? "goal" : "loss limit"), time);
            }
            else if (settings.Session.At(time.Local) == SessionState.Flat)
            {
                manager.Close("the session is over", time);
            }
        }

        // Fills reach the account and us by different ways, so a difference must last before it counts.
        private void WatchAccount(TradingTime time)
        {
            if (!accountKnown || account == manager.Ledger.Net)
            {
                differsSince = -1;
                return;
            }
            if (differsSince < 0)
            {
                differsSince = time.Mono;
            }
            else if (time.Mono - differsSince >= settings.MismatchPatience)
            {
                Halt("the account has " + account + ", here are " + manager.Ledger.Net, time);
            }
        }

        private void WatchSilence(TradingTime time)
        {
            foreach (LiveOrder order in manager.Orders.Live)
            {
                bool silent = order.Phase == OrderPhase.Sent && time.Mono - order.SentAt >= settings.SilencePatience;
                if (silent && manager.BrokerUp)
                {
                    Halt("no word on order " + order.Ticket.Id, time);
                }
            }
        }

        private void Halt(string why, TradingTime time)
        {
            if (!halted)
            {
                halted = true;
                log.OnNote(TradeNote.Halted, why, time);
            }
        }
    }
}
