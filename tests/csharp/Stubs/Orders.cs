// NinjaTrader.Cbi: accounts, orders, executions, positions; and a strategy's order methods, which lead
// to the simulated exchange.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using Depthbridge;
using Depthbridge.Testing;
using NinjaTrader.Cbi;

namespace NinjaTrader.Cbi
{
    /// <summary>What an order does.</summary>
    public enum OrderAction
    {
        /// <summary>Buys.</summary>
        Buy = 0,

        /// <summary>Buys back.</summary>
        BuyToCover = 1,

        /// <summary>Sells what is held.</summary>
        Sell = 2,

        /// <summary>Sells short.</summary>
        SellShort = 3,
    }

    /// <summary>How an order executes.</summary>
    public enum OrderType
    {
        /// <summary>At a price or better.</summary>
        Limit = 0,

        /// <summary>At once.</summary>
        Market = 1,

        /// <summary>Market if touched.</summary>
        MIT = 2,

        /// <summary>A limit order once a price has traded.</summary>
        StopLimit = 3,

        /// <summary>A market order once a price has traded.</summary>
        StopMarket = 4,
    }

    /// <summary>Where an order stands.</summary>
    public enum OrderState
    {
        /// <summary>Made.</summary>
        Initialized,

        /// <summary>Sent.</summary>
        Submitted,

        /// <summary>Taken.</summary>
        Accepted,

        /// <summary>Waits for its price.</summary>
        TriggerPending,

        /// <summary>In the book.</summary>
        Working,

        /// <summary>A change is asked for.</summary>
        ChangePending,

        /// <summary>A change is sent.</summary>
        ChangeSubmitted,

        /// <summary>A cancel is asked for.</summary>
        CancelPending,

        /// <summary>A cancel is sent.</summary>
        CancelSubmitted,

        /// <summary>Gone.</summary>
        Cancelled,

        /// <summary>Refused.</summary>
        Rejected,

        /// <summary>Executed in part.</summary>
        PartFilled,

        /// <summary>Executed.</summary>
        Filled,

        /// <summary>Not known.</summary>
        Unknown,
    }

    /// <summary>How long an order lives.</summary>
    public enum TimeInForce
    {
        /// <summary>A day.</summary>
        Day,

        /// <summary>Until it is cancelled.</summary>
        Gtc,
    }

    /// <summary>An order.</summary>
    public partial class Order
    {
        /// <summary>Test side: its number at the exchange.</summary>
        public long Number;

        /// <summary>Its name: the signal's.</summary>
        public string Name { get; set; }

        /// <summary>Name of the entry that it closes.</summary>
        public string FromEntrySignal { get; set; }

        /// <summary>Its instrument.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>What it does.</summary>
        public OrderAction OrderAction { get; set; }

        /// <summary>How it executes.</summary>
        public OrderType OrderType { get; set; }

        /// <summary>Where it stands.</summary>
        public OrderState OrderState { get; set; }

        /// <summary>Contracts.</summary>
        public int Quantity { get; set; }

        /// <summary>Its group.</summary>
        public string Oco { get; set; }

        /// <summary>Limit price.</summary>
        public double LimitPrice { get; set; }

        /// <summary>Stop price.</summary>
        public double StopPrice { get; set; }

        /// <summary>Whether nothing more will be heard of it.</summary>
        public static bool IsTerminalState(OrderState orderState)
        {
            return orderState == OrderState.Cancelled || orderState == OrderState.Filled || orderState == OrderState.Rejected
                || orderState == OrderState.Unknown;
        }
    }

    /// <summary>An execution.</summary>
    public partial class Execution
    {
        /// <summary>Its order.</summary>
        public Order Order { get; set; }
    }

    /// <summary>A position.</summary>
    public partial class Position
    {
        /// <summary>Of what.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>Which side.</summary>
        public MarketPosition MarketPosition { get; set; }

        /// <summary>Contracts, never negative.</summary>
        public int Quantity { get; set; }
    }

    /// <summary>An account.</summary>
    public partial class Account
    {
        /// <summary>Its positions.</summary>
        public readonly Collection<Position> Positions = new Collection<Position>();

        /// <summary>Its orders.</summary>
        public readonly Collection<Order> Orders = new Collection<Order>();

        /// <summary>Its name.</summary>
        public string Name { get; set; }

        /// <summary>Its connection.</summary>
        public Connection Connection { get; set; }

        /// <summary>Test side: sets its position in an instrument.</summary>
        public void Hold(Instrument instrument, int contracts)
        {
            lock (Positions)
            {
                Positions.Clear();
                MarketPosition side = contracts > 0 ? MarketPosition.Long : MarketPosition.Short;
                Positions.Add(new Position
                {
                    Instrument = instrument,
                    MarketPosition = contracts == 0 ? MarketPosition.Flat : side,
                    Quantity = Math.Abs(contracts),
                });
            }
        }
    }
}

