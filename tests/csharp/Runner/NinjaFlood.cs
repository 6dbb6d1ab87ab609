using System;
using System.Collections.Generic;
using System.Threading;
using NinjaTrader.Cbi;
using NinjaTrader.Data;

namespace Depthbridge.Runner
{
    /// <summary>Events of one instrument from several threads at once: depth in order on one, trades and quotes on the others.</summary>
    public static class NinjaFlood
    {
        /// <summary>How many events of each kind each thread raised; what was thrown comes out.</summary>
        public static object Run(Instrument instrument, int threads, int events)
        {
            var begin = new DateTime(2026, 11, 19, 9, 0, 0);
            var thrown = 0;
            var all = new List<Thread>();
            for (var i = 0; i < threads; i++)
            {
                var number = i;
                var thread = new Thread(() =>
                {
                    try
                    {
                        for (var k = 0; k < events; k++)
                        {
                            One(instrument, number, k, begin.AddTicks(10000L * k));
                        }
                    }
                    catch (Exception)
                    {
                        Interlocked.Increment(ref thrown);
                    }
                });
                all.Add(thread);
                thread.Start();
            }
            foreach (var thread in all)
            {
                thread.Join();
            }
            return thrown;
        }

        private static void One(Instrument instrument, int thread, int number, DateTime time)
        {
            if (thread == 0)
            {
                instrument.MarketDepth.Raise(new MarketDepthEventArgs
                {
                    Instrument = instrument,
                    MarketDataType = number % 2 == 0 ? MarketDataType.Ask : MarketDataType.Bid,
                    Operation = Operation.Update,
                    Position = number / 2 % 3,
                    Price = number % 2 == 0 ? 5000.25 + number / 2 % 3 * 0.25 : 5000.0 - number / 2 % 3 * 0.25,
                    Volume = number,
                    Time = time
                });
                return;
            }
            instrument.MarketData.Raise(new MarketDataEventArgs
            {
                Instrument = instrument,
                MarketDataType = MarketDataType.Last,
                Price = 5000.25,
                Bid = 5000.0,
                Ask = 5000.25,
                Volume = 1,
                Time = time
            });
        }
    }
}
