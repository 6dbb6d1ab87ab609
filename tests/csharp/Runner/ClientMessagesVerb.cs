using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>One of every message that this side sends, a line each.</summary>
    public static class ClientMessagesVerb
    {
        private const long Time = 1763560800123456700;

        private static readonly Dictionary<int, long> Last = new Dictionary<int, long> { { 0, 500 }, { 3, long.MaxValue } };

        public static int Run(string[] arguments)
        {
            foreach (var text in All())
            {
                Console.Out.WriteLine(text);
            }
            return 0;
        }

        private static IEnumerable<string> All()
        {
            var bar = new BarData
            {
                Time = Time, Open = 4500.25, High = 4501.75, Low = 4499, Close = 4500.5, Volume = 1234, Delta = double.NaN,
                SeriesType = "minute", SeriesValue = 5
            };
            var values = new Dictionary<string, object> { { "state", "Working" }, { "price", 4500.25 }, { "quantity", 2 } };
            yield return ClientMessages.Hello(Full());
            yield return ClientMessages.Hello(new Hello("7c9e6679-7425-40de-944b-e07fc1f90ae7", "live"));
            yield return ClientMessages.Makers(3, new[] { "ARCA", "\u0130\"\\\u0007\ud83d\ude00" });
            yield return ClientMessages.Check(0, 500, uint.MaxValue);
            yield return ClientMessages.Heartbeat(Last, Time, true);
            yield return ClientMessages.Heartbeat(new Dictionary<int, long>(), 0, false);
            yield return ClientMessages.Bye(Last, Time);
            yield return ClientMessages.BarUpdate(1, 77, bar);
            bar.Delta = -12.5;
            yield return ClientMessages.BarUpdate("ES 12-26", 78, bar);
            yield return ClientMessages.Subscribe(new[] { "clusters", "signals" }, new[] { "ES 12-26" }, "playback", 2.5);
            yield return ClientMessages.Unsubscribe(new[] { "clusters" }, new string[0], "live");
            yield return ClientMessages.Order("ES 12-26", "playback", Time, values);
            yield return ClientMessages.Fill("ES 12-26", "live", Time, values);
            yield return ClientMessages.Position("ES 12-26", "demo", Time, values);
        }

        private static Hello Full()
        {
            var hello = new Hello("7C9E6679-7425-40DE-944B-E07FC1F90AE7", "playback")
            {
                Client = "NinjaTrader-bridge/0.2.0", UseL3 = true, DebugMode = true, Takeover = true
            };
            hello.Instruments.Add(new StreamDefinition("ES 12-26", 0.25, 1, 50, 10));
            hello.Instruments.Add(new StreamDefinition("6E 12-26", 0.00005, 1, double.NaN, 5));
            hello.Set("clusters", "ClusterIncrement", 2);
            hello.Set("clusters", "OrderBookVolumeThreshold", 12.5);
            hello.Set("profile", "preset", "nt68");
            hello.Topics.Add("clusters");
            hello.Topics.Add("metrics");
            return hello;
        }
    }
}