namespace NinjaTrader.NinjaScript
{
    /// <summary>What happens at a refused order.</summary>
    public enum RealtimeErrorHandling
    {
        /// <summary>Nothing.</summary>
        IgnoreAllErrors,

        /// <summary>The strategy is stopped.</summary>
        StopCancelClose,

        /// <summary>The same, but not for refusals.</summary>
        StopCancelCloseIgnoreRejects,
    }

    /// <summary>How entries are counted.</summary>
    public enum EntryHandling
    {
        /// <summary>Together.</summary>
        AllEntries,

        /// <summary>By their names.</summary>
        UniqueEntries,
    }

    /// <summary>What stops and targets are made for.</summary>
    public enum StopTargetHandling
    {
        /// <summary>Each execution.</summary>
        PerEntryExecution,

        /// <summary>The position.</summary>
        ByStrategyPosition,
    }

    /// <summary>What a value means.</summary>
    public enum CalculationMode
    {
        /// <summary>Money.</summary>
        Currency,

        /// <summary>A share.</summary>
        Percent,

        /// <summary>A price.</summary>
        Price,

        /// <summary>Ticks.</summary>
        Ticks,
    }

    /// <summary>Base of strategies: the part about orders.</summary>
    public abstract partial class StrategyBase
    {
        private readonly Dictionary<long, Order> sent = new Dictionary<long, Order>();
        private readonly Dictionary<string, long> stops = new Dictionary<string, long>();
        private readonly Dictionary<string, long> targets = new Dictionary<string, long>();
        private SimulatedExchange exchange;
        private long numbers;

        /// <summary>Its account.</summary>
        public Account Account { get; set; }

        /// <summary>Whether orders are unmanaged.</summary>
        public bool IsUnmanaged { get; set; }

        /// <summary>At a refusal.</summary>
        public RealtimeErrorHandling RealtimeErrorHandling { get; set; }

        /// <summary>Whether NinjaTrader closes at the session's end.</summary>
        public bool IsExitOnSessionCloseStrategy { get; set; }

        /// <summary>Most entries.</summary>
        public int EntriesPerDirection { get; set; }

        /// <summary>How they are counted.</summary>
        public EntryHandling EntryHandling { get; set; }

        /// <summary>What stops are made for.</summary>
        public StopTargetHandling StopTargetHandling { get; set; }

        /// <summary>Life of orders.</summary>
        public TimeInForce TimeInForce { get; set; }

        /// <summary>Test side: where its orders go.</summary>
        public SimulatedExchange Exchange
        {
            get { return exchange; }
            set
            {
                exchange = value;
                exchange.Tell = Told;
            }
        }

        /// <summary>Test side: all orders sent, oldest first.</summary>
        public readonly List<Order> Sent = new List<Order>();

        /// <summary>Sends an order.</summary>
        public Order SubmitOrderUnmanaged(int selectedBarsInProgress, OrderAction orderAction, OrderType orderType, int quantity, double limitPrice, double stopPrice, string oco, string signalName)
        {
            if (!IsUnmanaged)
                throw new InvalidOperationException("unmanaged orders of a managed strategy");
            return Submit(orderAction, orderType, quantity, limitPrice, stopPrice, oco, signalName, RoleOf(signalName, orderAction, orderType));
        }

        /// <summary>Changes an order.</summary>
        public void ChangeOrder(Order order, int quantity, double limitPrice, double stopPrice)
        {
            exchange.Change(order.Number, quantity, Ticks(limitPrice != 0 ? limitPrice : stopPrice));
        }

        /// <summary>Cancels an order.</summary>
        public void CancelOrder(Order order)
        {
            exchange.Cancel(order.Number);
        }

        /// <summary>Enters.</summary>
        public Order EnterLong(int barsInProgressIndex, int quantity, string signalName)
        {
            return Enter(OrderAction.Buy, OrderType.Market, quantity, 0, signalName);
        }

        /// <summary>Enters.</summary>
        public Order EnterShort(int barsInProgressIndex, int quantity, string signalName)
        {
            return Enter(OrderAction.SellShort, OrderType.Market, quantity, 0, signalName);
        }

        /// <summary>Enters.</summary>
        public Order EnterLongLimit(int barsInProgressIndex, bool isLiveUntilCancelled, int quantity, double limitPrice, string signalName)
        {
            return Enter(OrderAction.Buy, OrderType.Limit, quantity, limitPrice, signalName);
        }

