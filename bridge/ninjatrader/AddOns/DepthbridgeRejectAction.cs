namespace Depthbridge
{
    /// <summary>What a refused order leads to.</summary>
    public enum RejectAction
    {
        /// <summary>Nothing more is tried; what is open stays protected.</summary>
        Drop,

        /// <summary>The same once more.</summary>
        Retry,

        /// <summary>The position is closed at the market.</summary>
        Flatten
    }
}
