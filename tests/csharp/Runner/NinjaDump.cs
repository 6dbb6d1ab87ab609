using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Threading;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript.AddOns;

namespace Depthbridge.Runner
{
    /// <summary>
    /// Plays the lines of a Market Replay dump as NinjaTrader would: on the instrument's own thread, a trade with the bid
    /// and ask of its moment, the rows moved before anybody hears of it.
    /// </summary>
    public sealed class NinjaDump
    {
        private const int Together = 64;
        private const string Form = "yyyyMMddHHmmss";
        private string[] _lines = new string[0];
        private int _next;
        private Instrument _instrument;
        private double _bid;
        private double _ask;

        /// <summary>The commands of it.</summary>
        public static void Offer(IDictionary<string, Func<IList<JsonValue>, object>> commands)
        {
            var dump = new NinjaDump();
            commands["dump"] = a => dump.Open(NinjaVerb.Known(a[0]), NinjaVerb.Text(a[1]));
            commands["play"] = a => dump.Play((int)NinjaVerb.Whole(a[0]), NinjaVerb.Whole(a[1]));
            commands["feed"] = a => Described(DepthbridgeHub.Current.Feeds[0]);
            commands["drained"] = a =>
            {
                // Whatever was asked of the instrument's thread has been done.
                NinjaVerb.Known(a[0]).Dispatcher.Invoke(delegate { });
                return null;
            };
            commands["feeds"] = a => DepthbridgeHub.Current.Feeds.Count;
        }

        private object Open(Instrument instrument, string path)
        {
            _lines = File.ReadAllLines(path);
            _instrument = instrument;
            _next = 0;
            return _lines.Length;
        }

        /// <summary>Play so many lines more (at so many a second; 0: at once); returns how many were played so far.</summary>
        private object Play(int count, long perSecond)
        {
            var end = Math.Min(_next + count, _lines.Length);
            var clock = Stopwatch.StartNew();
            var told = 0L;
            while (_next < end)
            {
                var stop = Math.Min(_next + Together, end);
                told += stop - _next;
                _instrument.Dispatcher.Invoke(delegate { PlayTo(stop); });
                while (perSecond > 0 && told > clock.Elapsed.TotalSeconds * perSecond)
                {
                    Thread.Sleep(1);
                }
            }
            return _next;
        }

        private void PlayTo(int end)
        {
            for (; _next < end; _next++)
            {
                var fields = _lines[_next].Split(';');
                if (fields[0] == "L2")
                {
                    _instrument.MarketDepth.Raise(DepthOf(fields));
                }
                else
                {
                    _instrument.MarketData.Raise(DataOf(fields));
                }
            }
        }

        private MarketDepthEventArgs DepthOf(string[] fields)
        {
            return new MarketDepthEventArgs
            {
                Instrument = _instrument,
                MarketDataType = (MarketDataType)Whole(fields[1]),
                Time = TimeOf(fields),
                Operation = (Operation)Whole(fields[4]),
                Position = (int)Whole(fields[5]),
                MarketMaker = fields[6],
                Price = Number(fields[7]),
                Volume = Whole(fields[8])
            };
        }

        private MarketDataEventArgs DataOf(string[] fields)
        {
            var type = (MarketDataType)Whole(fields[1]);
            var price = Number(fields[4]);
            _ask = type == MarketDataType.Ask ? price : _ask;
            _bid = type == MarketDataType.Bid ? price : _bid;
            return new MarketDataEventArgs
            {
                Instrument = _instrument,
                MarketDataType = type,
                Time = TimeOf(fields),
                Price = price,
                Volume = Whole(fields[5]),
                Bid = _bid,
                Ask = _ask
            };
        }

        private static DateTime TimeOf(string[] fields)
        {
            return DateTime.ParseExact(fields[2], Form, CultureInfo.InvariantCulture).AddTicks(Whole(fields[3]));
        }

        private static long Whole(string text)
        {
            return long.Parse(text, CultureInfo.InvariantCulture);
        }

        private static double Number(string text)
        {
            return double.Parse(text, CultureInfo.InvariantCulture);
        }

        private static object Described(DepthbridgeInstrumentFeed feed)
        {
            var stream = feed.Hub.Stream;
            var described = new Dictionary<string, object>(Feed.Counted(stream.Counters));
            described.Add("end", stream.End);
            described.Add("acked", stream.Acked);
            described.Add("wanted", stream.SeedWanted);
            described.Add("failed", feed.Failed);
            described.Add("ignored", feed.Ignored);
            described.Add("audits", feed.Audits);
            described.Add("asks", Feed.Rows(stream, Wire.SideAsk));
            described.Add("bids", Feed.Rows(stream, Wire.SideBid));
            return described;
        }
    }
}