        /// <summary>Enters.</summary>
        public Order EnterShortLimit(int barsInProgressIndex, bool isLiveUntilCancelled, int quantity, double limitPrice, string signalName)
        {
            return Enter(OrderAction.SellShort, OrderType.Limit, quantity, limitPrice, signalName);
        }

        /// <summary>Enters.</summary>
        public Order EnterLongStopMarket(int barsInProgressIndex, bool isLiveUntilCancelled, int quantity, double stopPrice, string signalName)
        {
            return Enter(OrderAction.Buy, OrderType.StopMarket, quantity, stopPrice, signalName);
        }

        /// <summary>Enters.</summary>
        public Order EnterShortStopMarket(int barsInProgressIndex, bool isLiveUntilCancelled, int quantity, double stopPrice, string signalName)
        {
            return Enter(OrderAction.SellShort, OrderType.StopMarket, quantity, stopPrice, signalName);
        }

        /// <summary>Exits.</summary>
        public Order ExitLong(int barsInProgressIndex, int quantity, string signalName, string fromEntrySignal)
        {
            return Managed(OrderAction.Sell, OrderType.Market, quantity, 0, signalName, OrderRole.Exit);
        }

        /// <summary>Exits.</summary>
        public Order ExitShort(int barsInProgressIndex, int quantity, string signalName, string fromEntrySignal)
        {
            return Managed(OrderAction.BuyToCover, OrderType.Market, quantity, 0, signalName, OrderRole.Exit);
        }

        /// <summary>Sets or moves the stop of an entry.</summary>
        public void SetStopLoss(string fromEntrySignal, CalculationMode mode, double value, bool isSimulatedStop)
        {
            Set(stops, fromEntrySignal, mode, value, OrderType.StopMarket);
        }

        /// <summary>Sets or moves the target of an entry.</summary>
        public void SetProfitTarget(string fromEntrySignal, CalculationMode mode, double value)
        {
            Set(targets, fromEntrySignal, mode, value, OrderType.Limit);
        }

        /// <summary>An order has changed.</summary>
        protected virtual void OnOrderUpdate(Order order, double limitPrice, double stopPrice, int quantity, int filled, double averageFillPrice, OrderState orderState, DateTime time, ErrorCode error, string comment)
        {
        }

        /// <summary>Something was executed.</summary>
        protected virtual void OnExecutionUpdate(Execution execution, string executionId, double price, int quantity, MarketPosition marketPosition, string orderId, DateTime time)
        {
        }

        private static OrderRole RoleOf(string name, OrderAction action, OrderType type)
        {
            bool entry = action == OrderAction.Buy || action == OrderAction.SellShort;
            if (entry)
                return OrderRole.Entry;
            if (type == OrderType.StopMarket)
                return OrderRole.Stop;
            return type == OrderType.Limit ? OrderRole.Target : OrderRole.Exit;
        }

        private long Ticks(double price)
        {
            double ticks = price / TickSize;
            if (Math.Abs(ticks - Math.Round(ticks)) > 1e-6)
                throw new ArgumentException("off the grid: " + price);
            return (long)Math.Round(ticks);
        }

        private void Set(Dictionary<string, long> values, string entry, CalculationMode mode, double value, OrderType type)
        {
            if (IsUnmanaged)
                throw new InvalidOperationException("managed orders of an unmanaged strategy");
            if (mode == CalculationMode.Ticks)
            {
                values[entry] = (long)value;
                return;
            }
            foreach (Order order in new List<Order>(sent.Values))
                if (order.FromEntrySignal == entry && order.OrderType == type && !Order.IsTerminalState(order.OrderState))
                    exchange.Change(order.Number, order.Quantity, Ticks(value));
        }

        private Order Enter(OrderAction action, OrderType type, int quantity, double price, string name)
        {
            return Managed(action, type, quantity, price, name, OrderRole.Entry);
        }

        private Order Managed(OrderAction action, OrderType type, int quantity, double price, string name, OrderRole role)
        {
            if (IsUnmanaged)
                throw new InvalidOperationException("managed orders of an unmanaged strategy");
            return Submit(action, type, quantity, type == OrderType.Limit ? price : 0, type == OrderType.StopMarket ? price : 0, "", name, role);
        }

