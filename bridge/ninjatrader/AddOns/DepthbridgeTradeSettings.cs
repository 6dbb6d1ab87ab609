using System;

namespace Depthbridge
{
    /// <summary>Everything a trader can set of the trading itself. Times are nanoseconds.</summary>
    public sealed class TradeSettings
    {
        /// <summary>How entries are ordered.</summary>
        public OrderKind EntryKind = OrderKind.Limit;

        /// <summary>Ticks that a limit lies below (a stop above) the idea's price, for a buy.</summary>
        public long EntryOffset;

        /// <summary>Market time after which an entry that does not fill is cancelled; 0: never.</summary>
        public long EntryTime = 30000000000L;

        /// <summary>Age on the bridge's own clock from which on an idea is stale.</summary>
        public long IdeaAge = 1000000000L;

        /// <summary>An idea against the open position closes it.</summary>
        public bool ExitOnOpposite = true;

        /// <summary>Money that one trade may lose at its stop.</summary>
        public double Risk = 100;

        /// <summary>Money per tick and contract.</summary>
        public double TickValue = 1.25;

        /// <summary>Money per contract for both ways.</summary>
        public double Fees;

        /// <summary>Most contracts, open and ordered together.</summary>
        public int Most = 1;

        /// <summary>How many ideas must agree.</summary>
        public int Agreeing = 1;

        /// <summary>Market time within which they must.</summary>
        public long AgreeWithin = 10000000000L;

        /// <summary>Least market time between entries of one direction.</summary>
        public long SpacingTime = 30000000000L;

        /// <summary>Least distance between them in ticks.</summary>
        public long SpacingTicks;

        /// <summary>Bars of the slower timeframe's average; 0: no trend filter.</summary>
        public int TrendPeriod;

        /// <summary>Day's profit goal; 0: none.</summary>
        public double DailyGoal;

        /// <summary>Day's loss limit, positive; 0: none.</summary>
        public double DailyLoss;

        /// <summary>Time without LIVE after which entries stop.</summary>
        public long LivePatience = 10000000000L;

        /// <summary>Time that the account's position may differ from ours before entries stop.</summary>
        public long MismatchPatience = 5000000000L;

        /// <summary>Time without a word on an order after which entries stop.</summary>
        public long SilencePatience = 10000000000L;

        /// <summary>Which ideas are worth a trade.</summary>
        public EntryFilter Filter = new EntryFilter();

        /// <summary>Stops, targets and exits.</summary>
        public ExitPlan Exits = new ExitPlan();

        /// <summary>Hours.</summary>
        public SessionWindow Session = new SessionWindow(0, 0, 0);

        /// <summary>The broker.</summary>
        public BrokerProfile Broker = new BrokerProfile();

        /// <summary>Refuses values that cannot work.</summary>
        /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
        public void Validate()
        {
            Exits.Validate();
            Broker.Validate();
            NotNegative(EntryTime, "EntryTime");
            NotNegative(IdeaAge, "IdeaAge");
            NotNegative(AgreeWithin, "AgreeWithin");
            NotNegative(SpacingTime, "SpacingTime");
            NotNegative(SpacingTicks, "SpacingTicks");
            NotNegative(TrendPeriod, "TrendPeriod");
            if (Agreeing < 1)
            {
                throw new ArgumentException("Agreeing: at least 1");
            }
        }

        private static void NotNegative(long value, string name)
        {
            if (value < 0)
            {
                throw new ArgumentException(name + ": not negative");
            }
        }
    }
}
