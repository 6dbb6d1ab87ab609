using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>An order of ours with all that was heard of it.</summary>
    /// <remarks>
    /// Fills are told twice, as executions and in the order's reports, and either may come first or
    /// be missing. What counts is the larger total.
    /// </remarks>
    public sealed class LiveOrder
    {
        private readonly HashSet<string> executions = new HashSet<string>();
        private int executed;
        private double executedCost;
        private int reported;
        private double reportedCost;
        private int counted;
        private double countedCost;

        /// <summary>A sent order.</summary>
        public LiveOrder(OrderTicket ticket, long mono)
        {
            Ticket = ticket;
            Quantity = ticket.Quantity;
            Price = ticket.Price;
            Phase = OrderPhase.Sent;
            SentAt = mono;
            CancelAskedAt = long.MinValue / 2;
        }

        /// <summary>As it was sent.</summary>
        public OrderTicket Ticket { get; private set; }

        /// <summary>Where it stands.</summary>
        public OrderPhase Phase { get; private set; }

        /// <summary>Total quantity in force as far as known.</summary>
        public int Quantity { get; private set; }

        /// <summary>Price in force as far as known, ticks.</summary>
        public long Price { get; private set; }

        /// <summary>Quantity last asked for; 0: nothing was.</summary>
        public int AskedQuantity { get; private set; }

        /// <summary>Price last asked for.</summary>
        public long AskedPrice { get; private set; }

        /// <summary>When it was sent, on the clock that never jumps.</summary>
        public long SentAt { get; private set; }

        /// <summary>When a change was last asked for.</summary>
        public long ChangeAskedAt { get; private set; }

        /// <summary>When a cancel was last asked for; long ago: never.</summary>
        public long CancelAskedAt { get; private set; }

        /// <summary>The refusal's reason.</summary>
        public RejectReason Reason { get; private set; }

        /// <summary>The broker's last words.</summary>
        public string Text { get; private set; }

        /// <summary>The broker refused it on the spot; its report is still to be taken in.</summary>
        public bool NotSent;

        /// <summary>Contracts executed, by whoever told more.</summary>
        public int Filled
        {
            get { return executed >= reported ? executed : reported; }
        }

        /// <summary>Sum of price times contracts of <see cref="Filled"/>, in ticks.</summary>
        public double Cost
        {
            get { return executed >= reported ? executedCost : reportedCost; }
        }

        /// <summary>Contracts that can still be executed; 0 once it has ended.</summary>
        public int Remaining
        {
            get { return IsLive && Quantity > Filled ? Quantity - Filled : 0; }
        }

        /// <summary>Whether it can still be executed.</summary>
        public bool IsLive
        {
            get { return OrderStates.IsLive(Phase); }
        }

        /// <summary>Takes a report in.</summary>
        public void Take(OrderReport report)
        {
            Phase = OrderStates.Next(Phase, report.Event);
            if (report.Filled > reported)
            {
                reported = report.Filled;
                reportedCost = report.Filled * report.Average;
            }
            if (report.Quantity > 0)
            {
                Quantity = report.Quantity;
            }
            Text = report.Text ?? Text;
            Confirm(report);
            EndWhenFull();
        }

        /// <summary>Takes an execution in; false when it was told before.</summary>
        public bool Take(ExecutionReport execution)
        {
            if (!executions.Add(execution.ExecutionId))
            {
                return false;
            }
            executed += execution.Quantity;
            executedCost += (double)execution.Quantity * execution.Price;
            EndWhenFull();
            return true;
        }

        /// <summary>What was executed since the last call; false: nothing.</summary>
        /// <param name="contracts">How many; 0 when only their cost is better known.</param>
        /// <param name="cost">Their prices summed, in ticks.</param>
        public bool NextFill(out int contracts, out double cost)
        {
            contracts = Filled - counted;
            cost = Cost - countedCost;
            counted = Filled;
            countedCost = Cost;
            return contracts != 0 || cost != 0;
        }

        /// <summary>Notes that a cancel was asked for.</summary>
        public void CancelAsked(long mono)
        {
            Phase = OrderStates.Next(Phase, OrderEvent.CancelAsked);
            CancelAskedAt = mono;
        }

        /// <summary>Notes that a change was asked for.</summary>
        public void ChangeAsked(int quantity, long price, long mono)
        {
            AskedQuantity = quantity;
            AskedPrice = price;
            ChangeAskedAt = mono;
        }

        private void Confirm(OrderReport report)
        {
            if (report.Price != 0)
            {
                Price = report.Price;
            }
            if (report.Event == OrderEvent.Rejected)
            {
                Reason = report.Reason;
            }
        }

        // A broker that tells of executions only never says "filled".
        private void EndWhenFull()
        {
            if (IsLive && Filled >= Quantity)
            {
                Phase = OrderStates.Next(Phase, OrderEvent.Filled);
            }
        }
    }
}
