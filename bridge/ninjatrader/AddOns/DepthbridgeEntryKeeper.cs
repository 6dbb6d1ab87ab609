using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Sends entries, cancels them in time, tries one again that the rate has stopped.</summary>
    public sealed class EntryKeeper
    {
        // An entry with its stop, its target and an exit: what must fit before it may go.
        private const int Messages = 4;
        private const long RetryWithin = 1500000000L;

        private readonly OrderSender sender;
        private readonly BrokerProfile profile;
        private readonly ExitPlan plan;
        private EntryOrder again;
        private long againUntil;
        private int refused;

        /// <param name="sender">Sends.</param>
        /// <param name="profile">The broker.</param>
        /// <param name="plan">Distances of native brackets.</param>
        public EntryKeeper(OrderSender sender, BrokerProfile profile, ExitPlan plan)
        {
            this.sender = sender;
            this.profile = profile;
            this.plan = plan;
        }

        /// <summary>Sends it if the broker's rate has room for it and for its protection.</summary>
        public bool Send(EntryOrder entry, TradingTime time)
        {
            if (!sender.Fits(Messages, time))
            {
                return false;
            }
            again.Quantity = 0;
            refused = 0;
            Submit(entry, time);
            return true;
        }

        /// <summary>Contracts of entries that can still be executed, or will be sent again.</summary>
        public int Remaining(IList<LiveOrder> live)
        {
            int sum = again.Quantity;
            foreach (LiveOrder order in live)
            {
                sum += order.Ticket.Role == OrderRole.Entry ? order.Remaining : 0;
            }
            return sum;
        }

        /// <summary>Whether one of them goes the other way.</summary>
        public bool HasOther(IList<LiveOrder> live, int direction)
        {
            foreach (LiveOrder order in live)
            {
                if (order.Ticket.Role == OrderRole.Entry && order.IsLive && order.Ticket.Direction != direction)
                {
                    return true;
                }
            }
            return again.Quantity > 0 && again.Direction != direction;
        }

        /// <summary>Judges a refused entry.</summary>
        public void Refused(LiveOrder order, TradingTime time)
        {
            refused++;
            if (profile.Decide(OrderRole.Entry, order.Reason, refused) != RejectAction.Retry)
            {
                return;
            }
            OrderTicket ticket = order.Ticket;
            again = new EntryOrder
            {
                Direction = ticket.Direction,
                Kind = ticket.Kind,
                Price = ticket.Price,
                Quantity = Math.Max(0, ticket.Quantity - order.Filled),
                Until = ticket.Until
            };
            againUntil = time.Mono + RetryWithin;
        }

        /// <summary>Cancels those that are too old, or all; sends again what may be sent again.</summary>
        public void Keep(bool allowed, IList<LiveOrder> live, TradingTime time)
        {
            for (int index = 0; index < live.Count; index++)
            {
                LiveOrder order = live[index];
                if (order.Ticket.Role == OrderRole.Entry && (!allowed || IsOld(order.Ticket.Until, time)))
                {
                    sender.Cancel(order, time);
                }
            }
            KeepRetry(allowed, time);
        }

        private void KeepRetry(bool allowed, TradingTime time)
        {
            if (again.Quantity == 0)
            {
                return;
            }
            if (!allowed || time.Mono > againUntil || IsOld(again.Until, time))
            {
                again.Quantity = 0;
            }
            else if (sender.Fits(Messages, time))
            {
                EntryOrder entry = again;
                again.Quantity = 0;
                Submit(entry, time);
            }
        }

        private void Submit(EntryOrder entry, TradingTime time)
        {
            OrderTicket ticket = new OrderTicket
            {
                Role = OrderRole.Entry,
                Kind = entry.Kind,
                Direction = entry.Direction,
                Quantity = entry.Quantity,
                Price = entry.Price,
                Until = entry.Until
            };
            if (profile.NativeBrackets)
            {
                ticket.StopTicks = plan.StopTicks;
                ticket.TargetTicks = plan.TargetTicks;
            }
            sender.Send(ticket, time);
        }

        private static bool IsOld(long until, TradingTime time)
        {
            return until != 0 && time.Event >= until;
        }
    }
}
