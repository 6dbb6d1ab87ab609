using System;
using System.Collections.Generic;
using System.Globalization;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.NinjaScript;

namespace NinjaTrader.NinjaScript.Strategies
{
    /// <summary>The orders of the example strategy: from tickets to NinjaTrader's orders and back.</summary>
    public partial class DepthbridgeClusterTrader : IOrderGateway
    {
        private const string Prefix = "Depthbridge ";
        private readonly Dictionary<long, Order> orders = new Dictionary<long, Order>();
        private readonly Dictionary<Order, long> attached = new Dictionary<Order, long>();

        /// <inheritdoc/>
        bool IOrderGateway.Submit(OrderTicket ticket)
        {
            try
            {
                Order order = ManagedOrders ? SubmitManaged(ticket) : SubmitUnmanaged(ticket);
                if (order == null)
                {
                    return false;
                }
                orders[ticket.Id] = order;
                return true;
            }
            catch (Exception error)
            {
                // NinjaTrader throws when it is being ended, or on a value that it does not take.
                Say("order refused: " + error.Message, false);
                return false;
            }
        }

        /// <inheritdoc/>
        void IOrderGateway.Change(long id, int quantity, long price)
        {
            Order order;
            if (!orders.TryGetValue(id, out order))
            {
                return;
            }
            double at = Price(price);
            if (!attached.ContainsKey(order))
            {
                bool stop = order.OrderType == OrderType.StopMarket;
                ChangeOrder(order, quantity, stop ? 0 : at, stop ? at : 0);
            }
            else if (order.OrderType == OrderType.StopMarket)
            {
                SetStopLoss(order.FromEntrySignal, CalculationMode.Price, at, false);
            }
            else
            {
                SetProfitTarget(order.FromEntrySignal, CalculationMode.Price, at);
            }
        }

        /// <inheritdoc/>
        void IOrderGateway.Cancel(long id)
        {
            Order order;
            if (orders.TryGetValue(id, out order))
            {
                CancelOrder(order);
            }
        }

        /// <inheritdoc/>
        protected override void OnOrderUpdate(
            Order order,
            double limitPrice,
            double stopPrice,
            int quantity,
            int filled,
            double averageFillPrice,
            OrderState orderState,
            DateTime time,
            ErrorCode error,
            string comment)
        {
            OrderReport report = new OrderReport();
            report.Filled = filled;
            report.Average = averageFillPrice / TickSize;
            report.Quantity = quantity;
            report.Price = Ticks(order.OrderType == OrderType.StopMarket ? stopPrice : limitPrice, TickSize);
            report.Text = comment;
            report.Reason = ReasonOf(error.ToString(), comment);
            OrderEvent what;
            bool known = EventOf(orderState, error.ToString(), out what);
            report.Event = what;
            turns.Post(delegate { Heard(order, report, known); });
        }

        /// <inheritdoc/>
        protected override void OnExecutionUpdate(
            Execution execution,
            string executionId,
            double price,
            int quantity,
            MarketPosition marketPosition,
            string orderId,
            DateTime time)
        {
            Order order = execution.Order;
            ExecutionReport report = new ExecutionReport();
            report.ExecutionId = executionId;
            report.Quantity = quantity;
            report.Price = Ticks(price, TickSize);
            turns.Post(delegate { Executed(order, report); });
        }

        /// <inheritdoc/>
        protected override void OnConnectionStatusUpdate(ConnectionStatusEventArgs connectionStatusUpdate)
        {
            base.OnConnectionStatusUpdate(connectionStatusUpdate);
            if (Account == null || connectionStatusUpdate.Connection != Account.Connection)
            {
                return;
            }
            bool up = connectionStatusUpdate.Status == ConnectionStatus.Connected;
            turns.Post(delegate
            {
                if (desk != null)
                {
                    desk.OnBroker(up, Moment());
                }
            });
        }