        private Order Submit(OrderAction action, OrderType type, int quantity, double limit, double stop, string oco, string name, OrderRole role)
        {
            numbers++;
            Order order = new Order
            {
                Number = numbers,
                Name = name,
                FromEntrySignal = "",
                Instrument = Instrument,
                OrderAction = action,
                OrderType = type,
                OrderState = OrderState.Submitted,
                Quantity = quantity,
                Oco = oco,
                LimitPrice = limit,
                StopPrice = stop,
            };
            Add(order);
            OrderTicket ticket = new OrderTicket
            {
                Id = numbers,
                Role = role,
                Kind = type == OrderType.Market ? OrderKind.Market : (type == OrderType.Limit ? OrderKind.Limit : OrderKind.StopMarket),
                Direction = action == OrderAction.Buy || action == OrderAction.BuyToCover ? 1 : -1,
                Quantity = quantity,
                Price = Ticks(limit != 0 ? limit : stop),
                Oco = oco,
            };
            if (!IsUnmanaged && role == OrderRole.Entry)
            {
                ticket.StopTicks = stops[name];
                ticket.TargetTicks = targets.ContainsKey(name) ? targets[name] : 0;
            }
            OnOrderUpdate(order, limit, stop, quantity, 0, 0, OrderState.Submitted, DateTime.MinValue, ErrorCode.NoError, "");
            exchange.Submit(ticket);
            return order;
        }

        private void Add(Order order)
        {
            sent.Add(order.Number, order);
            Sent.Add(order);
            lock (Account.Orders)
                Account.Orders.Add(order);
        }

        private void Told(ExchangeEvent told)
        {
            if (told.Attached != null)
            {
                Add(AttachedOrder(told));
                return;
            }
            Order order = sent[told.Id];
            if (told.ExecutionId != null)
            {
                Account.Hold(Instrument, exchange.Position);
                OnExecutionUpdate(new Execution { Order = order }, told.ExecutionId, told.Price * TickSize, told.Contracts, MarketPosition.Long, "", DateTime.MinValue);
                return;
            }
            order.Quantity = told.Quantity;
            OrderState state = StateOf(told.Event, order.OrderState);
            order.OrderState = state;
            double price = told.Price * TickSize;
            bool stop = order.OrderType == OrderType.StopMarket;
            order.StopPrice = stop ? price : 0;
            order.LimitPrice = stop ? 0 : price;
            OnOrderUpdate(order, stop ? 0 : price, stop ? price : 0, told.Quantity, told.Filled, told.Average * TickSize, state, DateTime.MinValue, ErrorCode.NoError, told.Event == OrderEvent.Rejected ? Words(told.Reason) : "");
        }

        private Order AttachedOrder(ExchangeEvent told)
        {
            OrderTicket ticket = told.Attached;
            bool stop = ticket.Role == OrderRole.Stop;
            return new Order
            {
                Number = told.Id,
                Name = stop ? "Stop loss" : "Profit target",
                FromEntrySignal = sent[ticket.Parent].Name,
                Instrument = Instrument,
                OrderAction = ticket.Direction > 0 ? OrderAction.BuyToCover : OrderAction.Sell,
                OrderType = stop ? OrderType.StopMarket : OrderType.Limit,
                OrderState = OrderState.Submitted,
                Quantity = ticket.Quantity,
                Oco = ticket.Oco,
            };
        }

        private static OrderState StateOf(OrderEvent what, OrderState before)
        {
            switch (what)
            {
                case OrderEvent.Accepted:
                    return OrderState.Working;
                case OrderEvent.PartFilled:
                    return OrderState.PartFilled;
                case OrderEvent.Filled:
                    return OrderState.Filled;
                case OrderEvent.Cancelled:
                    return OrderState.Cancelled;
                case OrderEvent.Rejected:
                    return OrderState.Rejected;
                default:
                    return before;
            }
        }

        private static string Words(RejectReason reason)
        {
            switch (reason)
            {
                case RejectReason.Price:
                    return "Buy stop or buy stop limit orders can't be placed below the market. affected price";
                case RejectReason.Rate:
                    return "Order rate limit: too many orders";
                case RejectReason.Margin:
                    return "Insufficient margin";
                case RejectReason.Closed:
                    return "The market is closed";
                case RejectReason.NotAllowed:
                    return "Order type not allowed";
                default:
                    return "Rejected";
            }
        }
    }
}

namespace NinjaTrader.NinjaScript.DrawingTools
{
    /// <summary>Where a text stands.</summary>
    public enum TextPosition
    {
        /// <summary>Lower left.</summary>
        BottomLeft,

        /// <summary>Lower right.</summary>
        BottomRight,

        /// <summary>Middle.</summary>
        Center,

        /// <summary>Upper left.</summary>
        TopLeft,

        /// <summary>Upper right.</summary>
        TopRight,
    }

    /// <summary>Draws on a chart.</summary>
    public static partial class Draw
    {
        /// <summary>Test side: texts by their tags.</summary>
        public static readonly Dictionary<string, string> Texts = new Dictionary<string, string>();

        /// <summary>A text at a fixed place.</summary>
        public static void TextFixed(NinjaScriptBase owner, string tag, string text, TextPosition textPosition)
        {
            lock (Texts)
                Texts[tag] = text;
        }
    }
}
