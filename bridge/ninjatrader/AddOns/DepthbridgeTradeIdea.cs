namespace Depthbridge
{
    /// <summary>A reason to trade, from a signal of the server or from a cluster.</summary>
    public sealed class TradeIdea
    {
        /// <summary>1 buys, -1 sells.</summary>
        public int Direction;

        /// <summary>The rule: <c>bounce</c>, <c>break</c>, or the server's name.</summary>
        public string Kind = "";

        /// <summary>-1 to 1, in the sense of <see cref="Direction"/> where it is positive for a buy.</summary>
        public double Strength;

        /// <summary>Hit rate on earlier recordings; NaN when the server does not know.</summary>
        public double Confidence = double.NaN;

        /// <summary>Score of its cluster, 0 to 100; NaN without one.</summary>
        public double Score = double.NaN;

        /// <summary>Its cluster; 0: none.</summary>
        public long Cluster;

        /// <summary>Where, in ticks of the signal's instrument; 0: at the market.</summary>
        public long Price;

        /// <summary>The market's time.</summary>
        public long Time;

        /// <summary>When it was received, on the clock that never jumps.</summary>
        public long Received;

        /// <summary>Market time from which it is no longer valid; 0: it says nothing of that.</summary>
        public long Expires;

        /// <summary>Turns its price into ticks of the instrument that orders go to.</summary>
        /// <param name="from">Tick size of the signal's instrument.</param>
        /// <param name="to">Tick size of the other.</param>
        public void Rescale(double from, double to)
        {
            if (from != to)
            {
                Price = (long)System.Math.Round(Price * from / to, System.MidpointRounding.AwayFromZero);
            }
        }
    }
}
