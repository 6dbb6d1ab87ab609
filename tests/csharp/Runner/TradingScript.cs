using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>A trade desk whose broker is the test.</summary>
    public sealed class TradingScript : IOrderGateway, ITradeLog
    {
        private const long Ms = 1000000L;
        private readonly TradeDesk desk;
        private readonly List<string> said = new List<string>();
        private readonly HashSet<string> refused = new HashSet<string>();
        private long now;
        private long received;
        private string verdict;

        public TradingScript(JsonValue settings)
        {
            desk = new TradeDesk(TradingSettings.Read(settings), this, this, "s");
        }

        /// <summary>One event: {"at": ms, "do": word, ...}.</summary>
        public string Take(JsonValue json)
        {
            said.Clear();
            verdict = "";
            now = TradingSettings.Whole(json, "at", now / Ms) * Ms;
            Do(json.Get("do").AsText(""), json);
            PositionLedger ledger = desk.Manager.Ledger;
            return Lines.Json(writer =>
            {
                writer.BeginObject().Name("said").BeginList();
                foreach (string word in said)
                {
                    writer.Value(word);
                }
                writer.EndList().Member("net", ledger.Net).Member("realised", ledger.Realised)
                    .Member("profit", desk.Profit).Member("gates", desk.Gates.ToString())
                    .Member("verdict", verdict).Member("idle", desk.Manager.IsIdle).EndObject();
            });
        }

        public bool Submit(OrderTicket ticket)
        {
            string word = Name(ticket.Role, ticket.Id);
            said.Add(word + " " + (ticket.Direction > 0 ? "buy " : "sell ") + ticket.Quantity + " " + Kind(ticket)
                + (ticket.Oco.Length > 0 ? " oco " + ticket.Oco : ""));
            return !refused.Remove(ticket.Role.ToString().ToLowerInvariant());
        }

        public void Change(long id, int quantity, long price)
        {
            said.Add("change " + id + " to " + quantity + " at " + price);
        }

        public void Cancel(long id)
        {
            said.Add("cancel " + id);
        }

        public void OnOrder(LiveOrder order, TradingTime time)
        {
        }

        public void OnFill(LiveOrder order, int contracts, double price, TradingTime time)
        {
        }

        public void OnPosition(PositionLedger ledger, TradingTime time)
        {
        }

        public void OnNote(TradeNote note, string text, TradingTime time)
        {
            said.Add((note + ": " + text).TrimEnd(' ', ':'));
        }

        private static string Name(OrderRole role, long id)
        {
            return role.ToString().ToLowerInvariant() + " " + id;
        }

        private static string Kind(OrderTicket ticket)
        {
            return ticket.Kind == OrderKind.Market ? "market" : ticket.Kind.ToString().ToLowerInvariant() + " " + ticket.Price;
        }

        private TradingTime Time()
        {
            return new TradingTime(now, now, now);
        }

        private void Do(string what, JsonValue json)
        {
            switch (what)
            {
                case "start":
                    desk.Start(Number(json, "position"), Number(json, "orders"), Time());
                    break;
                case "quote":
                    desk.OnQuote(Number(json, "bid"), Number(json, "bid") + Math.Max(1, Number(json, "spread")), Time());
                    break;
                case "idea":
                    verdict = desk.OnIdea(Idea(json), Time()).ToString();
                    break;
                case "enter":
                    EntryOrder entry = new EntryOrder();
                    entry.Direction = Number(json, "direction");
                    entry.Quantity = Number(json, "quantity");
                    verdict = desk.Manager.Enter(entry, Time()) ? "sent" : "not sent";
                    break;
                case "live":
                    desk.OnLive(Number(json, "on") != 0, Time());
                    break;
                case "broker":
                    desk.OnBroker(Number(json, "on") != 0, Time());
                    break;
                case "account":
                    desk.OnAccount(Number(json, "position"), Time());
                    break;
                case "bar":
                    desk.OnTrendBar(Number(json, "close"));
                    break;
                case "tick":
                    desk.OnTick(Time());
                    break;
                case "flatten":
                    desk.Flatten("the test says so", Time());
                    break;
                case "refuse":
                    refused.Add(json.Get("role").AsText(""));
                    break;
                case "attach":
                    Attach(json);
                    break;
                case "execution":
                    desk.OnExecution(Execution(json), Time());
                    break;
                default:
                    desk.OnReport(Report((OrderEvent)Enum.Parse(typeof(OrderEvent), what), json), Time());
                    break;
            }
        }

        private static int Number(JsonValue json, string name)
        {
            return (int)TradingSettings.Whole(json, name, 0);
        }

        private TradeIdea Idea(JsonValue json)
        {
            received = TradingSettings.Whole(json, "received", now / Ms) * Ms;
            TradeIdea idea = new TradeIdea();
            idea.Direction = Number(json, "direction");
            idea.Kind = json.Get("kind") == null ? "bounce" : json.Get("kind").AsText("");
            idea.Strength = TradingSettings.Real(json, "strength", idea.Direction);
            idea.Confidence = TradingSettings.Real(json, "confidence", double.NaN);
            idea.Score = TradingSettings.Real(json, "score", double.NaN);
            idea.Cluster = Number(json, "cluster");
            idea.Price = Number(json, "price");
            idea.Expires = TradingSettings.Whole(json, "expires", 0) * Ms;
            idea.Time = now;
            idea.Received = received;
            return idea;
        }

        private void Attach(JsonValue json)
        {
            OrderTicket ticket = new OrderTicket();
            ticket.Role = (OrderRole)Enum.Parse(typeof(OrderRole), json.Get("role").AsText(""), true);
            ticket.Kind = ticket.Role == OrderRole.Stop ? OrderKind.StopMarket : OrderKind.Limit;
            ticket.Direction = Number(json, "direction");
            ticket.Quantity = Number(json, "quantity");
            ticket.Price = Number(json, "price");
            ticket.Parent = Number(json, "parent");
            ticket.Oco = json.Get("oco").AsText("");
            said.Add("adopted " + desk.Manager.Adopt(ticket, Time()));
        }

        private static ExecutionReport Execution(JsonValue json)
        {
            return new ExecutionReport
            {
                Id = Number(json, "id"),
                ExecutionId = json.Get("name").AsText(""),
                Quantity = Number(json, "quantity"),
                Price = Number(json, "price")
            };
        }

        private static OrderReport Report(OrderEvent what, JsonValue json)
        {
            JsonValue reason = json.Get("reason");
            return new OrderReport
            {
                Id = Number(json, "id"),
                Event = what,
                Filled = Number(json, "filled"),
                Average = TradingSettings.Real(json, "average", 0),
                Quantity = Number(json, "quantity"),
                Price = Number(json, "price"),
                Reason = reason == null ? RejectReason.Unknown : (RejectReason)Enum.Parse(typeof(RejectReason), reason.AsText(""))
            };
        }
    }
}
