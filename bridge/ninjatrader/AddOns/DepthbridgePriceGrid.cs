using System;

namespace Depthbridge
{
    /// <summary>Prices of an instrument as whole ticks.</summary>
    public sealed class PriceGrid
    {
        /// <summary>Below this distance from 0 a price of 0 is a price; above it, it stands for none, ticks.</summary>
        private const long NearZero = 1000;

        private readonly double _perTick;

        /// <summary>A grid.</summary>
        /// <param name="tickSize">Positive.</param>
        public PriceGrid(double tickSize)
        {
            if (!(tickSize > 0))
            {
                throw new ArgumentException("a tick size is positive", "tickSize");
            }
            TickSize = tickSize;
            _perTick = 1.0 / tickSize;
        }

        /// <summary>Price of a tick.</summary>
        public double TickSize { get; private set; }

        /// <summary>The nearest tick; of a price that is no number one that no record can hold.</summary>
        public long Ticks(double price)
        {
            var ticks = Math.Round(price * _perTick);
            return ticks > -9.1e15 && ticks < 9.1e15 ? (long)ticks : long.MaxValue;
        }

        /// <summary>A bid or ask that comes with a trade.</summary>
        /// <param name="price">As the feed gives it: 0, or the type's extremes, where it has none.</param>
        /// <param name="trade">Ticks of the trade.</param>
        /// <returns>Ticks, or <see cref="AggressorRule.None"/>.</returns>
        public long Quote(double price, long trade)
        {
            var ticks = Ticks(price);
            // Spreads, and once crude oil, do trade at and around 0.
            var missing = ticks == long.MaxValue || (ticks == 0 && Math.Abs(trade) > NearZero);
            return missing ? AggressorRule.None : ticks;
        }
    }
}
