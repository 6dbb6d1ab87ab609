using System;
using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>Entries, their protection and the way out, for one instrument and one account.</summary>
    /// <remarks>
    /// Every event is taken in first; then <c>Keep</c> compares what is open with what protects it and
    /// sends what is missing, so a lost answer, a fill that comes late or twice, and a refusal need no
    /// code of their own. Promises, at the end of each call while the broker is connected:
    /// whatever is open is covered by a stop or by an exit under way; an exit is sent only for
    /// contracts that no other order can close any more; entries and position never exceed the cap.
    /// Not for several threads at once; a gateway may report while it is being called.
    /// </remarks>
    public sealed class OrderManager
    {
        private readonly int most;
        private readonly ITradeLog log;
        private readonly OrderSender sender;
        private readonly PositionLedger ledger = new PositionLedger();
        private readonly Brackets brackets = new Brackets();
        private readonly BracketKeeper keeper;
        private readonly ExitKeeper exits;
        private readonly EntryKeeper entries;
        private readonly Queue<OrderReport> reports = new Queue<OrderReport>();
        private readonly Queue<ExecutionReport> executions = new Queue<ExecutionReport>();
        private readonly List<LiveOrder> loose = new List<LiveOrder>();
        private bool busy;
        private bool entriesAllowed = true;
        private string closing;

        /// <param name="gateway">The way to the broker.</param>
        /// <param name="profile">What the broker can do.</param>
        /// <param name="plan">Where stops and targets lie.</param>
        /// <param name="most">Most contracts, open and ordered together.</param>
        /// <param name="log">Hears what happens.</param>
        /// <param name="run">A word that no other run uses.</param>
        public OrderManager(
            IOrderGateway gateway, BrokerProfile profile, ExitPlan plan, int most, ITradeLog log, string run)
        {
            profile.Validate();
            plan.Validate();
            this.most = most;
            this.log = log;
            sender = new OrderSender(gateway, profile, log, run);
            keeper = new BracketKeeper(sender, profile, plan);
            exits = new ExitKeeper(sender, profile, brackets);
            entries = new EntryKeeper(sender, profile, plan);
            BrokerUp = true;
        }

        /// <summary>Position and profit.</summary>
        public PositionLedger Ledger
        {
            get { return ledger; }
        }

        /// <summary>The orders.</summary>
        public OrderSender Orders
        {
            get { return sender; }
        }

        /// <summary>The position's parts.</summary>
        public IList<Bracket> Parts
        {
            get { return brackets.All; }
        }

        /// <summary>Whether the broker is connected; while it is not, nothing is sent.</summary>
        public bool BrokerUp { get; private set; }

        /// <summary>Everything is being closed.</summary>
        public bool Closing
        {
            get { return closing != null; }
        }

        /// <summary>Nothing is open and nothing can be executed.</summary>
        public bool IsIdle
        {
            get { return ledger.Net == 0 && sender.Live.Count == 0; }
        }

        /// <summary>Contracts of entries that can still be executed.</summary>
        public int Ordered
        {
            get { return entries.Remaining(sender.Live); }
        }

        /// <summary>Sends an entry; false: not now, and nothing has changed.</summary>
        public bool Enter(EntryOrder entry, TradingTime time)
        {
            if (!MayEnter(entry) || !entries.Send(entry, time))
            {
                return false;
            }
            Settle(time);
            return true;
        }

        /// <summary>Lets entries work, or cancels those that do. Protection stays either way.</summary>
        public void AllowEntries(bool allowed, TradingTime time)
        {
            entriesAllowed = allowed;
            Settle(time);
        }

        /// <summary>Closes what is open and cancels the rest; entries wait until all is over.</summary>
        public void Close(string reason, TradingTime time)
        {
            BeginClosing(reason, time);
            Settle(time);
        }

        /// <summary>The market moved.</summary>
        public void OnQuote(long bid, long ask, TradingTime time)
        {
            keeper.See(bid, ask, brackets.All);
            Settle(time);
        }

        /// <summary>Time went by.</summary>
        public void OnTick(TradingTime time)
        {
            Settle(time);
        }

        /// <summary>The connection to the broker came or went.</summary>
        public void OnBroker(bool up, TradingTime time)
        {
            BrokerUp = up;
            Settle(time);
        }

        /// <summary>Something was heard of an order.</summary>
        public void OnReport(OrderReport report, TradingTime time)
        {
            reports.Enqueue(report);
            Settle(time);
        }

        /// <summary>Something was executed.</summary>
        public void OnExecution(ExecutionReport execution, TradingTime time)
        {
            executions.Enqueue(execution);
            Settle(time);
        }

        /// <summary>The broker made a stop or target of a native bracket; gives our number of it.</summary>
        /// <remarks>Nothing is sent yet, so that the number is known before; a report of it comes next.</remarks>
        public long Adopt(OrderTicket ticket, TradingTime time)
        {
            LiveOrder order = sender.Adopt(ticket, time);
            loose.Add(order);
            return ticket.Id;
        }

        // A fill that comes after its order had ended can meet entries that were sent since.
        private bool IsCrowded
        {
            get
            {
                int net = ledger.Net;
                bool other = net != 0 && entries.HasOther(sender.Live, net > 0 ? 1 : -1);
                return other || (net != 0 && Math.Abs(net) + Ordered > most);
            }
        }

        private bool MayEnter(EntryOrder entry)
        {
            if (busy || !BrokerUp || Closing || !entriesAllowed || entry.Quantity < 1)
            {
                return false;
            }
            if (brackets.HasLeftover || loose.Count > 0)
            {
                return false;
            }
            bool other = ledger.Net * entry.Direction < 0 || entries.HasOther(sender.Live, entry.Direction);
            return !other && Math.Abs(ledger.Net) + Ordered + entry.Quantity <= most;
        }

        private void Settle(TradingTime time)
        {
            if (busy)
            {
                return;
            }
            busy = true;
            try
            {
                do
                {
                    TakeAll(time);
                    Keep(time);
                }
                while (HasWork());
                sender.Sweep();
            }
            finally
            {
                busy = false;
            }
        }

        private bool HasWork()
        {
            return reports.Count > 0 || executions.Count > 0 || sender.HasRefusal;
        }

        private void TakeAll(TradingTime time)
        {
            OrderReport refusal;
            while (sender.NextRefusal(out refusal))
            {
                Take(refusal, time);
            }
            while (reports.Count > 0)
            {
                Take(reports.Dequeue(), time);
            }
            while (executions.Count > 0)
            {
                Take(executions.Dequeue(), time);
            }
        }

        private void Take(OrderReport report, TradingTime time)
        {
            LiveOrder order = sender.Find(report.Id);
            if (order == null)
            {
                NoteUnknown(report.Id, time);
                return;
            }
            bool was = order.IsLive;
            order.Take(report);
            if (was && order.Phase == OrderPhase.Rejected)
            {
                Refused(order, time);
            }
            log.OnOrder(order, time);
            TakeFill(order, time);
        }

        private void Take(ExecutionReport execution, TradingTime time)
        {
            LiveOrder order = sender.Find(execution.Id);
            if (order == null)
            {
                NoteUnknown(execution.Id, time);
                return;
            }
            if (order.Take(execution))
            {
                TakeFill(order, time);
            }
        }

        private void NoteUnknown(long id, TradingTime time)
        {
            log.OnNote(TradeNote.UnknownOrder, id.ToString(CultureInfo.InvariantCulture), time);
        }

        private void Refused(LiveOrder order, TradingTime time)
        {
            string text = order.Ticket.Role + " " + order.Reason + " " + order.Text;
            log.OnNote(TradeNote.Rejected, text.Trim(), time);
            if (order.Ticket.Role == OrderRole.Entry)
            {
                entries.Refused(order, time);
            }
            else if (order.Ticket.Role == OrderRole.Exit)
            {
                exits.Refused(time);
            }
        }

        private void TakeFill(LiveOrder order, TradingTime time)
        {
            int contracts;
            double cost;
            if (!order.NextFill(out contracts, out cost))
            {
                return;
            }
            int direction = order.Ticket.Direction;
            if (contracts == 0)
            {
                ledger.Correct(direction, cost);
                return;
            }
            ledger.Fill(direction, contracts, cost);
            Share(order, contracts, cost, time);
            log.OnFill(order, contracts, cost / contracts, time);
            log.OnPosition(ledger, time);
            Judge(order, time);
        }

        private void Share(LiveOrder order, int contracts, double cost, TradingTime time)
        {
            int direction = order.Ticket.Direction;
            int opened = brackets.Reduce(brackets.Of(order), direction, contracts);
            if (opened > 0)
            {
                long price = (long)Math.Round(cost / contracts, MidpointRounding.AwayFromZero);
                Bracket bracket = new Bracket(direction, opened, price, order.Ticket.Id, time);
                keeper.Begin(bracket);
                brackets.Add(bracket);
            }
            if (order.Ticket.Role == OrderRole.Exit)
            {
                exits.Executed();
            }
            if (opened > 0 && order.Ticket.Role != OrderRole.Entry)
            {
                log.OnNote(TradeNote.Overfill, order.Ticket.Role.ToString(), time);
                BeginClosing("closed more than was open", time);
            }
        }

        private void Judge(LiveOrder order, TradingTime time)
        {
            if (order.Filled > order.Quantity)
            {
                log.OnNote(TradeNote.Overfill, order.Ticket.Role.ToString(), time);
            }
            if (Math.Abs(ledger.Net) > most)
            {
                BeginClosing("more than the size cap", time);
            }
        }

        private void Keep(TradingTime time)
        {
            if (!BrokerUp)
            {
                return;
            }
            Attach(time);
            entries.Keep(entriesAllowed && !Closing && !IsCrowded, sender.Live, time);
            KeepBrackets(time);
            exits.Keep(Closing, time);
            sender.Sweep();
            brackets.Sweep();
            EndClosing(time);
        }

        private void KeepBrackets(TradingTime time)
        {
            foreach (Bracket bracket in brackets.All)
            {
                string reason = keeper.Keep(bracket, Closing, time);
                if (reason != null)
                {
                    BeginClosing(reason, time);
                    break;
                }
            }
            if (Closing)
            {
                foreach (Bracket bracket in brackets.All)
                {
                    keeper.Keep(bracket, true, time);
                }
                entries.Keep(false, sender.Live, time);
            }
        }

        // In the order in which they were made: the stop before its target.
        private void Attach(TradingTime time)
        {
            loose.RemoveAll(delegate(LiveOrder order) { return keeper.Attach(order, brackets); });
            for (int index = 0; index < loose.Count && ledger.Net == 0; index++)
            {
                keeper.DropLoose(loose[index], time);
            }
        }

        private void BeginClosing(string reason, TradingTime time)
        {
            if (closing != null || IsIdle)
            {
                return;
            }
            closing = reason;
            log.OnNote(TradeNote.Closing, reason, time);
        }

        private void EndClosing(TradingTime time)
        {
            if (closing == null || !IsIdle || HasWork())
            {
                return;
            }
            closing = null;
            log.OnNote(TradeNote.Closed, "", time);
        }
    }
}
