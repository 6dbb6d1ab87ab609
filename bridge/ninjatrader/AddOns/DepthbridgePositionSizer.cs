using System;

namespace Depthbridge
{
    /// <summary>How many contracts a risk in money buys, of any contract: standard or micro.</summary>
    public sealed class PositionSizer
    {
        private readonly double risk;
        private readonly double tickValue;
        private readonly double fees;
        private readonly int most;

        /// <param name="risk">Money that one trade may lose at its stop.</param>
        /// <param name="tickValue">Money per tick and contract: ES 12.50, MES 1.25.</param>
        /// <param name="fees">Money per contract for both ways.</param>
        /// <param name="most">Most contracts, whatever the risk.</param>
        /// <exception cref="ArgumentException">A value cannot be right; the message names it.</exception>
        public PositionSizer(double risk, double tickValue, double fees, int most)
        {
            Check(risk, "risk");
            Check(tickValue, "tickValue");
            if (!(fees >= 0) || double.IsInfinity(fees))
            {
                throw new ArgumentException("fees: not a sum of money");
            }
            if (most < 1)
            {
                throw new ArgumentException("most: at least 1 contract");
            }
            this.risk = risk;
            this.tickValue = tickValue;
            this.fees = fees;
            this.most = most;
        }

        /// <summary>Contracts for a stop so many ticks away; 0 when even one would risk too much.</summary>
        /// <exception cref="ArgumentException">No stop, no size.</exception>
        public int Contracts(long stopTicks)
        {
            if (stopTicks < 1)
            {
                throw new ArgumentException("stopTicks: without a stop the risk has no size");
            }
            double one = stopTicks * tickValue + fees;
            // A whole number of times must not become one less by the rounding of binary fractions.
            double fits = Math.Floor(risk / one * (1 + 1e-12));
            return fits >= most ? most : (int)fits;
        }

        private static void Check(double value, string name)
        {
            if (!(value > 0) || double.IsInfinity(value))
            {
                throw new ArgumentException(name + ": more than 0, and finite");
            }
        }
    }
}