        private void SetOrderMode()
        {
            IsUnmanaged = !ManagedOrders;
            // Refusals are answered by the trading itself; NinjaTrader would stop the strategy and close.
            RealtimeErrorHandling = RealtimeErrorHandling.IgnoreAllErrors;
            // What NinjaTrader closes by itself at the end would be closed twice.
            IsExitOnSessionCloseStrategy = false;
            EntriesPerDirection = 1000;
            EntryHandling = EntryHandling.UniqueEntries;
            StopTargetHandling = StopTargetHandling.PerEntryExecution;
            // An entry has a time of its own; a stop must outlive the day.
            TimeInForce = TimeInForce.Gtc;
        }

        private Order SubmitUnmanaged(OrderTicket ticket)
        {
            bool stop = ticket.Kind == OrderKind.StopMarket;
            double price = Price(ticket.Price);
            return SubmitOrderUnmanaged(
                0,
                ActionOf(ticket),
                TypeOf(ticket.Kind),
                ticket.Quantity,
                stop || ticket.Kind == OrderKind.Market ? 0 : price,
                stop ? price : 0,
                ticket.Oco,
                NameOf(ticket.Id));
        }

        private Order SubmitManaged(OrderTicket ticket)
        {
            string name = NameOf(ticket.Id);
            bool buys = ticket.Direction > 0;
            if (ticket.Role != OrderRole.Entry)
            {
                return buys ? ExitShort(0, ticket.Quantity, name, "") : ExitLong(0, ticket.Quantity, name, "");
            }
            SetStopLoss(name, CalculationMode.Ticks, ticket.StopTicks, false);
            if (ticket.TargetTicks > 0)
            {
                SetProfitTarget(name, CalculationMode.Ticks, ticket.TargetTicks);
            }
            return EnterManaged(ticket, name, buys, Price(ticket.Price));
        }

        private Order EnterManaged(OrderTicket ticket, string name, bool buys, double price)
        {
            switch (ticket.Kind)
            {
                case OrderKind.Market:
                    return buys ? EnterLong(0, ticket.Quantity, name) : EnterShort(0, ticket.Quantity, name);
                case OrderKind.Limit:
                    return buys
                        ? EnterLongLimit(0, true, ticket.Quantity, price, name)
                        : EnterShortLimit(0, true, ticket.Quantity, price, name);
                default:
                    return buys
                        ? EnterLongStopMarket(0, true, ticket.Quantity, price, name)
                        : EnterShortStopMarket(0, true, ticket.Quantity, price, name);
            }
        }

        private void Heard(Order order, OrderReport report, bool known)
        {
            if (desk == null)
            {
                return;
            }
            report.Id = IdOf(order, report);
            if (report.Id != 0 && known)
            {
                desk.OnReport(report, Moment());
            }
        }

        private void Executed(Order order, ExecutionReport report)
        {
            if (desk == null || order == null)
            {
                return;
            }
            report.Id = IdOf(order, new OrderReport { Quantity = order.Quantity });
            if (report.Id != 0)
            {
                desk.OnExecution(report, Moment());
            }
        }

        /// <summary>Our number of an order; 0: not ours. An attached stop or target gets one.</summary>
        private long IdOf(Order order, OrderReport report)
        {
            long id = NumberOf(order.Name);
            if (id != 0)
            {
                orders[id] = order;
                return id;
            }
            if (attached.TryGetValue(order, out id))
            {
                return id;
            }
            long parent = NumberOf(order.FromEntrySignal);
            return ManagedOrders && parent != 0 ? Adopt(order, parent, report) : 0;
        }

        private long Adopt(Order order, long parent, OrderReport report)
        {
            bool stop = order.OrderType == OrderType.StopMarket;
            OrderTicket ticket = new OrderTicket();
            ticket.Role = stop ? OrderRole.Stop : OrderRole.Target;
            ticket.Kind = stop ? OrderKind.StopMarket : OrderKind.Limit;
            ticket.Direction = order.OrderAction == OrderAction.Buy || order.OrderAction == OrderAction.BuyToCover ? 1 : -1;
            ticket.Quantity = report.Quantity;
            ticket.Price = report.Price;
            ticket.Oco = order.Oco ?? "";
            ticket.Parent = parent;
            long id = desk.Manager.Adopt(ticket, Moment());
            attached[order] = id;
            orders[id] = order;
            return id;
        }

