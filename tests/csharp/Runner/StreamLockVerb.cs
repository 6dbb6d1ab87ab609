using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>
    /// Every call of a stream, made while somebody else holds the stream's lock. A line each: [CALL, WAITED, MOVED], whether
    /// it waited for the lock, and whether anything had changed before it had it.
    /// </summary>
    public static class StreamLockVerb
    {
        private const int PatienceMs = 10000;
        private const long Time = Market.Start + 1000000000L;
        private const string Welcome = "{\"type\":\"welcome\",\"protocol\":1,\"server\":\"test\",\"streams\":{\"ES 12-26\":0},"
            + "\"resume_from\":{\"0\":1},\"max_batch\":4096,\"heartbeat_s\":5,\"config\":\"\"}";

        private static readonly SortedDictionary<string, Func<PublishedStream, Action>> Calls = new SortedDictionary<string, Func<PublishedStream, Action>>
        {
            { "Depth", stream => () => stream.Depth(Time, Wire.SideBid, Wire.OpUpdate, 0, 18000, 7, 0) },
            { "DepthOfMaker", stream => () => stream.DepthOfMaker(Time, Wire.SideBid, Wire.OpAdd, 0, 18000, 7, 0) },
            { "Quote", stream => () => stream.Quote(Time, Wire.SideBid, 18000, 7) },
            { "SessionVolume", stream => () => stream.SessionVolume(Time, 9) },
            { "Trade", stream => () => stream.Trade(Time, 18000, 1, Wire.SideBid, Wire.TradeEvent) },
            { "Bar", stream => () => stream.Bar(Bar()) },
            { "Seed", stream => () => stream.Seed(Rows(18000), Rows(18002), Time) },
            { "SeedOfMakers", stream => () => stream.SeedOfMakers(new MakerLadder(10), Time) },
            { "Reset", stream => () => stream.Reset(ResetReason.FeedLost) },
            { "Backfill", stream => () => stream.Backfill(new[] { new MarketRecord { Time = Time, Price = 18000, Size = 1 } }) },
            { "Advance", stream => () => stream.Advance(Time + 1) },
            { "MakerRef", stream => () => stream.MakerRef("ARCA") },
            { "Paused", stream => () => stream.Paused = true },
            { "CopyRows", stream => () => stream.CopyRows(Wire.SideBid, new BookLevel[ShadowBook.MaxRows]) },
            { "Checksum", stream => () => stream.Checksum() },
            { "Counters", stream => () => Use(stream.Counters) },
            { "End", stream => () => Use(stream.End) },
            { "Acked", stream => () => Use(stream.Acked) },
            { "Backfilling", stream => () => Use(stream.Backfilling) },
            { "LastReset", stream => () => Use(stream.LastReset) },
            { "Next", stream => NextOf(PublisherOf(stream)) },
            { "NextOfNothing", stream => NextOf(Sent(PublisherOf(stream))) },
            { "IsSettled", stream => SettledOf(PublisherOf(stream)) },
        };

        public static int Run(string[] arguments)
        {
            foreach (var call in Calls)
            {
                // Once without, so that the runtime's own locks are behind it.
                call.Value(Begun())();
                Console.WriteLine(Lines.Json(json => Judge(call.Key, call.Value, json)));
            }
            return 0;
        }

        private static void Judge(string name, Func<PublishedStream, Action> call, JsonWriter json)
        {
            var stream = Begun();
            var made = call(stream);
            var thread = new Thread(delegate() { made(); }) { IsBackground = true };
            bool waited;
            bool moved;
            lock (LockOf(stream))
            {
                var before = Look(stream);
                thread.Start();
                SpinWait.SpinUntil(() => !thread.IsAlive || IsWaiting(thread), PatienceMs);
                waited = IsWaiting(thread);
                moved = Look(stream) != before;
            }
            if (!thread.Join(PatienceMs))
            {
                throw new InvalidOperationException(name + " did not end");
            }
            json.BeginList().Value(name).Value(waited).Value(moved).EndList();
        }

        private static bool IsWaiting(Thread thread)
        {
            return (thread.ThreadState & ThreadState.WaitSleepJoin) != 0;
        }

        /// <summary>All that the lock is for, by who has it.</summary>
        private static string Look(PublishedStream stream)
        {
            return string.Join(
                " ", stream.End, stream.Acked, stream.Checksum(), stream.NewestTime, stream.DepthEvents, stream.LevelOneEvents,
                stream.Backfilling, stream.LastReset, Lines.Json(json => json.Value(Feed.Counted(stream.Counters))));
        }

        private static object LockOf(PublishedStream stream)
        {
            return typeof(PublishedStream).GetProperty("Sync", BindingFlags.NonPublic | BindingFlags.Instance).GetValue(stream, null);
        }

        private static PublishedStream Begun()
        {
            var stream = new PublishedStream(new StreamDefinition("ES 12-26", 0.25, 1, 50, 10), RecordRing.DefaultCapacity);
            stream.Depth(Market.Start, Wire.SideBid, Wire.OpAdd, 0, 18000, 5, 0);
            stream.Depth(Market.Start, Wire.SideAsk, Wire.OpAdd, 0, 18001, 5, 0);
            return stream;
        }

        private static Publisher PublisherOf(PublishedStream stream)
        {
            var publisher = new Publisher(new Hello("00000000-0000-4000-8000-000000000022", "live") { Client = "test" }, false);
            publisher.Add(stream);
            publisher.Connected(0);
            publisher.Receive(ServerMessages.Parse(Welcome), 0);
            return publisher;
        }

        private static Action NextOf(Publisher publisher)
        {
            return () => publisher.Next(1, Market.Start);
        }

        /// <summary>A publisher that has nothing more to send.</summary>
        private static Publisher Sent(Publisher publisher)
        {
            while (publisher.Next(1, Market.Start) != null)
            {
            }
            return publisher;
        }

        private static Action SettledOf(Publisher publisher)
        {
            return () => Use(publisher.IsSettled);
        }

        private static BarData Bar()
        {
            return new BarData { Time = Time, Open = 1, High = 2, Low = 1, Close = 2, Volume = 3, Delta = double.NaN, SeriesType = "minute", SeriesValue = 1 };
        }

        private static BookLevel[] Rows(long price)
        {
            return new[] { new BookLevel(price, 4) };
        }

        private static void Use(object value)
        {
            GC.KeepAlive(value);
        }
    }
}
