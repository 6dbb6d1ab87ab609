using System;
using System.Collections.Generic;
using System.Reflection;

namespace Depthbridge.Runner
{
    /// <summary>What a feed does to a stream, by the words of a command.</summary>
    public static class Feed
    {
        public static object Do(PublishedStream stream, string command, Words words)
        {
            switch (command)
            {
                case "depth":
                    // time, side, op, position, price, size, maker
                    return Depth(stream, words);
                case "row":
                    // time, side, op, position, price, size, maker: of a market maker's row
                    return stream.DepthOfMaker(
                        words.Long(1), (int)words.Long(2), (int)words.Long(3), (int)words.Long(4), words.Long(5), words.Long(6), words[7].AsUnsigned("maker"));
                case "seed_makers":
                    return stream.SeedOfMakers(Owners(stream, words.List(1), words.List(2)), words.Long(3));
                case "records":
                    foreach (var row in words.List(1))
                    {
                        Record(stream, new Words(row.Items));
                    }
                    return stream.SeedWanted;
                case "seed":
                    return stream.Seed(Levels(words.List(1)), Levels(words.List(2)), words.Long(3));
                case "reset":
                    stream.Reset((ResetReason)Enum.Parse(typeof(ResetReason), words.Text(1)));
                    return null;
                case "bar":
                    return stream.Bar(Bar(words));
                case "backfill":
                    return stream.Backfill(Trades(words.List(1)));
                case "advance":
                    stream.Advance(words.Long(1));
                    return null;
                case "maker":
                    return stream.MakerRef(words.Text(1));
                case "pause":
                    stream.Paused = words.Flag(1);
                    return null;
                default:
                    throw new ArgumentException("no command " + command);
            }
        }

        public static List<object> Rows(PublishedStream stream, int side)
        {
            var rows = new BookLevel[ShadowBook.MaxRows];
            var listed = new List<object>();
            for (int i = 0, count = stream.CopyRows(side, rows); i < count; i++)
            {
                listed.Add(new[] { rows[i].Price, rows[i].Size });
            }
            return listed;
        }

        public static IDictionary<string, object> Counted(StreamCounters counters)
        {
            var counted = new SortedDictionary<string, object>(StringComparer.Ordinal);
            foreach (var field in typeof(StreamCounters).GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                counted[field.Name] = field.GetValue(counters);
            }
            return counted;
        }

        private static bool Depth(PublishedStream stream, Words words)
        {
            return stream.Depth(
                words.Long(1), (int)words.Long(2), (int)words.Long(3), (int)words.Long(4), words.Long(5), words.Long(6), words[7].AsUnsigned("maker"));
        }

        /// <summary>kind, time, side, op, position, price, size, maker.</summary>
        private static void Record(PublishedStream stream, Words row)
        {
            switch (row.Long(0))
            {
                case Wire.KindDepthPosition:
                    stream.Depth(
                        row.Long(1), (int)row.Long(2), (int)row.Long(3), (int)row.Long(4), row.Long(5), row.Long(6), row[7].AsUnsigned("maker"));
                    break;
                case Wire.KindTrade:
                    stream.Trade(row.Long(1), row.Long(5), row.Long(6), (int)row.Long(2), (int)row.Long(3));
                    break;
                default:
                    if (row.Long(3) == Wire.QuoteSessionVolume)
                    {
                        stream.SessionVolume(row.Long(1), row.Long(6));
                    }
                    else
                    {
                        stream.Quote(row.Long(1), (int)row.Long(2), row.Long(5), row.Long(6));
                    }
                    break;
            }
        }

        private static BookLevel[] Levels(IList<JsonValue> rows)
        {
            var levels = new BookLevel[rows.Count];
            for (var i = 0; i < levels.Length; i++)
            {
                levels[i] = new BookLevel(rows[i].Items[0].AsLong("price"), rows[i].Items[1].AsLong("size"));
            }
            return levels;
        }

        /// <summary>Lists of price, size, maker, bids and asks as NinjaTrader has them.</summary>
        private static MakerLadder Owners(PublishedStream stream, IList<JsonValue> bids, IList<JsonValue> asks)
        {
            var ladder = new MakerLadder(stream.Definition.DepthLevels);
            ladder.Load(Wire.SideBid, Levels(bids), Makers(bids));
            ladder.Load(Wire.SideAsk, Levels(asks), Makers(asks));
            return ladder;
        }

        private static ulong[] Makers(IList<JsonValue> rows)
        {
            var makers = new ulong[rows.Count];
            for (var i = 0; i < makers.Length; i++)
            {
                makers[i] = rows[i].Items[2].AsUnsigned("maker");
            }
            return makers;
        }

        /// <summary>Lists of time, price, size, side, op.</summary>
        private static MarketRecord[] Trades(IList<JsonValue> rows)
        {
            var trades = new MarketRecord[rows.Count];
            for (var i = 0; i < trades.Length; i++)
            {
                var row = new Words(rows[i].Items);
                trades[i] = new MarketRecord
                {
                    Time = row.Long(0), Price = row.Long(1), Size = row.Long(2), Side = (byte)row.Long(3), Op = (byte)row.Long(4)
                };
            }
            return trades;
        }

        private static BarData Bar(Words words)
        {
            return new BarData
            {
                Time = words.Long(1), Open = words[2].AsDouble("open"), High = words[3].AsDouble("high"), Low = words[4].AsDouble("low"),
                Close = words[5].AsDouble("close"), Volume = words[6].AsDouble("volume"), Delta = double.NaN,
                SeriesType = "minute", SeriesValue = 1
            };
        }
    }
}
