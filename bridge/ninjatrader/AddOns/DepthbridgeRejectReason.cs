namespace Depthbridge
{
    /// <summary>Why a broker refused an order, as far as it says.</summary>
    public enum RejectReason
    {
        /// <summary>It does not say, or in words that nobody knows.</summary>
        Unknown,

        /// <summary>A stop on the wrong side of the market, a limit outside its bands.</summary>
        Price,

        /// <summary>Too many orders in a short time.</summary>
        Rate,

        /// <summary>Margin or a limit of the account.</summary>
        Margin,

        /// <summary>The market is closed or halted.</summary>
        Closed,

        /// <summary>The instrument, the account or the order type is not permitted.</summary>
        NotAllowed
    }
}
