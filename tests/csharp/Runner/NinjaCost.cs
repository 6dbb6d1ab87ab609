using System;
using System.Collections.Generic;
using System.Diagnostics;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript.AddOns;

namespace Depthbridge.Runner
{
    /// <summary>What NinjaTrader's own events cost at the hub: from its arguments to the numbered record.</summary>
    public static class NinjaCost
    {
        private const int Warm = 20000;
        private const int Counted = 200000;

        /// <summary>Nanoseconds of a call at the median and p99, and bytes that all of them allocated.</summary>
        public static object Run(DepthbridgeInstrumentFeed feed)
        {
            var depth = new MarketDepthEventArgs { Instrument = feed.Instrument, MarketMaker = "", Operation = Operation.Update };
            var data = new MarketDataEventArgs { Instrument = feed.Instrument, MarketDataType = MarketDataType.Last, Bid = 5000.0, Ask = 5000.25 };
            var ticks = new long[Counted];
            Drive(feed, depth, data, ticks, Warm, 0);
            GC.Collect();
            var before = GC.GetAllocatedBytesForCurrentThread();
            Drive(feed, depth, data, ticks, Counted, Warm);
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Array.Sort(ticks);
            return new Dictionary<string, object>
            {
                { "median_ns", ticks[Counted / 2] * 1e9 / Stopwatch.Frequency },
                { "p99_ns", ticks[Counted * 99 / 100] * 1e9 / Stopwatch.Frequency },
                { "bytes", allocated },
                { "failed", feed.Failed }
            };
        }

        private static void Drive(DepthbridgeInstrumentFeed feed, MarketDepthEventArgs depth, MarketDataEventArgs data, long[] ticks, int count, int first)
        {
            // Within a quarter of an hour, as the clock's cache has it: 220,000 events, 2 ms apart.
            var start = new DateTime(2026, 11, 19, 9, 0, 1);
            for (var i = 0; i < count; i++)
            {
                var row = i % 3;
                depth.MarketDataType = i / 3 % 2 == 0 ? MarketDataType.Ask : MarketDataType.Bid;
                depth.Position = row;
                depth.Price = i / 3 % 2 == 0 ? 5000.25 + row * 0.25 : 5000.0 - row * 0.25;
                depth.Volume = 1 + i % 400;
                depth.Time = start.AddTicks(20000L * (first + i));
                data.Time = depth.Time;
                data.Price = i % 2 == 0 ? 5000.0 : 5000.25;
                data.Volume = 1;
                var begin = Stopwatch.GetTimestamp();
                if (i % 8 == 7)
                {
                    feed.OnData(null, data);
                }
                else
                {
                    feed.OnDepth(null, depth);
                }
                ticks[i] = Stopwatch.GetTimestamp() - begin;
            }
        }
    }
}
