using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>Hears the desk's own words, and looks at its promises from outside.</summary>
    public sealed class TradingWatch : ITradeLog
    {
        private int net;
        private double cash;
        private int exitsRefused;
        private long exitRefusedAt;

        public TradingWatch(TradeSettings settings)
        {
            Settings = settings;
            Faults = new List<string>();
            Notes = new List<string>();
        }

        public TradeSettings Settings { get; private set; }

        public TradeDesk Desk { get; set; }

        public List<string> Faults { get; private set; }

        public List<string> Notes { get; private set; }

        public long Bid { get; set; }

        public long Fills { get; private set; }

        public long Looks { get; private set; }

        public long Unprotectable { get; private set; }

        /// <summary>Hears each word, for people.</summary>
        public Action<string> Trace { get; set; }

        public void OnOrder(LiveOrder order, TradingTime time)
        {
            OrderTicket ticket = order.Ticket;
            Say(ticket.Role + " " + ticket.Id + " " + order.Phase + " " + ticket.Direction + " * " + order.Filled + "/"
                + order.Quantity + " at " + order.Price + " " + ticket.Oco + " " + order.Reason, time);
            if (order.Ticket.Role == OrderRole.Exit && order.Phase == OrderPhase.Rejected)
            {
                exitsRefused++;
                exitRefusedAt = time.Mono;
            }
        }

        public void OnFill(LiveOrder order, int contracts, double price, TradingTime time)
        {
            Fills++;
            Say("fill of " + order.Ticket.Id + ": " + contracts + " at " + price, time);
            net += order.Ticket.Direction * contracts;
            cash -= order.Ticket.Direction * contracts * price;
            exitsRefused = order.Ticket.Role == OrderRole.Exit ? 0 : exitsRefused;
        }

        public void OnPosition(PositionLedger ledger, TradingTime time)
        {
            if (ledger.Net != net)
            {
                Fault("the fills told make " + net + ", the ledger says " + ledger.Net, time);
            }
        }

        public void OnNote(TradeNote note, string text, TradingTime time)
        {
            Notes.Add(note + ": " + text);
            Say(note + ": " + text, time);
        }

        public void Fault(string text, TradingTime time)
        {
            Say("FAULT " + text, time);
            if (Faults.Count < 5)
            {
                Faults.Add(text + " at " + time.Mono / 1000000 + " ms");
            }
        }

        private void Say(string text, TradingTime time)
        {
            if (Trace != null)
            {
                Trace(time.Mono / 1000000 + " " + text);
            }
        }

        /// <summary>After each event: protected, and never more than the cap.</summary>
        public void Look(TradingTime time)
        {
            Looks++;
            OrderManager manager = Desk.Manager;
            if (manager.BrokerUp)
            {
                LookAtProtection(manager, time);
                LookAtCap(manager, time);
            }
            LookAtParts(manager, time);
            LookAtProfit(manager, time);
        }

        private void LookAtProtection(OrderManager manager, TradingTime time)
        {
            int open = Math.Abs(manager.Ledger.Net);
            int covered = Covered(manager, time);
            if (covered >= open)
            {
                return;
            }
            bool pausing = exitsRefused > Settings.Broker.Retries
                && time.Mono - exitRefusedAt <= Settings.Broker.ExitPause;
            if (pausing || IsBeyondStop(manager))
            {
                Unprotectable++;
                return;
            }
            Fault("open " + manager.Ledger.Net + ", covered " + covered, time);
        }

        private int Covered(OrderManager manager, TradingTime time)
        {
            int covered = 0;
            foreach (Bracket part in manager.Parts)
            {
                bool waits = Settings.Broker.NativeBrackets && part.Stop == null
                    && time.Mono - part.SeenAt < Settings.Broker.AttachWithin;
                covered += waits ? part.Open : part.Covered;
            }
            foreach (LiveOrder order in manager.Orders.Live)
            {
                bool exit = order.Ticket.Role == OrderRole.Exit;
                covered += exit && order.Ticket.Direction * manager.Ledger.Net < 0 ? order.Remaining : 0;
            }
            return covered;
        }

        // The stop went with its group, its price has been passed, and the cancel of the target is
        // not confirmed: an exit now could close twice, a stop would be refused.
        private bool IsBeyondStop(OrderManager manager)
        {
            foreach (Bracket part in manager.Parts)
            {
                bool beyond = part.Direction > 0 ? part.StopPrice >= Bid : part.StopPrice <= Bid + 1;
                if (beyond && manager.Closing && part.Stop == null && part.Target != null && part.Target.IsLive)
                {
                    return true;
                }
            }
            return false;
        }

        private void LookAtCap(OrderManager manager, TradingTime time)
        {
            int all = Math.Abs(manager.Ledger.Net);
            foreach (LiveOrder order in manager.Orders.Live)
            {
                bool asked = time.Mono - order.CancelAskedAt <= Settings.Broker.AskAgain;
                bool works = order.Ticket.Role == OrderRole.Entry && !asked;
                all += works ? order.Remaining : 0;
            }
            if (all > Settings.Most && !manager.Closing)
            {
                Fault("open and ordered " + all + " of " + Settings.Most, time);
            }
        }

        private void LookAtParts(OrderManager manager, TradingTime time)
        {
            int sum = 0;
            foreach (Bracket part in manager.Parts)
            {
                sum += part.Direction * part.Open;
            }
            if (sum != manager.Ledger.Net)
            {
                Fault("the parts make " + sum + ", the ledger says " + manager.Ledger.Net, time);
            }
        }

        private void LookAtProfit(OrderManager manager, TradingTime time)
        {
            PositionLedger ledger = manager.Ledger;
            double profit = ledger.Realised + ledger.OpenProfit(1000);
            if (ledger.Net == net && Math.Abs(profit - (cash + net * 1000.0)) > 1e-3 + 0.51 * Fills)
            {
                Fault("profit " + profit + ", by the fills " + (cash + net * 1000.0), time);
            }
        }
    }
}
