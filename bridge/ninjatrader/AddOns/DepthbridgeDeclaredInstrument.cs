namespace Depthbridge
{
    /// <summary>An instrument as <c>hello</c> declares it.</summary>
    public sealed class DeclaredInstrument
    {
        /// <summary>Declare an instrument.</summary>
        /// <param name="symbol">NinjaTrader's full name, such as <c>ES 12-26</c>.</param>
        /// <param name="tickSize">Distance of two prices.</param>
        /// <param name="sizeStep">Distance of two volumes.</param>
        /// <param name="pointValue">Money of one point and contract, or NaN if not known.</param>
        /// <param name="depthLevels">Rows of a side that its feed shows, or 0 if not known.</param>
        public DeclaredInstrument(string symbol, double tickSize, double sizeStep, double pointValue, int depthLevels)
        {
            Symbol = symbol;
            TickSize = tickSize;
            SizeStep = sizeStep;
            PointValue = pointValue;
            DepthLevels = depthLevels;
        }

        /// <summary>NinjaTrader's full name.</summary>
        public string Symbol { get; private set; }

        /// <summary>Distance of two prices.</summary>
        public double TickSize { get; private set; }

        /// <summary>Distance of two volumes.</summary>
        public double SizeStep { get; private set; }

        /// <summary>Money of one point and contract, or NaN.</summary>
        public double PointValue { get; private set; }

        /// <summary>Rows of a side that its feed shows, or 0.</summary>
        public int DepthLevels { get; private set; }
    }
}
