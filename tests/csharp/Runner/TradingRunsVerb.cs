using System;
using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>trading-runs clean|dirty FIRST COUNT: seeded lives; a line for each fault, then one of totals.</summary>
    public static class TradingRunsVerb
    {
        public static int Run(string[] arguments)
        {
            bool dirty = arguments[0] == "dirty";
            int first = int.Parse(arguments[1], CultureInfo.InvariantCulture);
            int count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
            long faults = 0, fills = 0, looks = 0, entries = 0, crossings = 0, unprotectable = 0, closings = 0, above = 0;
            for (int seed = first; seed < first + count; seed++)
            {
                TradingRun run = new TradingRun(seed, dirty);
                run.Run();
                foreach (string fault in run.Watch.Faults)
                {
                    faults++;
                    Tell(seed, fault);
                }
                fills += run.Watch.Fills;
                looks += run.Watch.Looks;
                unprotectable += run.Watch.Unprotectable;
                entries += run.Entries;
                crossings += run.Exchange.Crossings;
                above += run.Desk.Manager.Orders.AboveRate;
                closings += run.Watch.Notes.FindAll(delegate(string note) { return note.StartsWith("Closing", StringComparison.Ordinal); }).Count;
            }
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject()
                .Member("runs", count).Member("faults", faults).Member("looks", looks).Member("entries", entries)
                .Member("fills", fills).Member("closings", closings).Member("crossings", crossings)
                .Member("unprotectable", unprotectable).Member("above_rate", above).EndObject()));
            return 0;
        }

        /// <summary>trading-trace clean|dirty SEED: what happens in one of them.</summary>
        public static int Trace(string[] arguments)
        {
            TradingRun run = new TradingRun(int.Parse(arguments[1], CultureInfo.InvariantCulture), arguments[0] == "dirty");
            run.Watch.Trace = Console.Out.WriteLine;
            run.Run();
            return 0;
        }

        private static void Tell(int seed, string fault)
        {
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject().Member("seed", seed).Member("fault", fault).EndObject()));
        }
    }
}
