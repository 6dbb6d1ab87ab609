using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Market orders for contracts that nothing else can close any more.</summary>
    public sealed class ExitKeeper
    {
        private readonly OrderSender sender;
        private readonly BrokerProfile profile;
        private readonly Brackets brackets;
        private int refused;
        private long refusedAt;

        /// <param name="sender">Sends.</param>
        /// <param name="profile">The broker.</param>
        /// <param name="brackets">What is open.</param>
        public ExitKeeper(OrderSender sender, BrokerProfile profile, Brackets brackets)
        {
            this.sender = sender;
            this.profile = profile;
            this.brackets = brackets;
        }

        /// <summary>Notes that an exit was executed.</summary>
        public void Executed()
        {
            refused = 0;
        }

        /// <summary>Notes that an exit was refused.</summary>
        public void Refused(TradingTime time)
        {
            refused++;
            refusedAt = time.Mono;
        }

        /// <summary>Sends what is missing, cancels what is too much. An exit is never given up.</summary>
        public void Keep(bool closing, TradingTime time)
        {
            int needed = closing ? Bare() : 0;
            int direction = needed < 0 ? 1 : -1;
            int size = needed < 0 ? -needed : needed;
            int onWay = OnWay(direction);
            CancelSpare(direction, size, time);
            if (size > onWay && !Waits(time))
            {
                sender.Send(Ticket(direction, size - onWay), time);
            }
        }

        private static OrderTicket Ticket(int direction, int quantity)
        {
            return new OrderTicket
            {
                Role = OrderRole.Exit,
                Kind = OrderKind.Market,
                Direction = direction,
                Quantity = quantity
            };
        }

        // After so many refusals more haste only annoys the broker.
        private bool Waits(TradingTime time)
        {
            return refused > profile.Retries && time.Mono - refusedAt < profile.ExitPause;
        }

        private int Bare()
        {
            int sum = 0;
            foreach (Bracket bracket in brackets.All)
            {
                bool exitable = profile.NativeBrackets ? bracket.Open > 0 : bracket.IsBare;
                sum += exitable ? bracket.Direction * bracket.Open : 0;
            }
            return sum;
        }

        // One that is being cancelled can still fill, so nothing is sent in its place before it ended.
        private int OnWay(int direction)
        {
            int sum = 0;
            foreach (LiveOrder order in sender.Live)
            {
                sum += IsExit(order) && order.Ticket.Direction == direction ? order.Remaining : 0;
            }
            return sum;
        }

        private void CancelSpare(int direction, int size, TradingTime time)
        {
            int kept = 0;
            IList<LiveOrder> live = sender.Live;
            for (int index = 0; index < live.Count; index++)
            {
                LiveOrder order = live[index];
                if (!IsExit(order))
                {
                    continue;
                }
                bool fits = order.Ticket.Direction == direction && kept + order.Remaining <= size;
                if (fits)
                {
                    kept += order.Remaining;
                }
                else
                {
                    sender.Cancel(order, time);
                }
            }
        }

        private static bool IsExit(LiveOrder order)
        {
            return order.Ticket.Role == OrderRole.Exit && order.IsLive;
        }
    }
}
