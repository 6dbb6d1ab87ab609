namespace Depthbridge
{
    /// <summary>Hears what the order manager does: for the server, the log and the chart.</summary>
    public interface ITradeLog
    {
        /// <summary>An order was sent, or something was heard of it.</summary>
        void OnOrder(LiveOrder order, TradingTime time);

        /// <summary>Contracts were executed at an average price in ticks.</summary>
        void OnFill(LiveOrder order, int contracts, double price, TradingTime time);

        /// <summary>The position changed.</summary>
        void OnPosition(PositionLedger ledger, TradingTime time);

        /// <summary>Something a person should know.</summary>
        void OnNote(TradeNote note, string text, TradingTime time);
    }
}
