using System;
using Depthbridge.Testing;

namespace Depthbridge.Runner
{
    /// <summary>One seeded life of a trade desk at the simulated exchange.</summary>
    /// <remarks>
    /// <c>clean</c>: refusals, part fills, late and lost answers, cancel races, interruptions of server and
    /// broker; then the exchange never sees a position closed twice. <c>dirty</c>: also fills after a
    /// confirmed cancel, pairs that both fill, overfills; then everything must still end flat.
    /// </remarks>
    public sealed class TradingRun
    {
        private const long Ms = 1000000L;
        private const long Second = 1000 * Ms;
        private const long Begin = 36000 * Second;
        private const long LastEntry = Begin + 210 * Second;
        private const long End = Begin + 240 * Second;
        private const long Over = End + 120 * Second;
        private readonly Random random;
        private readonly bool dirty;
        private readonly SimulatedExchange exchange;
        private readonly TradingGateway gateway;
        private readonly TradingWatch watch;
        private readonly TradeSettings settings;
        private readonly TradeDesk desk;
        private long now = Begin;
        private long bid = 4000;
        private bool serverLive = true;
        private long serverLost;
        private bool brokerUp = true;
        private long flatBy;
        private int crossings;

        public TradingRun(int seed, bool dirty)
        {
            random = new Random(seed);
            this.dirty = dirty;
            settings = Settings();
            exchange = new SimulatedExchange(seed + 1, Faults());
            exchange.SetMarket(bid, bid + 1);
            watch = new TradingWatch(settings);
            gateway = new TradingGateway(exchange);
            desk = new TradeDesk(settings, gateway, watch, "run" + seed);
            gateway.Desk = desk;
            watch.Desk = desk;
            gateway.Clock = Time;
            gateway.Before = Before;
            gateway.After = delegate { watch.Look(Time()); };
            if (random.Next(3) == 0)
            {
                gateway.RefusesAtOnce = delegate { return random.Next(40) == 0; };
            }
        }

        public TradingWatch Watch
        {
            get { return watch; }
        }

        public SimulatedExchange Exchange
        {
            get { return exchange; }
        }

        public TradeDesk Desk
        {
            get { return desk; }
        }

        public int Entries { get; private set; }

        public void Run()
        {
            desk.Start(0, 0, Time());
            desk.OnLive(true, Time());
            exchange.Advance(now);
            while (now < Over)
            {
                Step(true);
            }
            Heal();
            for (int step = 0; step < 200; step++)
            {
                Step(false);
            }
            Conclude();
        }

        private TradeSettings Settings()
        {
            TradeSettings made = new TradeSettings();
            made.EntryKind = (OrderKind)random.Next(3);
            made.EntryOffset = random.Next(0, 3);
            made.EntryTime = random.Next(2, 20) * Second;
            made.Most = random.Next(1, 6);
            made.Risk = random.Next(20, 200);
            made.TickValue = 1.25;
            made.Fees = random.Next(0, 2);
            made.ExitOnOpposite = random.Next(2) == 0;
            made.SpacingTime = random.Next(0, 10) * Second;
            made.DailyLoss = random.Next(3) == 0 ? 0 : random.Next(20, 200);
            made.DailyGoal = random.Next(3) == 0 ? 0 : random.Next(20, 200);
            made.Session = new SessionWindow(32400, Seconds(End), Seconds(LastEntry));
            made.Exits = Exits();
            made.Broker.NativeBrackets = random.Next(4) == 0;
            made.Broker.OrdersPerSecond = random.Next(4, 20);
            return made;
        }

        private ExitPlan Exits()
        {
            ExitPlan plan = new ExitPlan();
            plan.StopTicks = random.Next(2, 10);
            plan.TargetTicks = random.Next(3) == 0 ? 0 : random.Next(2, 12);
            plan.BreakEvenAfter = random.Next(2) == 0 ? 0 : random.Next(2, 6);
            plan.BreakEvenOffset = plan.BreakEvenAfter == 0 ? 0 : random.Next(0, 2);
            plan.TrailDistance = random.Next(2) == 0 ? 0 : random.Next(2, 8);
            plan.TrailAfter = random.Next(0, 5);
            plan.TrailStep = random.Next(1, 3);
            plan.MostTime = random.Next(3) == 0 ? random.Next(5, 60) * Second : 0;
            return plan;
        }

        private ExchangeFaults Faults()
        {
            ExchangeFaults faults = new ExchangeFaults();
            bool instant = random.Next(5) == 0;
            faults.Fastest = instant ? 0 : random.Next(1, 30) * Ms;
            faults.Slowest = instant ? 0 : faults.Fastest + random.Next(1, 2000) * Ms;
            faults.Reduces = true;
            faults.CancelsGroup = random.Next(2) == 0;
            faults.PartFill = random.NextDouble() * 0.6;
            faults.CancelRefused = random.NextDouble() * 0.2;
            faults.AskLost = random.NextDouble() * 0.1;
            faults.OneWord = random.NextDouble() * 0.3;
            faults.Twice = random.NextDouble() * 0.2;
            for (int role = 0; role < faults.Reject.Length; role++)
            {
                faults.Reject[role] = random.Next(2) == 0 ? 0 : random.NextDouble() * 0.5;
            }
            if (dirty)
            {
                faults.FillAfterCancel = random.NextDouble() * 0.2;
                faults.OcoLate = random.NextDouble() * 0.3;
                faults.Overfill = random.NextDouble() * 0.2;
            }
            return faults;
        }

