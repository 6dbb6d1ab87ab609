namespace Depthbridge
{
    /// <summary>What an order is for.</summary>
    public enum OrderRole
    {
        /// <summary>Opens a position or adds to it.</summary>
        Entry,

        /// <summary>Protects a bracket: a stop-market order.</summary>
        Stop,

        /// <summary>Takes the profit of a bracket: a limit order, OCO with its stop.</summary>
        Target,

        /// <summary>Closes what is open, at the market.</summary>
        Exit
    }
}
