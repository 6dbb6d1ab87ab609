using System;

namespace Depthbridge
{
    /// <summary>What a broker can do and how its refusals are met.</summary>
    public sealed class BrokerProfile
    {
        /// <summary>Most messages a second for entries and for moving stops.</summary>
        /// <remarks>Protection, exits and cancels go out at once, also above it; they are counted.</remarks>
        public int OrdersPerSecond = 10;

        /// <summary>The entry carries its stop and target; they come to life with its fill.</summary>
        /// <remarks>
        /// Then an exit ends them too, and nothing here cancels them. NinjaTrader's managed orders
        /// work like that. Otherwise stop and target are sent as an OCO pair after each fill.
        /// </remarks>
        public bool NativeBrackets;

        /// <summary>How often a refused order is sent again.</summary>
        public int Retries = 3;

        /// <summary>Nanoseconds that an attached stop may take to appear after a fill.</summary>
        public long AttachWithin = 2000000000L;

        /// <summary>Nanoseconds until an unanswered cancel or change is asked for again.</summary>
        public long AskAgain = 2000000000L;

        /// <summary>Nanoseconds between exits once <see cref="Retries"/> of them were refused.</summary>
        public long ExitPause = 1000000000L;

        /// <summary>The reject policy.</summary>
        /// <param name="role">What was refused.</param>
        /// <param name="reason">Why.</param>
        /// <param name="refused">How often in a row by now, from 1.</param>
        /// <remarks>
        /// An entry is worth a second try only when the rate was the reason. A stop on the wrong side
        /// of the market means that the stop has been hit. A target can be missed, a stop cannot.
        /// An exit is never given up.
        /// </remarks>
        public RejectAction Decide(OrderRole role, RejectReason reason, int refused)
        {
            bool again = refused <= Retries;
            switch (role)
            {
                case OrderRole.Entry:
                    return again && reason == RejectReason.Rate ? RejectAction.Retry : RejectAction.Drop;
                case OrderRole.Stop:
                    return again && MayPass(reason) ? RejectAction.Retry : RejectAction.Flatten;
                case OrderRole.Target:
                    return again && MayPass(reason) ? RejectAction.Retry : RejectAction.Drop;
                default:
                    return RejectAction.Retry;
            }
        }

        /// <summary>Refuses values that cannot work.</summary>
        /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
        public void Validate()
        {
            if (OrdersPerSecond < 4)
            {
                throw new ArgumentException("OrdersPerSecond: an entry with its bracket and an exit takes 4");
            }
            if (Retries < 0 || AttachWithin < 0 || AskAgain <= 0 || ExitPause <= 0)
            {
                throw new ArgumentException("BrokerProfile: retries and times cannot be negative");
            }
        }

        private static bool MayPass(RejectReason reason)
        {
            return reason == RejectReason.Unknown || reason == RejectReason.Rate;
        }
    }
}
