namespace Depthbridge
{
    /// <summary>The way to the broker. What becomes of an order comes back as <see cref="OrderReport"/>.</summary>
    /// <remarks>
    /// An implementation may report while one of these calls is still running: NinjaTrader does so
    /// in Playback. It must not throw.
    /// </remarks>
    public interface IOrderGateway
    {
        /// <summary>Sends an order.</summary>
        /// <returns>False: it was refused on the spot and nothing more will be heard of it.</returns>
        bool Submit(OrderTicket ticket);

        /// <summary>Asks for another total quantity (filled part included) and price in ticks.</summary>
        void Change(long id, int quantity, long price);

        /// <summary>Asks for the end of an order.</summary>
        void Cancel(long id);
    }
}
