namespace Depthbridge
{
    /// <summary>One execution. Its order's own report may come before or after it, or never.</summary>
    public struct ExecutionReport
    {
        /// <summary>Our number of the order.</summary>
        public long Id;

        /// <summary>The broker's name of the execution; told again, it counts once.</summary>
        public string ExecutionId;

        /// <summary>Contracts.</summary>
        public int Quantity;

        /// <summary>Price in ticks.</summary>
        public long Price;
    }
}
