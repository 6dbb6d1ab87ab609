using System;
using System.Collections.Generic;
using System.Globalization;
using Depthbridge.Testing;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;
using NinjaTrader.NinjaScript.Strategies;

namespace Depthbridge.Runner
{
    /// <summary>
    /// cluster-trader: the example strategy in MES, its hub and the simulated exchange, without a server. Each line is a
    /// list of a word and its arguments; the answer tells new and changed orders, the position, reports, and what was said.
    /// </summary>
    public sealed class ClusterTraderVerb
    {
        private readonly Instrument es = Instrument.Create("ES", new DateTime(2026, 12, 1), 0.25, 50);
        private readonly Instrument mes = Instrument.Create("MES", new DateTime(2026, 12, 1), 0.25, 5);
        private readonly DepthbridgeClusterTrader trader = new DepthbridgeClusterTrader();
        private readonly Dictionary<long, string> told = new Dictionary<long, string>();
        private readonly Connection broker = new Connection { Status = ConnectionStatus.Connected, PriceStatus = ConnectionStatus.Connected };
        private DateTime now = new DateTime(2026, 11, 19, 10, 0, 0);

        public static int Run(string[] arguments)
        {
            ClusterTraderVerb verb = new ClusterTraderVerb();
            return Lines.Answer(line =>
            {
                IList<JsonValue> words = JsonParser.Parse(line).Items;
                verb.Do(words[0].AsText(""), words);
                verb.trader.RunCustomEvents();
                return verb.Answer();
            });
        }

        private void Do(string what, IList<JsonValue> words)
        {
            switch (what)
            {
                case "make":
                    Make(words[1]);
                    break;
                case "realtime":
                    trader.SetState(State.Realtime);
                    break;
                case "status":
                    Server().Become(SignalSymbol(), new BridgeStatus((BridgeState)Enum.Parse(typeof(BridgeState), words[1].AsText("")), "", 0, "", 0, 0));
                    break;
                case "hear":
                    Server().Hear(SignalSymbol(), ServerMessages.Parse(words[1].AsText("")));
                    break;
                case "quote":
                    Quote(words[1].AsDouble(""), words[2].AsDouble(""));
                    break;
                case "hold":
                    trader.Account.Hold(mes, (int)words[1].AsLong(""));
                    break;
                case "wait":
                    now = now.AddMilliseconds(words[1].AsLong(""));
                    trader.Exchange.Advance((now - new DateTime(2026, 11, 19)).Ticks * 100);
                    trader.Look();
                    break;
                case "faults":
                    trader.Exchange.Faults.Reject[(int)(OrderRole)Enum.Parse(typeof(OrderRole), words[1].AsText(""))] = words[2].AsDouble("");
                    break;
                case "broker":
                    bool up = words[1].AsLong("") != 0;
                    trader.Exchange.Listening = up;
                    trader.DriveConnection(Changed(up));
                    break;
                case "bar":
                    Bar(words[1].AsDouble(""));
                    break;
                case "terminate":
                    trader.SetState(State.Terminated);
                    break;
                default:
                    throw new ArgumentException(what);
            }
        }

        private ConnectionStatusEventArgs Changed(bool up)
        {
            ConnectionStatus status = up ? ConnectionStatus.Connected : ConnectionStatus.ConnectionLost;
            return new ConnectionStatusEventArgs(broker, status, broker.Status, status, broker.Status);
        }

