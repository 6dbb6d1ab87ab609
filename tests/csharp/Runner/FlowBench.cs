using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>
    /// The whole connection with its threads. bench-flow HOST:PORT SYMBOL RECORDS: as many as the server takes, until all
    /// are acknowledged. bench-live HOST:PORT SYMBOL TRIPS: from an event until a listener has measures that count it.
    /// </summary>
    public sealed class FlowBench : IBridgeListener, IBridgeLog
    {
        private const int Part = 500;
        private const long MostWaiting = 40000;
        private const int Warm = 300;
        private readonly ManualResetEventSlim _measured = new ManualResetEventSlim();
        private long _wanted = long.MaxValue;

        public static int Flow(string[] arguments)
        {
            var bench = new FlowBench();
            var stream = new PublishedStream(new StreamDefinition(arguments[1], 0.25, 1, 50, 10));
            var connection = bench.Connected(arguments[0], stream, false);
            var events = new EventSource(stream);
            Tell(events, stream, 200000);
            Settle(connection);
            var count = long.Parse(arguments[2]);
            var begin = stream.End;
            var clock = Stopwatch.StartNew();
            Tell(events, stream, count);
            Settle(connection);
            var seconds = clock.Elapsed.TotalSeconds;
            var sender = connection.Publisher.Sender(arguments[1]);
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject().Member("rate", (stream.End - begin) / seconds)
                .Member("end", stream.End).Member("losses", sender.Losses).Member("resyncs", sender.Resyncs)
                .Member("refusals", sender.Refusals).Name("bids").Value((object)Feed.Rows(stream, Wire.SideBid))
                .Name("asks").Value((object)Feed.Rows(stream, Wire.SideAsk)).EndObject()));
            connection.Stop(3000);
            return 0;
        }

        public static int Live(string[] arguments)
        {
            var bench = new FlowBench();
            var stream = new PublishedStream(new StreamDefinition(arguments[1], 0.25, 1, 50, 10));
            var connection = bench.Connected(arguments[0], stream, true);
            var events = new EventSource(stream);
            Settle(connection);
            var micros = new List<double>();
            for (var i = 0; i < Warm + int.Parse(arguments[2]); i++)
            {
                bench._measured.Reset();
                Volatile.Write(ref bench._wanted, stream.End);
                var begin = Stopwatch.GetTimestamp();
                events.Tell(1);
                if (!bench._measured.Wait(5000))
                {
                    throw new InvalidOperationException("no measures");
                }
                var took = TripBench.Micros(Stopwatch.GetTimestamp() - begin);
                if (i >= Warm)
                {
                    micros.Add(took);
                }
            }
            connection.Stop(3000);
            return TripBench.Report(micros);
        }

        public static Hello HelloOf()
        {
            var hello = new Hello(Guid.NewGuid().ToString("D"), "live") { Client = "bench" };
            hello.Topics.Add("metrics");
            hello.Topics.Add("clusters");
            return hello;
        }

        public void OnClusters(string symbol, ClusterStore clusters, ClusterChange[] changes)
        {
        }

        public void OnSignal(string symbol, SignalData signal)
        {
        }

        public void OnMetrics(string symbol, MetricsData metrics)
        {
            if (metrics.Seq >= Volatile.Read(ref _wanted))
            {
                _measured.Set();
            }
        }

        public void OnStatus(string symbol, BridgeStatus status)
        {
        }

        public void Write(LogEvent what, string detail)
        {
            Console.Error.WriteLine(what.Id + " " + what.Text + " " + detail);
        }

        private BridgeConnection Connected(string address, PublishedStream stream, bool replyNow)
        {
            var colon = address.LastIndexOf(':');
            var options = new BridgeOptions(HelloOf())
            {
                Host = address.Substring(0, colon),
                Port = int.Parse(address.Substring(colon + 1)),
                ReplyNow = replyNow
            };
            var connection = new BridgeConnection(options, this);
            connection.AddListener(this);
            connection.Add(stream);
            connection.Start();
            return connection;
        }

        /// <summary>Tell so many, and wait where the ring would lose some.</summary>
        private static void Tell(EventSource events, PublishedStream stream, long count)
        {
            for (var told = 0L; told < count; told += Part)
            {
                while (stream.End - stream.Acked > MostWaiting)
                {
                    Thread.Sleep(1);
                }
                events.Tell(Part);
            }
        }

        private static void Settle(BridgeConnection connection)
        {
            while (connection.Publisher.Link != Link.Up || !connection.Publisher.IsSettled)
            {
                Thread.Sleep(1);
            }
        }
    }
}
