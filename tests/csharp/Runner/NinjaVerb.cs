using System;
using System.Collections.Generic;
using System.Globalization;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;

namespace Depthbridge.Runner
{
    /// <summary>
    /// A NinjaTrader made of stand-ins, driven line by line. A line is a list: a command and its arguments (see the
    /// tables); the answer is what it gave, or null. Without "server" no server is there: "connections" says what was
    /// asked of one, and "hear" and "become" say what it says.
    /// </summary>
    public sealed class NinjaVerb
    {
        private readonly Dictionary<string, Func<IList<JsonValue>, object>> _commands = new Dictionary<string, Func<IList<JsonValue>, object>>();
        private readonly List<DepthbridgeHub> _hubs = new List<DepthbridgeHub>();
        private readonly Queue<Action> _requests = new Queue<Action>();
        private long _now = 1000000000000L;
        private long _wall = 1700000000000000000L;

        private NinjaVerb()
        {
            DepthbridgeHub.Open = (source, settings, log) => new ScriptConnection(source, settings);
            DepthbridgeHub.Period = -1;
            BarsRequest.Deliver = _requests.Enqueue;
            World();
            Hub();
            Events();
            History();
            new NinjaScripts(_commands).Offer();
            NinjaDump.Offer(_commands);
        }

        public static int Run(string[] arguments)
        {
            var verb = new NinjaVerb();
            return Lines.Answer(line => verb.Answer(JsonParser.Parse(line)));
        }

        internal static Instrument Known(JsonValue name)
        {
            return Instrument.GetInstrument(name.AsText("instrument"));
        }

        internal static string Text(JsonValue value)
        {
            return value.AsText("argument");
        }

        internal static long Whole(JsonValue value)
        {
            return value.AsLong("argument");
        }

        internal static double Number(JsonValue value)
        {
            return value.AsDouble("argument");
        }

        /// <summary>A local time of the display zone, "yyyy-MM-dd HH:mm:ss.fffffff".</summary>
        internal static DateTime Local(JsonValue value)
        {
            return DateTime.Parse(Text(value), CultureInfo.InvariantCulture);
        }

        private string Answer(JsonValue line)
        {
            var words = line.AsList("line");
            var rest = new List<JsonValue>(words);
            rest.RemoveAt(0);
            var answer = _commands[Text(words[0])](rest);
            Drain(); // what the command left to an instrument's thread has happened before the next one
            return Lines.Json(json => json.Value(answer));
        }

        private void World()
        {
            _commands["sleep"] = a =>
            {
                System.Threading.Thread.Sleep((int)Whole(a[0]));
                return null;
            };
            _commands["zone"] = a =>
            {
                var hours = (int)Whole(a[0]);
                NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo = hours == 0 ? TimeZoneInfo.Utc : TimeZoneVerb.UnitedStates(hours);
                return null;
            };
            _commands["now"] = a =>
            {
                var now = Local(a[0]);
                NinjaTrader.Core.Globals.Clock = () => now;
                return null;
            };
            _commands["instrument"] = a => Instrument.Create(Text(a[0]), Local(a[1]), Number(a[2]), Number(a[3])).FullName;
            _commands["rename"] = a => Known(a[0]).FullName = Text(a[1]);
            _commands["kind"] = a =>
            {
                Known(a[0]).MasterInstrument.InstrumentType = (InstrumentType)Enum.Parse(typeof(InstrumentType), Text(a[1]));
                return null;
            };
            _commands["playback"] = a =>
            {
                Connection.PlaybackConnection = a[0].AsBoolean("on") ? new Connection() : null;
                return null;
            };
            _commands["connection"] = a =>
            {
                Known(a[0]).DataConnection = new Connection();
                return null;
            };
            _commands["move"] = a =>
            {
                var status = (ConnectionStatus)Enum.Parse(typeof(ConnectionStatus), Text(a[1]));
                Known(a[0]).DataConnection.Move(status, status);
                return null;
            };
            _commands["log"] = a => new List<string>(Array.ConvertAll(NinjaScript.TakeLog(), one => one.Level + " " + one.Text));
        }

        private void Hub()
        {
            _commands["server"] = a =>
            {
                // The folder in which NinjaTrader keeps what is the user's; a second NinjaTrader has another one.
                NinjaTrader.Core.Globals.UserDataDir = Text(a[0]);
                DepthbridgeHub.Open = null;
                DepthbridgeHub.Period = 1000;
                return null;
            };
            _commands["hub"] = a =>
            {
                _hubs.Add(new DepthbridgeHub());
                return _hubs.Count - 1;
            };
            _commands["hub-state"] = a =>
            {
                _hubs[(int)Whole(a[0])].SetState((State)Enum.Parse(typeof(State), Text(a[1])));
                return DepthbridgeHub.Current != null;
            };
            _commands["hub-window"] = a =>
            {
                _hubs[(int)Whole(a[0])].DriveWindowCreated(new System.Windows.Window());
                return DepthbridgeHub.Current != null;
            };
            _commands["listeners"] = a => new List<int>
            {
                Known(a[0]).MarketDepth.Listeners,
                Known(a[0]).MarketData.Listeners,
                Connection.Listeners,
                Known(a[0]).MarketDepth.ForeignThreads + Known(a[0]).MarketData.ForeignThreads
            };
            _commands["tick"] = a =>
            {
                // Seconds of the monotonic clock and of the wall clock.
                _now += (long)(Number(a[0]) * 1e9);
                _wall += (long)(Number(a[a.Count - 1]) * 1e9);
                DepthbridgeHub.Current.Tick(_now, _wall);
                return null;
            };
            _commands["connections"] = a => new List<string>(ScriptConnection.Take());
            _commands["stream"] = a => Described(ScriptConnection.All[(int)Whole(a[0])].Streams[(int)Whole(a[1])]);
            _commands["settings"] = a => ScriptConnection.All[(int)Whole(a[0])].Settings.Key;
            _commands["hear"] = a =>
            {
                ScriptConnection.All[(int)Whole(a[0])].Hear(Text(a[1]), ServerMessages.Read(a[2]));
                return null;
            };
            _commands["become"] = a =>
            {
                var state = (BridgeState)Enum.Parse(typeof(BridgeState), Text(a[2]));
                ScriptConnection.All[(int)Whole(a[0])].Become(Text(a[1]), new BridgeStatus(state, Text(a[3]), 0, "1.2.3", 12000000, 400000));
                return null;
            };
        }

