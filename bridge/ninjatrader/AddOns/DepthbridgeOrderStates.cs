namespace Depthbridge
{
    /// <summary>The life of an order as a table: every phase knows every event.</summary>
    /// <remarks>
    /// An ended order stays ended: what is heard of it later (a fill that was under way when the
    /// cancel was confirmed) changes the position, never the phase.
    /// </remarks>
    public static class OrderStates
    {
        private const OrderPhase S = OrderPhase.Sent;
        private const OrderPhase W = OrderPhase.Working;
        private const OrderPhase C = OrderPhase.Cancelling;
        private const OrderPhase F = OrderPhase.Filled;
        private const OrderPhase X = OrderPhase.Cancelled;
        private const OrderPhase R = OrderPhase.Rejected;

        // columns: Accepted, PartFilled, Filled, CancelAsked, CancelRefused, ChangeRefused, Cancelled, Rejected
        private static readonly OrderPhase[][] Table =
        {
            new[] { W, W, F, C, S, W, X, R }, // Sent
            new[] { W, W, F, C, W, W, X, R }, // Working
            new[] { C, C, F, C, W, C, X, R }, // Cancelling
            new[] { F, F, F, F, F, F, F, F }, // Filled
            new[] { X, X, X, X, X, X, X, X }, // Cancelled
            new[] { R, R, R, R, R, R, R, R }, // Rejected
        };

        /// <summary>The phase after an event.</summary>
        public static OrderPhase Next(OrderPhase phase, OrderEvent what)
        {
            return Table[(int)phase][(int)what];
        }

        /// <summary>Whether an order in this phase can still be executed.</summary>
        public static bool IsLive(OrderPhase phase)
        {
            return phase == S || phase == W || phase == C;
        }
    }
}
