namespace Depthbridge
{
    /// <summary>How an order executes.</summary>
    public enum OrderKind
    {
        /// <summary>At once, at any price.</summary>
        Market,

        /// <summary>At its price or better.</summary>
        Limit,

        /// <summary>At the market once its price has traded.</summary>
        StopMarket
    }
}
