using System;

namespace Depthbridge
{
    /// <summary>What is published under one symbol, as <c>hello</c> declares it. It never changes.</summary>
    public sealed class StreamDefinition
    {
        /// <summary>Most rows of a side that a publisher may declare.</summary>
        public const int MaxDepth = 100;

        /// <summary>Declare an instrument.</summary>
        /// <param name="symbol">NinjaTrader's full name, <c>ES 12-26</c>.</param>
        /// <param name="tickSize">Price of a tick.</param>
        /// <param name="sizeStep">Volume of a size step, 1 for futures.</param>
        /// <param name="pointValue">Money of a point; NaN leaves it to the server.</param>
        /// <param name="depthLevels">Rows of a side, 1 to 100; a feed may show one more for a moment.</param>
        public StreamDefinition(string symbol, double tickSize, double sizeStep, double pointValue, int depthLevels)
        {
            if (string.IsNullOrEmpty(symbol))
            {
                throw new ArgumentException("a symbol is needed", "symbol");
            }
            if (!(tickSize > 0) || !(sizeStep > 0))
            {
                throw new ArgumentException("tick size and size step are positive", "tickSize");
            }
            Symbol = symbol;
            TickSize = tickSize;
            SizeStep = sizeStep;
            PointValue = pointValue;
            DepthLevels = Math.Min(Math.Max(depthLevels, 1), MaxDepth);
        }

        /// <summary>NinjaTrader's full name.</summary>
        public string Symbol { get; private set; }

        /// <summary>Price of a tick.</summary>
        public double TickSize { get; private set; }

        /// <summary>Volume of a size step.</summary>
        public double SizeStep { get; private set; }

        /// <summary>Money of a point, or NaN.</summary>
        public double PointValue { get; private set; }

        /// <summary>Rows of a side.</summary>
        public int DepthLevels { get; private set; }
    }
}
