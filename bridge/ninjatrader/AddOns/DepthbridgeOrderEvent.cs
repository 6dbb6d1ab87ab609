namespace Depthbridge
{
    /// <summary>What is heard of an order.</summary>
    public enum OrderEvent
    {
        /// <summary>The broker has it, or has changed it.</summary>
        Accepted,

        /// <summary>A part was executed.</summary>
        PartFilled,

        /// <summary>The last of it was executed.</summary>
        Filled,

        /// <summary>We asked for a cancel.</summary>
        CancelAsked,

        /// <summary>The cancel was refused: too late, or never arrived.</summary>
        CancelRefused,

        /// <summary>A change was refused; the order stays as it was.</summary>
        ChangeRefused,

        /// <summary>It is gone, with what was filled before.</summary>
        Cancelled,

        /// <summary>It was refused.</summary>
        Rejected
    }
}