        private static int Seconds(long time)
        {
            return (int)(time / Second);
        }

        private TradingTime Time()
        {
            return new TradingTime(now, now, now);
        }

        private void Step(bool disturbed)
        {
            now += random.Next(20, 500) * Ms;
            exchange.Advance(now);
            bid += random.Next(-2, 3);
            exchange.SetMarket(bid, bid + 1);
            watch.Bid = bid;
            desk.OnQuote(bid, bid + 1, Time());
            watch.Look(Time());
            if (disturbed)
            {
                Disturb();
            }
            desk.OnTick(Time());
            watch.Look(Time());
            LookAtEntries();
            LookAtFlat();
            LookAtCrossings();
        }

        private void Disturb()
        {
            if (random.Next(4) == 0)
            {
                desk.OnIdea(Idea(), Time());
                watch.Look(Time());
            }
            if (random.Next(60) == 0)
            {
                serverLive = !serverLive;
                serverLost = now;
                desk.OnLive(serverLive, Time());
            }
            if (random.Next(80) == 0 && (now < End || !brokerUp))
            {
                brokerUp = !brokerUp;
                exchange.Listening = brokerUp;
                desk.OnBroker(brokerUp, Time());
            }
        }

        private TradeIdea Idea()
        {
            int direction = random.Next(2) * 2 - 1;
            return new TradeIdea
            {
                Direction = direction,
                Kind = "bounce",
                Strength = direction * random.NextDouble(),
                Score = random.Next(100),
                Price = direction > 0 ? bid : bid + 1,
                Time = now,
                Received = now
            };
        }

        private void Before(OrderTicket ticket)
        {
            if (!brokerUp)
            {
                watch.Fault("something was sent while the broker was away", Time());
            }
            if (ticket == null || ticket.Role != OrderRole.Entry)
            {
                return;
            }
            Entries++;
            if (!MayEnter())
            {
                watch.Fault("an entry was sent against " + desk.Gates, Time());
            }
        }

        private bool MayEnter()
        {
            bool live = serverLive || now - serverLost < 10 * Second;
            return live && now < LastEntry && desk.Limits.State == DailyState.Open;
        }

        // Working entries must be asked to go as soon as there may be none, and asked again in time.
        private void LookAtEntries()
        {
            if (MayEnter() || !brokerUp)
            {
                return;
            }
            foreach (LiveOrder order in desk.Manager.Orders.Live)
            {
                bool asked = now - order.CancelAskedAt <= settings.Broker.AskAgain;
                if (order.Ticket.Role == OrderRole.Entry && !asked)
                {
                    watch.Fault("an entry still works against " + desk.Gates, Time());
                }
            }
        }

        // NinjaTrader's managed exits and its own brackets are not one group: both may fill.
        private void LookAtCrossings()
        {
            if (exchange.Crossings > crossings && !dirty && !settings.Broker.NativeBrackets)
            {
                watch.Fault("closed twice", Time());
            }
            crossings = exchange.Crossings;
        }

        // By the session's end or a daily limit: flat at the exchange within a minute of connected time.
        private void LookAtFlat()
        {
            bool must = now >= End || desk.Limits.State != DailyState.Open;
            if (!must || !brokerUp || exchange.Position == 0)
            {
                flatBy = now + 60 * Second;
            }
            else if (now > flatBy)
            {
                watch.Fault("still open " + exchange.Position + ", and must be flat", Time());
            }
        }

        private void Heal()
        {
            ExchangeFaults none = new ExchangeFaults { Fastest = Ms, Slowest = 2 * Ms, Reduces = true };
            exchange.Faults = none;
            gateway.RefusesAtOnce = null;
            brokerUp = true;
            exchange.Listening = true;
            desk.OnBroker(true, Time());
        }

        private void Conclude()
        {
            if (exchange.Position != 0 || !desk.Manager.IsIdle || exchange.Book.Count > 0)
            {
                watch.Fault("the end: open " + exchange.Position + ", orders " + exchange.Book.Count
                    + ", the desk has " + desk.Manager.Ledger.Net, Time());
            }
            double realised = desk.Manager.Ledger.Realised;
            if (Math.Abs(realised - exchange.Cash) > 1e-6 * Math.Max(1, watch.Fills) + 1e-6)
            {
                watch.Fault("the end: profit " + realised + ", at the exchange " + exchange.Cash, Time());
            }
        }
    }
}
