using System;
using System.Diagnostics;
using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>
    /// What a callback costs: median and p99 in nanoseconds over single calls, and bytes allocated by all of them. The
    /// stopwatch itself costs tens of nanoseconds; its median is printed too, and is not taken off.
    /// </summary>
    public static class CallbackVerb
    {
        private const int Warm = 20000;
        private const int Counted = 200000;

        public static int Run(string[] arguments)
        {
            var stream = new PublishedStream(new StreamDefinition("ES 12-26", 0.25, 1, 50, 10));
            for (var row = 0; row < 10; row++)
            {
                stream.Depth(Market.Start, Wire.SideBid, Wire.OpAdd, row, 18000 - row, 5, 0);
                stream.Depth(Market.Start, Wire.SideAsk, Wire.OpAdd, row, 18001 + row, 5, 0);
            }
            var ticks = new long[Counted];
            Drive(stream, ticks, Warm, 0);
            GC.Collect();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Drive(stream, ticks, Counted, Warm);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Array.Sort(ticks);
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject().Member("median_ns", Ns(ticks[Counted / 2]))
                .Member("p99_ns", Ns(ticks[Counted * 99 / 100])).Member("p999_ns", Ns(ticks[Counted / 1000 * 999]))
                .Member("clock_ns", Clock()).Member("bytes", allocated).Member("calls", (long)Counted)
                .Member("numbered", stream.End - 1).EndObject()));
            return 0;
        }

        private static void Drive(PublishedStream stream, long[] ticks, int count, int first)
        {
            for (var i = 0; i < count; i++)
            {
                var time = Market.Start + (first + i) * 50000L;
                var row = (first + i) % 10;
                var side = (first + i) / 10 % 2;
                var begin = Stopwatch.GetTimestamp();
                switch (i % 16)
                {
                    case 5:
                        stream.Trade(time, 18000, 3, Wire.AggressorBuy, Wire.TradeEvent);
                        break;
                    case 11:
                        stream.Quote(time, side, 18001 - side, 7);
                        break;
                    case 15:
                        // A best row more and the eleventh less, both sides shift.
                        stream.Depth(time, Wire.SideBid, Wire.OpRemove, 0, 18000, 0, 0);
                        stream.Depth(time, Wire.SideBid, Wire.OpAdd, 0, 18000, 4, 0);
                        break;
                    default:
                        stream.Depth(time, side, Wire.OpUpdate, row, side == 1 ? 18000 - row : 18001 + row, 1 + i % 400, 0);
                        break;
                }
                ticks[i] = Stopwatch.GetTimestamp() - begin;
            }
        }

        private static double Ns(long ticks)
        {
            return ticks * 1e9 / Stopwatch.Frequency;
        }

        private static double Clock()
        {
            var ticks = new long[10001];
            for (var i = 0; i < ticks.Length; i++)
            {
                var begin = Stopwatch.GetTimestamp();
                ticks[i] = Stopwatch.GetTimestamp() - begin;
            }
            Array.Sort(ticks);
            return Ns(ticks[ticks.Length / 2]);
        }
    }
}
