using System;

namespace Depthbridge.Runner
{
    /// <summary>Trade settings from JSON: names as in the class, times in milliseconds.</summary>
    public static class TradingSettings
    {
        private const long Ms = 1000000L;

        public static TradeSettings Read(JsonValue json)
        {
            TradeSettings made = new TradeSettings();
            JsonValue kind = json.Get("entry");
            made.EntryKind = kind == null ? OrderKind.Market : (OrderKind)Enum.Parse(typeof(OrderKind), kind.AsText(""), true);
            made.EntryOffset = Whole(json, "entry_offset", 0);
            made.EntryTime = Whole(json, "entry_time", 30000) * Ms;
            made.IdeaAge = Whole(json, "idea_age", 1000) * Ms;
            made.ExitOnOpposite = Whole(json, "exit_on_opposite", 1) != 0;
            made.Risk = Real(json, "risk", 1000);
            made.TickValue = Real(json, "tick_value", 1.25);
            made.Fees = Real(json, "fees", 0);
            made.Most = (int)Whole(json, "most", 3);
            made.Agreeing = (int)Whole(json, "agreeing", 1);
            made.AgreeWithin = Whole(json, "agree_within", 10000) * Ms;
            made.SpacingTime = Whole(json, "spacing_time", 0) * Ms;
            made.SpacingTicks = Whole(json, "spacing_ticks", 0);
            made.TrendPeriod = (int)Whole(json, "trend_period", 0);
            made.DailyGoal = Real(json, "goal", 0);
            made.DailyLoss = Real(json, "loss", 0);
            made.Session = Session(json);
            ReadFilter(made.Filter, json);
            ReadExits(made.Exits, json);
            ReadBroker(made.Broker, json);
            return made;
        }

        public static SessionWindow Session(JsonValue json)
        {
            int end = (int)Whole(json, "end", 0);
            return new SessionWindow((int)Whole(json, "begin", 0), end, (int)Whole(json, "last_entry", end));
        }

        public static void ReadExits(ExitPlan plan, JsonValue json)
        {
            plan.StopTicks = Whole(json, "stop", 8);
            plan.TargetTicks = Whole(json, "target", 12);
            plan.BreakEvenAfter = Whole(json, "break_even_after", 0);
            plan.BreakEvenOffset = Whole(json, "break_even_offset", 0);
            plan.TrailAfter = Whole(json, "trail_after", 0);
            plan.TrailDistance = Whole(json, "trail_distance", 0);
            plan.TrailStep = Whole(json, "trail_step", 1);
            plan.MostTime = Whole(json, "most_time", 0) * Ms;
        }

        public static long Whole(JsonValue json, string name, long otherwise)
        {
            JsonValue value = json.Get(name);
            return value == null ? otherwise : value.AsLong("");
        }

        public static double Real(JsonValue json, string name, double otherwise)
        {
            JsonValue value = json.Get(name);
            return value == null ? otherwise : value.AsDouble("");
        }

        private static void ReadFilter(EntryFilter filter, JsonValue json)
        {
            filter.LeastStrength = Real(json, "least_strength", 0);
            filter.LeastConfidence = Real(json, "least_confidence", 0);
            filter.LeastScore = Real(json, "least_score", 0);
            filter.SetKinds(json.Get("kinds") == null ? "" : json.Get("kinds").AsText(""));
        }

        private static void ReadBroker(BrokerProfile broker, JsonValue json)
        {
            broker.NativeBrackets = Whole(json, "native", 0) != 0;
            broker.OrdersPerSecond = (int)Whole(json, "orders_per_second", 20);
            broker.Retries = (int)Whole(json, "retries", 3);
        }
    }
}
