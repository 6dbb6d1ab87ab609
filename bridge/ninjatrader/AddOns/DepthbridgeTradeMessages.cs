using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The messages <c>order</c>, <c>fill</c> and <c>position</c> of trading, in the instrument's units.</summary>
    public sealed class TradeMessages
    {
        private readonly string symbol;
        private readonly string source;
        private readonly double tickSize;
        private readonly double tickValue;

        /// <param name="symbol">Instrument of the orders.</param>
        /// <param name="source">live or playback.</param>
        /// <param name="tickSize">Its tick size.</param>
        /// <param name="tickValue">Money per tick and contract.</param>
        public TradeMessages(string symbol, string source, double tickSize, double tickValue)
        {
            this.symbol = symbol;
            this.source = source;
            this.tickSize = tickSize;
            this.tickValue = tickValue;
        }

        /// <summary>An order was sent, or something was heard of it.</summary>
        public string Order(LiveOrder order, TradingTime time)
        {
            OrderTicket ticket = order.Ticket;
            Dictionary<string, object> values = new Dictionary<string, object>();
            values["id"] = ticket.Id;
            values["role"] = Word(ticket.Role);
            values["side"] = ticket.Direction > 0 ? "buy" : "sell";
            values["order_type"] = Word(ticket.Kind);
            values["quantity"] = order.Quantity;
            values["filled"] = order.Filled;
            values["state"] = Word(order.Phase);
            if (ticket.Kind != OrderKind.Market)
            {
                values["price"] = order.Price * tickSize;
            }
            if (order.Phase == OrderPhase.Rejected)
            {
                values["reason"] = Word(order.Reason);
                values["text"] = order.Text ?? "";
            }
            return ClientMessages.Order(symbol, source, time.Event, values);
        }

        /// <summary>Contracts were executed, at an average price in ticks.</summary>
        public string Fill(LiveOrder order, int contracts, double price, TradingTime time)
        {
            Dictionary<string, object> values = new Dictionary<string, object>();
            values["order"] = order.Ticket.Id;
            values["role"] = Word(order.Ticket.Role);
            values["side"] = order.Ticket.Direction > 0 ? "buy" : "sell";
            values["quantity"] = contracts;
            values["price"] = price * tickSize;
            return ClientMessages.Fill(symbol, source, time.Event, values);
        }

        /// <summary>The position changed.</summary>
        public string Position(PositionLedger ledger, TradingTime time)
        {
            Dictionary<string, object> values = new Dictionary<string, object>();
            values["quantity"] = ledger.Net;
            values["realised"] = ledger.Realised * tickValue;
            if (ledger.Net != 0)
            {
                values["average_price"] = ledger.Average * tickSize;
            }
            return ClientMessages.Position(symbol, source, time.Event, values);
        }

        private static string Word(Enum value)
        {
            return value.ToString().ToLowerInvariant();
        }
    }
}