        private void Events()
        {
            _commands["depth"] = a =>
            {
                // instrument, side, op, position, price, size, time, market maker
                // On the instrument's thread, where the feed seeds: no seed falls between rows and event.
                var depth = DepthOf(a);
                Known(a[0]).Dispatcher.Invoke(delegate { depth.Instrument.MarketDepth.Raise(depth); });
                return null;
            };
            _commands["depth-untold"] = a =>
            {
                lock (Known(a[0]).SyncMarketDepth)
                {
                    Known(a[0]).MarketDepth.Apply(DepthOf(a));
                }
                return null;
            };
            _commands["depth-only-told"] = a =>
            {
                Known(a[0]).MarketDepth.Tell(DepthOf(a));
                return null;
            };
            _commands["depth-reset"] = a =>
            {
                Known(a[0]).MarketDepth.Raise(new MarketDepthEventArgs { Instrument = Known(a[0]), IsReset = true });
                return null;
            };
            _commands["data"] = a =>
            {
                Known(a[0]).MarketData.Raise(DataOf(a));
                return null;
            };
            _commands["cost"] = a => NinjaCost.Run(DepthbridgeHub.Current.Feeds[0]);
            _commands["flood"] = a => NinjaFlood.Run(Known(a[0]), (int)Whole(a[1]), (int)Whole(a[2]));
        }

        private void History()
        {
            _commands["history"] = a =>
            {
                // Ticks of [time, price, size, bid, ask]; null: NinjaTrader has none.
                var bars = a[0].IsNull ? null : BarsOf(a[0]);
                BarsRequest.Source = request => bars;
                return null;
            };
            _commands["requests"] = a => _requests.Count;
            _commands["deliver"] = a =>
            {
                _requests.Dequeue()();
                return null;
            };
        }

        private void Drain()
        {
            foreach (var instrument in Instrument.All)
            {
                instrument.Dispatcher.Drain();
            }
        }

        private static Bars BarsOf(JsonValue ticks)
        {
            var bars = new Bars();
            foreach (var tick in ticks.AsList("ticks"))
            {
                var a = tick.AsList("tick");
                bars.Append(new Bar { Time = Local(a[0]), Close = Number(a[1]), Volume = Whole(a[2]), Bid = Number(a[3]), Ask = Number(a[4]) });
            }
            return bars;
        }

        internal static MarketDepthEventArgs DepthOf(IList<JsonValue> a)
        {
            return new MarketDepthEventArgs
            {
                Instrument = Known(a[0]),
                MarketDataType = Text(a[1]) == "ask" ? MarketDataType.Ask : MarketDataType.Bid,
                Operation = (Operation)Enum.Parse(typeof(Operation), Text(a[2])),
                Position = (int)Whole(a[3]),
                Price = Number(a[4]),
                Volume = Whole(a[5]),
                Time = Local(a[6]),
                MarketMaker = a.Count > 7 ? Text(a[7]) : ""
            };
        }

        internal static MarketDataEventArgs DataOf(IList<JsonValue> a)
        {
            // instrument, type, price, size, bid, ask, time
            return new MarketDataEventArgs
            {
                Instrument = Known(a[0]),
                MarketDataType = (MarketDataType)Enum.Parse(typeof(MarketDataType), Text(a[1])),
                Price = Number(a[2]),
                Volume = Whole(a[3]),
                Bid = Number(a[4]),
                Ask = Number(a[5]),
                Time = Local(a[6])
            };
        }

        private static object Described(PublishedStream stream)
        {
            var counters = stream.Counters;
            return new Dictionary<string, object>
            {
                { "symbol", stream.Definition.Symbol },
                { "bids", RowsOf(stream, Wire.SideBid) },
                { "asks", RowsOf(stream, Wire.SideAsk) },
                { "end", stream.End },
                { "newest", stream.NewestTime },
                { "paused", stream.Paused },
                { "wanted", stream.SeedWanted },
                { "depth", counters.Depth },
                { "quotes", counters.Quotes },
                { "trades", counters.Trades },
                { "bars", counters.Bars },
                { "historical", counters.Historical },
                { "refused", counters.Refused },
                { "resets", counters.Resets },
                { "faults", counters.Faults },
                { "rewinds", counters.Rewinds },
                { "seeds", counters.Seeds }
            };
        }

        private static object RowsOf(PublishedStream stream, int side)
        {
            var rows = new BookLevel[ShadowBook.MaxRows];
            var list = new List<object>();
            var count = stream.CopyRows(side, rows);
            for (var i = 0; i < count; i++)
            {
                list.Add(new List<long> { rows[i].Price, rows[i].Size });
            }
            return list;
        }
    }
}
