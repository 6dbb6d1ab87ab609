using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>Sends, changes and cancels; knows every order ever sent and the rate it keeps to.</summary>
    public sealed class OrderSender
    {
        private readonly IOrderGateway gateway;
        private readonly BrokerProfile profile;
        private readonly RateBudget budget;
        private readonly ITradeLog log;
        private readonly string run;
        private readonly Dictionary<long, LiveOrder> known = new Dictionary<long, LiveOrder>();
        private readonly List<LiveOrder> live = new List<LiveOrder>();
        private readonly Queue<OrderReport> refusals = new Queue<OrderReport>();
        private long lastId;
        private long groups;

        /// <param name="gateway">The way to the broker.</param>
        /// <param name="profile">The broker.</param>
        /// <param name="log">Hears of each order sent.</param>
        /// <param name="run">A word that no other run uses: brokers refuse a name of a group twice.</param>
        public OrderSender(IOrderGateway gateway, BrokerProfile profile, ITradeLog log, string run)
        {
            this.gateway = gateway;
            this.profile = profile;
            this.log = log;
            this.run = run;
            budget = new RateBudget(profile.OrdersPerSecond);
        }

        /// <summary>Orders that can still be executed, in the order of sending.</summary>
        public IList<LiveOrder> Live
        {
            get { return live; }
        }

        /// <summary>Messages that went above the broker's rate, because protection could not wait.</summary>
        public long AboveRate
        {
            get { return budget.Above; }
        }

        /// <summary>The order of a number; null if it is not ours.</summary>
        public LiveOrder Find(long id)
        {
            LiveOrder order;
            return known.TryGetValue(id, out order) ? order : null;
        }

        /// <summary>A name for a new pair of orders.</summary>
        public string NewGroup()
        {
            groups++;
            return run + "-" + groups.ToString(CultureInfo.InvariantCulture);
        }

        /// <summary>Whether so many unforced messages may go out now.</summary>
        public bool Fits(int messages, TradingTime time)
        {
            return budget.Fits(messages, time.Mono);
        }

        /// <summary>Sends a ticket under a new number. What the broker refuses on the spot comes as a report.</summary>
        public LiveOrder Send(OrderTicket ticket, TradingTime time)
        {
            LiveOrder order = Note(ticket, time);
            budget.Spend(time.Mono);
            log.OnOrder(order, time);
            if (!gateway.Submit(ticket))
            {
                order.NotSent = true;
                refusals.Enqueue(new OrderReport { Id = ticket.Id, Event = OrderEvent.Rejected });
            }
            return order;
        }

        /// <summary>Takes in an order that the broker made itself, as part of a native bracket.</summary>
        public LiveOrder Adopt(OrderTicket ticket, TradingTime time)
        {
            LiveOrder order = Note(ticket, time);
            log.OnOrder(order, time);
            return order;
        }

        /// <summary>Whether an order was refused on the spot and not yet taken in.</summary>
        public bool HasRefusal
        {
            get { return refusals.Count > 0; }
        }

        /// <summary>The next order refused on the spot; false: none.</summary>
        public bool NextRefusal(out OrderReport report)
        {
            report = new OrderReport();
            if (refusals.Count == 0)
            {
                return false;
            }
            report = refusals.Dequeue();
            return true;
        }

        /// <summary>Asks for a cancel, and again after a while when it was refused or nothing is heard.</summary>
        public void Cancel(LiveOrder order, TradingTime time)
        {
            if (!order.IsLive || order.NotSent || !IsDue(order.CancelAskedAt, time))
            {
                return;
            }
            order.CancelAsked(time.Mono);
            budget.Spend(time.Mono);
            gateway.Cancel(order.Ticket.Id);
        }

        /// <summary>Asks for another total quantity or price; for the same again only after a while.</summary>
        /// <returns>False: nothing was sent.</returns>
        public bool Change(LiveOrder order, int quantity, long price, TradingTime time)
        {
            bool asked = order.AskedQuantity == quantity && order.AskedPrice == price;
            if (order.Phase != OrderPhase.Working || (asked && !IsDue(order.ChangeAskedAt, time)))
            {
                return false;
            }
            order.ChangeAsked(quantity, price, time.Mono);
            budget.Spend(time.Mono);
            gateway.Change(order.Ticket.Id, quantity, price);
            return true;
        }

        /// <summary>Forgets which orders have ended, for the list of live ones.</summary>
        public void Sweep()
        {
            live.RemoveAll(delegate(LiveOrder order) { return !order.IsLive; });
        }

        private LiveOrder Note(OrderTicket ticket, TradingTime time)
        {
            lastId++;
            ticket.Id = lastId;
            LiveOrder order = new LiveOrder(ticket, time.Mono);
            known.Add(ticket.Id, order);
            live.Add(order);
            return order;
        }

        private bool IsDue(long asked, TradingTime time)
        {
            return time.Mono - asked >= profile.AskAgain;
        }
    }
}
