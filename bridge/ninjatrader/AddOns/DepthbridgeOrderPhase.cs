namespace Depthbridge
{
    /// <summary>Where an order stands; the transitions are the table of <see cref="OrderStates"/>.</summary>
    public enum OrderPhase
    {
        /// <summary>Sent; nobody has answered.</summary>
        Sent,

        /// <summary>The broker has it.</summary>
        Working,

        /// <summary>A cancel was asked for and is not confirmed: it can still fill.</summary>
        Cancelling,

        /// <summary>Executed in full.</summary>
        Filled,

        /// <summary>Confirmed as cancelled.</summary>
        Cancelled,

        /// <summary>Refused.</summary>
        Rejected
    }
}