        private void Make(JsonValue settings)
        {
            NinjaTrader.Core.Globals.Clock = delegate { return now; };
            NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo = TimeZoneInfo.Utc;
            DepthbridgeHub.Open = (source, chosen, log) => new ScriptConnection(source, chosen);
            DepthbridgeHub.Period = -1;
            DepthbridgeClusterTrader.Period = -1;
            new DepthbridgeHub().SetState(State.Configure);
            ExchangeFaults faults = new ExchangeFaults();
            trader.Instrument = mes;
            trader.Instruments = new[] { mes };
            trader.Bars = new Bars { Instrument = mes, BarsPeriod = new BarsPeriod { BarsPeriodType = BarsPeriodType.Minute, Value = 1 } };
            trader.Account = new Account { Name = "Sim101", Connection = broker };
            trader.SetState(State.SetDefaults);
            foreach (KeyValuePair<string, JsonValue> pair in settings.Members)
            {
                Set(pair.Key, pair.Value);
            }
            trader.Exchange = new SimulatedExchange(1, faults);
            trader.SetState(State.Configure);
            trader.SetState(State.DataLoaded);
            trader.SetState(State.Historical);
            trader.SetState(State.Transition);
        }

        private void Set(string name, JsonValue value)
        {
            if (name == "account")
            {
                trader.Account.Name = value.AsText("");
                return;
            }
            var property = trader.GetType().GetProperty(name);
            Type type = property.PropertyType;
            object given = type.IsEnum ? Enum.Parse(type, value.AsText(""))
                : type == typeof(bool) ? value.AsBoolean("")
                : type == typeof(int) ? (object)(int)value.AsLong("")
                : type == typeof(double) ? value.AsDouble("") : (object)value.AsText("");
            property.SetValue(trader, given, null);
        }

        private static ScriptConnection Server()
        {
            return ScriptConnection.All[0];
        }

        private string SignalSymbol()
        {
            return string.IsNullOrEmpty(trader.SignalInstrument) ? mes.FullName : es.FullName;
        }

        private void Quote(double bid, double ask)
        {
            trader.Exchange.SetMarket((long)Math.Round(bid / 0.25), (long)Math.Round(ask / 0.25));
            trader.DriveData(0, new MarketDataEventArgs { Instrument = mes, MarketDataType = MarketDataType.Bid, Price = bid, Time = now });
            trader.DriveData(0, new MarketDataEventArgs { Instrument = mes, MarketDataType = MarketDataType.Ask, Price = ask, Time = now });
        }

        private void Bar(double close)
        {
            Bars slow = new Bars { Instrument = mes, BarsPeriod = new BarsPeriod { BarsPeriodType = BarsPeriodType.Minute, Value = 5 } };
            slow.Append(new Bar { Time = now, Open = close, High = close, Low = close, Close = close, Volume = 1 });
            trader.BarsArray = new[] { trader.Bars, slow };
            trader.Instruments = new[] { mes, mes };
            trader.DriveBar(1, 0);
            trader.BarsInProgress = 0;
        }

        private string Answer()
        {
            return Lines.Json(json =>
            {
                json.BeginObject().Name("orders").BeginList();
                foreach (Order order in trader.Sent)
                {
                    string text = Text(order);
                    string before;
                    if (!told.TryGetValue(order.Number, out before) || before != text)
                    {
                        told[order.Number] = text;
                        json.Value(text);
                    }
                }
                json.EndList().Name("said").BeginList();
                foreach (string line in NinjaTrader.Code.Output.Take())
                {
                    json.Value(line);
                }
                json.EndList().Name("reports").BeginList();
                foreach (string line in ScriptConnection.Take())
                {
                    int at = line.IndexOf("report {", StringComparison.Ordinal);
                    if (at >= 0)
                    {
                        json.Value(JsonParser.Parse(line.Substring(at + 7)));
                    }
                }
                json.EndList().Member("position", trader.Exchange == null ? 0 : trader.Exchange.Position)
                    .Member("unmanaged", trader.IsUnmanaged).Member("banner", trader.Banner ?? "")
                    .Member("trading", trader.Desk != null).EndObject();
            });
        }

        private static string Text(Order order)
        {
            double price = order.LimitPrice + order.StopPrice;
            return string.Join(" ", order.Name.Replace("Depthbridge ", "#"), order.OrderAction, order.OrderType, order.Quantity,
                price.ToString(CultureInfo.InvariantCulture), order.OrderState);
        }
    }
}