        private static string NameOf(long id)
        {
            return Prefix + id.ToString(CultureInfo.InvariantCulture);
        }

        private static long NumberOf(string name)
        {
            long id;
            bool ours = name != null && name.StartsWith(Prefix, StringComparison.Ordinal);
            return ours && long.TryParse(name.Substring(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out id) ? id : 0;
        }

        private static OrderAction ActionOf(OrderTicket ticket)
        {
            bool entry = ticket.Role == OrderRole.Entry;
            if (ticket.Direction > 0)
            {
                return entry ? OrderAction.Buy : OrderAction.BuyToCover;
            }
            return entry ? OrderAction.SellShort : OrderAction.Sell;
        }

        private static OrderType TypeOf(OrderKind kind)
        {
            switch (kind)
            {
                case OrderKind.Market:
                    return OrderType.Market;
                case OrderKind.Limit:
                    return OrderType.Limit;
                default:
                    return OrderType.StopMarket;
            }
        }

        private double Price(long ticks)
        {
            return Instrument.MasterInstrument.RoundToTickSize(ticks * TickSize);
        }

        // Names of errors, not their values: NinjaTrader has added some over the years.
        private static bool EventOf(OrderState state, string error, out OrderEvent what)
        {
            if (Ended(state, out what))
            {
                return true;
            }
            if (error == "UnableToCancelOrder" || error == "UnableToChangeOrder")
            {
                what = error == "UnableToCancelOrder" ? OrderEvent.CancelRefused : OrderEvent.ChangeRefused;
                return true;
            }
            return state == OrderState.Accepted || state == OrderState.Working || state == OrderState.TriggerPending;
        }

        private static bool Ended(OrderState state, out OrderEvent what)
        {
            switch (state)
            {
                case OrderState.PartFilled:
                    what = OrderEvent.PartFilled;
                    return true;
                case OrderState.Filled:
                    what = OrderEvent.Filled;
                    return true;
                case OrderState.Cancelled:
                    what = OrderEvent.Cancelled;
                    return true;
                case OrderState.Rejected:
                    what = OrderEvent.Rejected;
                    return true;
                default:
                    what = OrderEvent.Accepted;
                    return false;
            }
        }

        // Brokers say why in their own words only; these are the ones worth telling apart.
        private static RejectReason ReasonOf(string error, string comment)
        {
            string text = (error + " " + comment).ToLowerInvariant();
            if (text.Contains("not allowed") || text.Contains("permission"))
            {
                return RejectReason.NotAllowed;
            }
            if (text.Contains("price") || text.Contains("stop order"))
            {
                return RejectReason.Price;
            }
            if (text.Contains("order rate") || text.Contains("throttl") || text.Contains("too many"))
            {
                return RejectReason.Rate;
            }
            if (text.Contains("margin") || text.Contains("buyingpower") || text.Contains("buying power") || text.Contains("limit exceeded"))
            {
                return RejectReason.Margin;
            }
            if (text.Contains("closed") || text.Contains("halt"))
            {
                return RejectReason.Closed;
            }
            return RejectReason.Unknown;
        }

        private bool IsBrokerUp()
        {
            return Account.Connection == null || Account.Connection.Status == ConnectionStatus.Connected;
        }

        private int AccountNet()
        {
            int net = 0;
            lock (Account.Positions)
            {
                foreach (Position position in Account.Positions)
                {
                    if (position.Instrument.FullName == Instrument.FullName && position.MarketPosition != MarketPosition.Flat)
                    {
                        net += position.MarketPosition == MarketPosition.Long ? position.Quantity : -position.Quantity;
                    }
                }
            }
            return net;
        }

        private int AccountOrders()
        {
            int live = 0;
            lock (Account.Orders)
            {
                foreach (Order order in Account.Orders)
                {
                    live += order.Instrument.FullName == Instrument.FullName && !Order.IsTerminalState(order.OrderState) ? 1 : 0;
                }
            }
            return live;
        }
    }
}
