// A small exchange with one instrument and one account, seeded: it can refuse, fill in parts, fill
// late, cancel late, fill both sides of a pair, fill more than ordered, and tell things twice.
using System;
using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge.Testing
{
    /// <summary>What the exchange tells of an order.</summary>
    public sealed class ExchangeEvent
    {
        /// <summary>When it is told, ns.</summary>
        public long At;

        /// <summary>Breaks ties in the order of telling.</summary>
        public long Number;

        /// <summary>The order as it was at that moment.</summary>
        public long Id;

        /// <summary>What happened; not looked at when <see cref="ExecutionId"/> is there.</summary>
        public OrderEvent Event;

        /// <summary>Contracts executed so far.</summary>
        public int Filled;

        /// <summary>Their average price in ticks.</summary>
        public double Average;

        /// <summary>Total quantity.</summary>
        public int Quantity;

        /// <summary>Limit or stop price in ticks.</summary>
        public long Price;

        /// <summary>Of a refusal.</summary>
        public RejectReason Reason;

        /// <summary>Of an execution: its name.</summary>
        public string ExecutionId;

        /// <summary>Of an execution: contracts.</summary>
        public int Contracts;

        /// <summary>Of an order that the exchange made for a native bracket: the order.</summary>
        public OrderTicket Attached;

        /// <summary>The same told again.</summary>
        public ExchangeEvent Copy()
        {
            return (ExchangeEvent)MemberwiseClone();
        }
    }

    /// <summary>What goes wrong, as probabilities, and how long things take.</summary>
    public sealed class ExchangeFaults
    {
        /// <summary>Refusal of a new order, by role.</summary>
        public readonly double[] Reject = new double[4];

        /// <summary>A fill takes only a part.</summary>
        public double PartFill;

        /// <summary>A cancel finds nothing to cancel and is refused although the order lives.</summary>
        public double CancelRefused;

        /// <summary>A cancel or change is never heard.</summary>
        public double AskLost;

        /// <summary>A cancelled order is filled after its cancel was confirmed.</summary>
        public double FillAfterCancel;

        /// <summary>The partner of a filled OCO order lives on for a while.</summary>
        public double OcoLate;

        /// <summary>An entry fills more than was ordered.</summary>
        public double Overfill;

        /// <summary>Of the report and the execution of a fill only one is told.</summary>
        public double OneWord;

        /// <summary>An execution is told twice.</summary>
        public double Twice;

        /// <summary>A cancel of one order of a pair cancels the other.</summary>
        public bool CancelsGroup = true;

        /// <summary>A part fill of one order of a pair takes the other down.</summary>
        public bool Reduces;

        /// <summary>Shortest and longest way, ns; 0: everything happens within the call.</summary>
        public long Fastest;

        /// <summary>Longest way.</summary>
        public long Slowest;
    }

    /// <summary>An order at the exchange.</summary>
    public sealed class ExchangeOrder
    {
        /// <summary>As it was sent.</summary>
        public OrderTicket Ticket;

        /// <summary>Total quantity.</summary>
        public int Quantity;

        /// <summary>Price in ticks.</summary>
        public long Price;

        /// <summary>Contracts executed.</summary>
        public int Filled;

        /// <summary>Sum of price times contracts.</summary>
        public long Cost;

        /// <summary>Contracts that its partner has taken off it.</summary>
        public int Reduced;

        /// <summary>In the book.</summary>
        public bool Working;
    }

    /// <summary>The exchange.</summary>
    public sealed class SimulatedExchange
    {
        private readonly Random random;
        private readonly List<ExchangeEvent> telling = new List<ExchangeEvent>();
        private readonly List<KeyValuePair<long, Action>> asked = new List<KeyValuePair<long, Action>>();
        private readonly Dictionary<long, ExchangeOrder> orders = new Dictionary<long, ExchangeOrder>();
        private readonly HashSet<string> ended = new HashSet<string>();
        private readonly List<ExchangeOrder> book = new List<ExchangeOrder>();
        private long now;
        private long numbers;
        private long executions;
        private long lastTold;
        private long ownIds = 1000000;

        /// <summary>An exchange that draws its faults from a seed.</summary>
        public SimulatedExchange(int seed, ExchangeFaults faults)
        {
            random = new Random(seed);
            Faults = faults;
            Listening = true;
        }

        /// <summary>What goes wrong; may be changed at any time.</summary>
        public ExchangeFaults Faults { get; set; }

        /// <summary>Hears everything.</summary>
        public Action<ExchangeEvent> Tell { get; set; }

        /// <summary>The line to the trader is up; what is told while it is down waits.</summary>
        public bool Listening { get; set; }

        /// <summary>The account's contracts.</summary>
        public int Position { get; private set; }

        /// <summary>Sum of sold minus bought, price times contracts.</summary>
        public long Cash { get; private set; }

        /// <summary>How often the position went through zero to the other side in one fill or from flat by a closing order.</summary>
        public int Crossings { get; private set; }

        /// <summary>Best bid in ticks.</summary>
        public long Bid { get; private set; }

        /// <summary>Best ask in ticks.</summary>
        public long Ask { get; private set; }

        /// <summary>Whether anything is still under way.</summary>
        public bool IsQuiet
        {
            get { return telling.Count == 0 && asked.Count == 0; }
        }

        /// <summary>Orders that can be executed.</summary>
        public IList<ExchangeOrder> Book
        {
            get { return book; }
        }

        /// <summary>A new order.</summary>
        public void Submit(OrderTicket ticket)
        {
            ExchangeOrder order = new ExchangeOrder { Ticket = ticket, Quantity = ticket.Quantity, Price = ticket.Price };
            orders.Add(ticket.Id, order);
            Later(delegate { Accept(order); });
        }

        /// <summary>Another quantity or price.</summary>
        public void Change(long id, int quantity, long price)
        {
            if (!Chance(Faults.AskLost))
            {
                Later(delegate { DoChange(orders[id], quantity, price); });
            }
        }

        /// <summary>An end.</summary>
        public void Cancel(long id)
        {
            if (!Chance(Faults.AskLost))
            {
                Later(delegate { DoCancel(orders[id]); });
            }
        }

        /// <summary>A market; orders are matched against it.</summary>
        public void SetMarket(long bid, long ask)
        {
            Bid = bid;
            Ask = ask;
            Match();
        }

        /// <summary>Time goes on: what is due happens and is told, in order.</summary>
        public void Advance(long time)
        {
            while (true)
            {
                long act = asked.Count > 0 ? asked[0].Key : long.MaxValue;
                long tell = Listening && telling.Count > 0 ? telling[0].At : long.MaxValue;
                if (Math.Min(act, tell) > time)
                {
                    break;
                }
                now = Math.Max(now, Math.Min(act, tell));
                if (act <= tell)
                {
                    Action next = asked[0].Value;
                    asked.RemoveAt(0);
                    next();
                }
                else
                {
                    TellNext();
                }
            }
            now = Math.Max(now, time);
        }

        private void TellNext()
        {
            ExchangeEvent told = telling[0];
            telling.RemoveAt(0);
            Tell(told);
        }

        private void Later(Action action)
        {
            if (Faults.Slowest == 0)
            {
                action();
                return;
            }
            Insert(now + Way(), action);
        }

        private void Insert(long at, Action action)
        {
            int index = asked.Count;
            while (index > 0 && asked[index - 1].Key > at)
            {
                index--;
            }
            asked.Insert(index, new KeyValuePair<long, Action>(at, action));
        }

        private long Way()
        {
            return Faults.Fastest + (long)(random.NextDouble() * (Faults.Slowest - Faults.Fastest));
        }

        private bool Chance(double probability)
        {
            return probability > 0 && random.NextDouble() < probability;
        }

        private void Say(ExchangeEvent told)
        {
            if (Faults.Slowest == 0)
            {
                if (Listening && telling.Count == 0)
                {
                    Tell(told);
                    return;
                }
                told.At = now;
            }
            else
            {
                // A line keeps its order.
                told.At = Math.Max(lastTold, now + Way());
            }
            lastTold = told.At;
            told.Number = numbers++;
            telling.Add(told);
        }

        private void Say(ExchangeOrder order, OrderEvent what, RejectReason reason = RejectReason.Unknown)
        {
            Say(new ExchangeEvent
            {
                Id = order.Ticket.Id,
                Event = what,
                Filled = order.Filled,
                Average = order.Filled == 0 ? 0 : (double)order.Cost / order.Filled,
                Quantity = order.Quantity,
                Price = order.Price,
                Reason = reason
            });
        }

        private void Accept(ExchangeOrder order)
        {
            RejectReason reason;
            if (IsRefused(order, out reason))
            {
                Say(order, OrderEvent.Rejected, reason);
                EndGroup(order);
                return;
            }
            order.Working = true;
            Join(order);
            book.Add(order);
            Say(order, OrderEvent.Accepted);
            Match();
        }

        // What a partner has closed before this one arrived is not closed again.
        private void Join(ExchangeOrder order)
        {
            foreach (ExchangeOrder other in book)
            {
                if (Faults.Reduces && other.Ticket.Oco.Length > 0 && other.Ticket.Oco == order.Ticket.Oco)
                {
                    order.Reduced += other.Filled;
                    order.Quantity -= other.Filled;
                }
            }
        }

        private bool IsRefused(ExchangeOrder order, out RejectReason reason)
        {
            OrderTicket ticket = order.Ticket;
            bool wrong = ticket.Kind == OrderKind.StopMarket
                && (ticket.Direction > 0 ? order.Price <= Ask : order.Price >= Bid);
            if (ended.Contains(ticket.Oco))
            {
                reason = RejectReason.NotAllowed;
                return true;
            }
            reason = wrong ? RejectReason.Price : (RejectReason)random.Next(0, 6);
            return wrong || Chance(Faults.Reject[(int)ticket.Role]);
        }

        private void DoChange(ExchangeOrder order, int quantity, long price)
        {
            bool wrong = order.Ticket.Kind == OrderKind.StopMarket
                && (order.Ticket.Direction > 0 ? price <= Ask : price >= Bid);
            if (!order.Working || wrong)
            {
                Say(order, OrderEvent.ChangeRefused);
                return;
            }
            order.Price = price;
            // A pair that was reduced is not enlarged by a change that was under way.
            order.Quantity = Math.Max(Math.Min(quantity, order.Ticket.Quantity - order.Reduced), order.Filled);
            if (order.Quantity == order.Filled)
            {
                Remove(order);
                Say(order, OrderEvent.Cancelled);
                return;
            }
            Say(order, OrderEvent.Accepted);
            Match();
        }

        private void DoCancel(ExchangeOrder order)
        {
            if (!order.Working || Chance(Faults.CancelRefused))
            {
                Say(order, OrderEvent.CancelRefused);
                return;
            }
            Remove(order);
            Say(order, OrderEvent.Cancelled);
            if (Chance(Faults.FillAfterCancel))
            {
                Insert(now + 2 * Way(), delegate { Execute(order, order.Quantity - order.Filled, Touch(order)); });
            }
            if (Faults.CancelsGroup)
            {
                EndGroup(order);
            }
        }

        private void Remove(ExchangeOrder order)
        {
            order.Working = false;
            book.Remove(order);
        }

        private void EndGroup(ExchangeOrder order)
        {
            if (order.Ticket.Oco.Length == 0)
            {
                return;
            }
            ended.Add(order.Ticket.Oco);
            foreach (ExchangeOrder other in book.ToArray())
            {
                if (other != order && other.Ticket.Oco == order.Ticket.Oco)
                {
                    Remove(other);
                    Say(other, OrderEvent.Cancelled);
                }
            }
        }

        private void Match()
        {
            foreach (ExchangeOrder order in book.ToArray())
            {
                if (order.Working && Crosses(order))
                {
                    Fill(order);
                }
            }
        }

        private bool Crosses(ExchangeOrder order)
        {
            bool buys = order.Ticket.Direction > 0;
            switch (order.Ticket.Kind)
            {
                case OrderKind.Market:
                    return true;
                case OrderKind.Limit:
                    return buys ? Ask <= order.Price : Bid >= order.Price;
                default:
                    return buys ? Ask >= order.Price : Bid <= order.Price;
            }
        }

        private long Touch(ExchangeOrder order)
        {
            return order.Ticket.Direction > 0 ? Ask : Bid;
        }

        private void Fill(ExchangeOrder order)
        {
            int open = order.Quantity - order.Filled;
            int part = open > 1 && Chance(Faults.PartFill) ? random.Next(1, open) : open;
            if (part == open && order.Ticket.Role == OrderRole.Entry && Chance(Faults.Overfill))
            {
                part++;
            }
            long price = order.Ticket.Kind == OrderKind.Limit ? Better(order) : Touch(order);
            Execute(order, part, price);
        }

        private long Better(ExchangeOrder order)
        {
            long touch = Touch(order);
            bool better = order.Ticket.Direction > 0 ? touch < order.Price : touch > order.Price;
            return better ? touch : order.Price;
        }

        private void Execute(ExchangeOrder order, int contracts, long price)
        {
            if (contracts < 1)
            {
                return;
            }
            order.Filled += contracts;
            order.Cost += contracts * price;
            Settle(order.Ticket, contracts, price);
            bool full = order.Filled >= order.Quantity;
            if (order.Ticket.StopTicks > 0)
            {
                Attach(order.Ticket, contracts, price);
            }
            TellFill(order, contracts, price, full);
            Pair(order, contracts, full);
            if (order.Ticket.Role == OrderRole.Exit)
            {
                Detach(order.Ticket.Direction, contracts);
            }
            if (order.Working && full)
            {
                Remove(order);
            }
            else if (order.Working)
            {
                Insert(now + 1 + Way(), Match);
            }
        }

        private void Settle(OrderTicket ticket, int contracts, long price)
        {
            int before = Position;
            Position += ticket.Direction * contracts;
            Cash -= ticket.Direction * contracts * price;
            bool closes = ticket.Role != OrderRole.Entry;
            if (closes && (before == 0 || before * Position < 0))
            {
                Crossings++;
            }
        }

        private void TellFill(ExchangeOrder order, int contracts, long price, bool full)
        {
            string name = "x" + (++executions).ToString(CultureInfo.InvariantCulture);
            ExchangeEvent execution = new ExchangeEvent
            {
                Id = order.Ticket.Id,
                ExecutionId = name,
                Contracts = contracts,
                Price = price
            };
            OrderEvent what = full ? OrderEvent.Filled : OrderEvent.PartFilled;
            bool one = Chance(Faults.OneWord);
            bool first = random.Next(2) == 0;
            if (first && !(one && !full))
            {
                Say(order, what);
            }
            if (!(one && full))
            {
                Say(execution);
                if (Chance(Faults.Twice))
                {
                    Say(execution.Copy());
                }
            }
            if (!first && !(one && !full))
            {
                Say(order, what);
            }
        }

        private void Pair(ExchangeOrder order, int contracts, bool full)
        {
            if (order.Ticket.Oco.Length == 0)
            {
                return;
            }
            if (!full)
            {
                ReducePartners(order, contracts);
            }
            else if (Chance(Faults.OcoLate))
            {
                Insert(now + 3 * Faults.Slowest, delegate { EndGroup(order); });
            }
            else
            {
                EndGroup(order);
            }
        }

        private void ReducePartners(ExchangeOrder order, int contracts)
        {
            foreach (ExchangeOrder other in book.ToArray())
            {
                if (Faults.Reduces && other != order && other.Ticket.Oco == order.Ticket.Oco)
                {
                    other.Reduced += contracts;
                    other.Quantity = Math.Max(other.Filled + 1, Math.Min(other.Quantity, other.Ticket.Quantity - other.Reduced));
                    Say(other, OrderEvent.Accepted);
                }
            }
        }

        private void Attach(OrderTicket entry, int contracts, long price)
        {
            string group = "native-" + ownIds.ToString(CultureInfo.InvariantCulture);
            Make(entry, OrderRole.Stop, OrderKind.StopMarket, contracts, price - entry.Direction * entry.StopTicks, group);
            if (entry.TargetTicks > 0)
            {
                long target = price + entry.Direction * entry.TargetTicks;
                Make(entry, OrderRole.Target, OrderKind.Limit, contracts, target, group);
            }
        }

        private void Make(OrderTicket entry, OrderRole role, OrderKind kind, int contracts, long price, string group)
        {
            OrderTicket ticket = new OrderTicket
            {
                Id = ownIds++,
                Role = role,
                Kind = kind,
                Direction = -entry.Direction,
                Quantity = contracts,
                Price = price,
                Oco = group,
                Parent = entry.Id
            };
            ExchangeOrder order = new ExchangeOrder { Ticket = ticket, Quantity = contracts, Price = price, Working = true };
            orders.Add(ticket.Id, order);
            book.Add(order);
            Say(new ExchangeEvent { Id = ticket.Id, Attached = ticket, Quantity = contracts, Price = price });
            Say(order, OrderEvent.Accepted);
        }

        // An exit takes the native orders of what it closes with it.
        private void Detach(int direction, int contracts)
        {
            int left = contracts;
            foreach (ExchangeOrder other in book.ToArray())
            {
                bool native = other.Ticket.Oco.StartsWith("native-", StringComparison.Ordinal);
                if (native && other.Ticket.Role == OrderRole.Stop && other.Ticket.Direction == direction && left > 0)
                {
                    left -= other.Quantity - other.Filled;
                    Remove(other);
                    Say(other, OrderEvent.Cancelled);
                    EndGroup(other);
                }
            }
        }
    }
}
