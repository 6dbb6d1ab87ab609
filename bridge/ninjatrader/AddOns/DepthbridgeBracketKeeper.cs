using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Gives each bracket its stop and target, fits and moves them, takes them away at the end.</summary>
    public sealed class BracketKeeper
    {
        // A moved stop must leave room for protection: stop, target and exit of another bracket.
        private const int MoveMessages = 4;

        private readonly OrderSender sender;
        private readonly BrokerProfile profile;
        private readonly ExitPlan plan;
        private bool quoted;
        private long bid;
        private long ask;

        /// <param name="sender">Sends.</param>
        /// <param name="profile">The broker.</param>
        /// <param name="plan">Where stops and targets lie.</param>
        public BracketKeeper(OrderSender sender, BrokerProfile profile, ExitPlan plan)
        {
            this.sender = sender;
            this.profile = profile;
            this.plan = plan;
        }

        /// <summary>Takes the market in.</summary>
        public void See(long bestBid, long bestAsk, IList<Bracket> brackets)
        {
            quoted = true;
            bid = bestBid;
            ask = bestAsk;
            foreach (Bracket bracket in brackets)
            {
                bracket.See(bracket.Direction > 0 ? bid : ask);
            }
        }

        /// <summary>Sets a new bracket's stop price.</summary>
        public void Begin(Bracket bracket)
        {
            bracket.StopPrice = plan.FirstStop(bracket.Direction, bracket.EntryPrice);
        }

        /// <summary>Gives a bracket the order that the broker made for it; false: it is not there yet.</summary>
        /// <remarks>
        /// Fills may be told together whose stops come one by one: then the bracket is split. A target
        /// goes where the stop of its group is.
        /// </remarks>
        public bool Attach(LiveOrder order, Brackets brackets)
        {
            if (!order.IsLive)
            {
                return true;
            }
            foreach (Bracket bracket in brackets.All)
            {
                if (bracket.Parent != order.Ticket.Parent || bracket.Open == 0)
                {
                    continue;
                }
                if (order.Ticket.Role == OrderRole.Stop && bracket.Stop == null)
                {
                    AttachStop(bracket, order, brackets);
                    return true;
                }
                if (order.Ticket.Role == OrderRole.Target && bracket.Target == null && IsOfGroup(bracket, order))
                {
                    bracket.Target = order;
                    return true;
                }
            }
            return false;
        }

        private static void AttachStop(Bracket bracket, LiveOrder order, Brackets brackets)
        {
            bracket.Stop = order;
            bracket.StopPrice = order.Price;
            if (order.Quantity < bracket.Open)
            {
                brackets.Add(bracket.Split(order.Quantity));
            }
        }

        private static bool IsOfGroup(Bracket bracket, LiveOrder order)
        {
            return bracket.Stop != null && bracket.Stop.Ticket.Oco == order.Ticket.Oco;
        }

        /// <summary>Cancels an order of the broker's own making for which nothing is open.</summary>
        public void DropLoose(LiveOrder order, TradingTime time)
        {
            if (time.Mono - order.SentAt >= profile.AttachWithin)
            {
                sender.Cancel(order, time);
            }
        }

        /// <summary>Brings a bracket's orders in line with what is open.</summary>
        /// <returns>Null, or why the whole position has to be closed.</returns>
        public string Keep(Bracket bracket, bool closing, TradingTime time)
        {
            if (bracket.Open == 0)
            {
                Drop(bracket, time);
                return null;
            }
            if (profile.NativeBrackets)
            {
                return closing ? null : KeepAttached(bracket, time);
            }
            string lost = Lost(bracket, closing);
            if (closing)
            {
                Unwind(bracket, time);
                return null;
            }
            return lost ?? Protect(bracket, time);
        }

        private string KeepAttached(Bracket bracket, TradingTime time)
        {
            if (bracket.Covered >= bracket.Open)
            {
                return Move(bracket, time) ?? TimeOver(bracket, time);
            }
            bool late = time.Mono - bracket.SeenAt >= profile.AttachWithin;
            bool ended = bracket.Stop != null && !bracket.Stop.IsLive;
            return late || ended ? "the attached stop is missing" : null;
        }

        private string Protect(Bracket bracket, TradingTime time)
        {
            if (bracket.Stop == null)
            {
                if (IsThrough(bracket.Direction, bracket.StopPrice))
                {
                    return "the market is beyond the stop";
                }
                SendStop(bracket, time);
            }
            if (bracket.Covered < bracket.Open && bracket.Stop.IsLive)
            {
                return "the stop is too small";
            }
            KeepTarget(bracket, time);
            bool passed = IsThrough(bracket.Direction, bracket.StopPrice);
            Fit(bracket.Stop, bracket.Open, passed ? bracket.Stop.Price : bracket.StopPrice, time);
            if (bracket.Target != null)
            {
                Fit(bracket.Target, bracket.Open, bracket.Target.Price, time);
            }
            return Move(bracket, time) ?? TimeOver(bracket, time);
        }

        // An order that ended while its contracts are open was refused, or cancelled by somebody else
        // or by its OCO group.
        private string Lost(Bracket bracket, bool closing)
        {
            string reason = null;
            if (bracket.Stop != null && !bracket.Stop.IsLive)
            {
                bracket.StopLost += closing ? 0 : 1;
                RejectAction action = profile.Decide(OrderRole.Stop, bracket.Stop.Reason, bracket.StopLost);
                reason = action == RejectAction.Flatten ? "the stop was refused" : null;
                bracket.Stop = null;
            }
            if (bracket.Target != null && !bracket.Target.IsLive)
            {
                bracket.TargetLost += closing ? 0 : 1;
                RejectAction action = profile.Decide(OrderRole.Target, bracket.Target.Reason, bracket.TargetLost);
                bracket.TargetGivenUp = action == RejectAction.Drop;
                bracket.Target = null;
            }
            return reason;
        }

        // Target first, then stop, then the exit: the position stays protected until the exit goes out,
        // and no contract has two orders that could close it. A stop that went with its OCO group
        // while the target may still fill is put back for the same reason.
        private void Unwind(Bracket bracket, TradingTime time)
        {
            if (bracket.Target != null)
            {
                sender.Cancel(bracket.Target, time);
                if (bracket.Stop == null && !IsThrough(bracket.Direction, bracket.StopPrice))
                {
                    SendStop(bracket, time);
                }
            }
            else if (bracket.Stop != null)
            {
                sender.Cancel(bracket.Stop, time);
            }
        }

        private void Drop(Bracket bracket, TradingTime time)
        {
            // With native brackets the broker ends them; only what it forgets is cancelled.
            if (profile.NativeBrackets && time.Mono - bracket.SeenAt < profile.AttachWithin)
            {
                return;
            }
            if (bracket.Stop != null)
            {
                sender.Cancel(bracket.Stop, time);
            }
            if (bracket.Target != null)
            {
                sender.Cancel(bracket.Target, time);
            }
        }

        private void SendStop(Bracket bracket, TradingTime time)
        {
            OrderTicket ticket = Ticket(bracket, OrderRole.Stop, OrderKind.StopMarket, bracket.StopPrice);
            ticket.Oco = sender.NewGroup();
            bracket.Stop = sender.Send(ticket, time);
        }

        private void KeepTarget(Bracket bracket, TradingTime time)
        {
            if (plan.TargetTicks == 0 || bracket.TargetGivenUp)
            {
                return;
            }
            string group = bracket.Stop.Ticket.Oco;
            // Only once the stop works: a refused stop then leaves no target behind that could
            // close what another stop closes too.
            if (bracket.Target == null && bracket.Stop.Phase == OrderPhase.Working)
            {
                long price = plan.Target(bracket.Direction, bracket.EntryPrice);
                OrderTicket ticket = Ticket(bracket, OrderRole.Target, OrderKind.Limit, price);
                ticket.Oco = group;
                bracket.Target = sender.Send(ticket, time);
            }
            else if (bracket.Target != null && bracket.Target.Ticket.Oco != group)
            {
                sender.Cancel(bracket.Target, time);
            }
        }

        private static OrderTicket Ticket(Bracket bracket, OrderRole role, OrderKind kind, long price)
        {
            return new OrderTicket
            {
                Role = role,
                Kind = kind,
                Direction = -bracket.Direction,
                Quantity = bracket.Open,
                Price = price,
                Parent = bracket.Parent
            };
        }

        private void Fit(LiveOrder order, int open, long price, TradingTime time)
        {
            if (order.Remaining > open)
            {
                sender.Change(order, order.Filled + open, price, time);
            }
        }

        private string Move(Bracket bracket, TradingTime time)
        {
            long wanted = plan.Stop(bracket.Direction, bracket.EntryPrice, bracket.Best, bracket.StopPrice);
            if (wanted == bracket.StopPrice && bracket.Stop.Price == wanted)
            {
                return null;
            }
            if (IsThrough(bracket.Direction, wanted))
            {
                return wanted == bracket.StopPrice ? null : "the market is beyond the moved stop";
            }
            if (sender.Fits(MoveMessages, time)
                && sender.Change(bracket.Stop, bracket.Stop.Filled + bracket.Open, wanted, time))
            {
                bracket.StopPrice = wanted;
            }
            return null;
        }

        private string TimeOver(Bracket bracket, TradingTime time)
        {
            bool over = plan.MostTime > 0 && time.Event - bracket.OpenedAt >= plan.MostTime;
            return over ? "held long enough" : null;
        }

        private bool IsThrough(int direction, long price)
        {
            return quoted && (direction > 0 ? price >= bid : price <= ask);
        }
    }
}
