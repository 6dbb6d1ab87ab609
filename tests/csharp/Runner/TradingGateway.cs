using System;
using System.Collections.Generic;
using Depthbridge.Testing;

namespace Depthbridge.Runner
{
    /// <summary>Joins a trade desk and the simulated exchange.</summary>
    public sealed class TradingGateway : IOrderGateway
    {
        private readonly SimulatedExchange exchange;
        private readonly Dictionary<long, long> theirs = new Dictionary<long, long>();
        private readonly Dictionary<long, long> ours = new Dictionary<long, long>();
        private int within;

        public TradingGateway(SimulatedExchange exchange)
        {
            this.exchange = exchange;
            exchange.Tell = Hear;
            Sent = new List<OrderTicket>();
        }

        public TradeDesk Desk { get; set; }

        public Func<TradingTime> Clock { get; set; }

        /// <summary>Looks at each order before it goes, and at each change and cancel (then null).</summary>
        public Action<OrderTicket> Before { get; set; }

        /// <summary>Called after each event that the desk has taken in.</summary>
        public Action<ExchangeEvent> After { get; set; }

        /// <summary>Chance that an order is refused on the spot.</summary>
        public Func<bool> RefusesAtOnce { get; set; }

        public List<OrderTicket> Sent { get; private set; }

        public bool Submit(OrderTicket ticket)
        {
            Before(ticket);
            Sent.Add(ticket);
            if (RefusesAtOnce != null && RefusesAtOnce())
            {
                return false;
            }
            Within(delegate { exchange.Submit(ticket); });
            return true;
        }

        public void Change(long id, int quantity, long price)
        {
            Before(null);
            Within(delegate { exchange.Change(Theirs(id), quantity, price); });
        }

        public void Cancel(long id)
        {
            Before(null);
            Within(delegate { exchange.Cancel(Theirs(id)); });
        }

        private void Hear(ExchangeEvent told)
        {
            TradingTime time = Clock();
            if (told.Attached != null)
            {
                OrderTicket ticket = told.Attached.Copy();
                long id = Desk.Manager.Adopt(ticket, time);
                ours[told.Id] = id;
                theirs[id] = told.Id;
            }
            else if (told.ExecutionId != null)
            {
                Desk.OnExecution(Execution(told), time);
            }
            else
            {
                Desk.OnReport(Report(told), time);
            }
            // What is told while the desk is still sending is taken in when it has sent.
            if (within == 0)
            {
                After(told);
            }
        }

        private void Within(Action action)
        {
            within++;
            action();
            within--;
        }

        private ExecutionReport Execution(ExchangeEvent told)
        {
            return new ExecutionReport
            {
                Id = Ours(told.Id),
                ExecutionId = told.ExecutionId,
                Quantity = told.Contracts,
                Price = told.Price
            };
        }

        private OrderReport Report(ExchangeEvent told)
        {
            return new OrderReport
            {
                Id = Ours(told.Id),
                Event = told.Event,
                Filled = told.Filled,
                Average = told.Average,
                Quantity = told.Quantity,
                Price = told.Price,
                Reason = told.Reason
            };
        }

        private long Theirs(long id)
        {
            long found;
            return theirs.TryGetValue(id, out found) ? found : id;
        }

        private long Ours(long id)
        {
            long found;
            return ours.TryGetValue(id, out found) ? found : id;
        }
    }
}
