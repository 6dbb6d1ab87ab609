using System;

namespace Depthbridge
{
    /// <summary>Everything that can stand in the way of an entry; none set: the way is free.</summary>
    [Flags]
    public enum EntryGate
    {
        /// <summary>Nothing.</summary>
        None = 0,

        /// <summary>Not started.</summary>
        NotStarted = 1,

        /// <summary>The account had a position or orders that are not ours.</summary>
        Refused = 2,

        /// <summary>The server was not LIVE for too long.</summary>
        NotLive = 4,

        /// <summary>Outside the hours of entries.</summary>
        Session = 8,

        /// <summary>The day's goal was reached.</summary>
        Goal = 16,

        /// <summary>The day's loss limit was reached.</summary>
        Loss = 32,

        /// <summary>The broker is not connected.</summary>
        Broker = 64,

        /// <summary>Everything is being closed.</summary>
        Closing = 128,

        /// <summary>Somebody has to look: the account's position is not ours, or the broker is silent.</summary>
        Halted = 256,

        /// <summary>The market is not known yet.</summary>
        NoQuote = 512
    }
}
