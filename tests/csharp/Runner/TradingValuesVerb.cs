using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>trading-values: each line asks one of the small rules, {"ask": word, ...}; its answer is a list.</summary>
    public static class TradingValuesVerb
    {
        private const long Ms = 1000000L;

        public static int Run(string[] arguments)
        {
            return Lines.Answer(line => Answer(JsonParser.Parse(line)));
        }

        private static string Answer(JsonValue json)
        {
            List<string> said = new List<string>();
            try
            {
                Ask(json.Get("ask").AsText(""), json, said);
            }
            catch (ArgumentException refused)
            {
                said.Add("refused: " + refused.Message);
            }
            return Lines.Json(writer =>
            {
                writer.BeginList();
                said.ForEach(word => writer.Value(word));
                writer.EndList();
            });
        }

        private static void Ask(string what, JsonValue json, List<string> said)
        {
            switch (what)
            {
                case "size":
                    PositionSizer sizer = new PositionSizer(
                        Real(json, "risk"), Real(json, "tick_value"), Real(json, "fees"), (int)Whole(json, "most"));
                    said.Add(sizer.Contracts(Whole(json, "stop")).ToString(Invariant));
                    break;
                case "session":
                    SessionWindow window = TradingSettings.Session(json);
                    said.Add(window.At(Whole(json, "local") * Ms).ToString());
                    said.Add(window.Day(Whole(json, "local") * Ms).ToString(Invariant));
                    break;
                case "limits":
                    DailyLimits limits = new DailyLimits(Real(json, "goal"), Real(json, "loss"));
                    foreach (JsonValue step in json.Get("steps").Items)
                    {
                        limits.Update(step.Items[0].AsLong(""), step.Items[1].AsDouble(""));
                        said.Add(limits.State + " " + limits.Profit.ToString(Invariant));
                    }
                    break;
                case "stop":
                    ExitPlan plan = new ExitPlan();
                    TradingSettings.ReadExits(plan, json);
                    plan.Validate();
                    said.Add(plan.Stop(
                        (int)Whole(json, "direction"), Whole(json, "entry"), Whole(json, "best"), Whole(json, "current")).ToString(Invariant));
                    break;
                case "spacing":
                    EntrySpacing spacing = new EntrySpacing(Whole(json, "time"), Whole(json, "ticks"));
                    foreach (JsonValue step in json.Get("steps").Items)
                    {
                        int direction = (int)step.Items[0].AsLong("");
                        bool allows = spacing.Allows(direction, step.Items[1].AsLong(""), step.Items[2].AsLong(""));
                        said.Add(allows ? "yes" : "no");
                        if (allows)
                        {
                            spacing.Note(direction, step.Items[1].AsLong(""), step.Items[2].AsLong(""));
                        }
                    }
                    break;
                case "agree":
                    SignalAccumulator accumulator = new SignalAccumulator((int)Whole(json, "needed"), Whole(json, "within"));
                    foreach (JsonValue step in json.Get("steps").Items)
                    {
                        TradeIdea idea = new TradeIdea();
                        idea.Direction = (int)step.Items[0].AsLong("");
                        idea.Time = step.Items[1].AsLong("");
                        idea.Cluster = step.Items[2].AsLong("");
                        said.Add(accumulator.Add(idea) ? "yes" : "no");
                    }
                    break;
                case "trend":
                    TrendFilter trend = new TrendFilter((int)Whole(json, "period"));
                    foreach (JsonValue close in json.Get("closes").Items)
                    {
                        trend.OnBar(close.AsDouble(""));
                        said.Add(trend.Direction.ToString(Invariant));
                    }
                    break;
                case "rate":
                    RateBudget budget = new RateBudget((int)Whole(json, "per_second"));
                    foreach (JsonValue at in json.Get("times").Items)
                    {
                        said.Add(budget.Fits(1, at.AsLong("") * Ms) ? "yes" : "no");
                        budget.Spend(at.AsLong("") * Ms);
                    }
                    said.Add(budget.Above.ToString(Invariant));
                    break;
                case "live":
                    LivenessGate gate = new LivenessGate(Whole(json, "patience"));
                    foreach (JsonValue step in json.Get("steps").Items)
                    {
                        if (step.Items.Count > 1)
                        {
                            gate.Set(step.Items[1].AsLong("") != 0, step.Items[0].AsLong(""));
                        }
                        said.Add(gate.Allows(step.Items[0].AsLong("")) ? "yes" : "no");
                    }
                    break;
                case "rescale":
                    TradeIdea scaled = new TradeIdea();
                    scaled.Price = Whole(json, "price");
                    scaled.Rescale(Real(json, "from"), Real(json, "to"));
                    said.Add(scaled.Price.ToString(Invariant));
                    break;
                case "state":
                    OrderPhase phase = (OrderPhase)Enum.Parse(typeof(OrderPhase), json.Get("phase").AsText(""));
                    foreach (OrderEvent happening in Enum.GetValues(typeof(OrderEvent)))
                    {
                        said.Add(OrderStates.Next(phase, happening).ToString());
                    }
                    break;
                case "reject":
                    BrokerProfile profile = new BrokerProfile();
                    OrderRole role = (OrderRole)Enum.Parse(typeof(OrderRole), json.Get("role").AsText(""));
                    foreach (RejectReason reason in Enum.GetValues(typeof(RejectReason)))
                    {
                        said.Add(profile.Decide(role, reason, 1) + " " + profile.Decide(role, reason, 4));
                    }
                    break;
                default:
                    throw new ArgumentException("no such question: " + what);
            }
        }

        private static IFormatProvider Invariant
        {
            get { return System.Globalization.CultureInfo.InvariantCulture; }
        }

        private static long Whole(JsonValue json, string name)
        {
            return TradingSettings.Whole(json, name, 0);
        }

        private static double Real(JsonValue json, string name)
        {
            return TradingSettings.Real(json, name, 0);
        }
    }
}
