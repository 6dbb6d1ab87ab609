namespace Depthbridge
{
    /// <summary>Direction of a slower timeframe: its last close against its exponential average.</summary>
    public sealed class TrendFilter
    {
        private readonly int period;
        private int bars;
        private double average;

        /// <param name="period">Bars of the average; 0: no filter, every direction passes.</param>
        public TrendFilter(int period)
        {
            this.period = period;
        }

        /// <summary>1 up, -1 down, 0 neither or not known yet.</summary>
        public int Direction { get; private set; }

        /// <summary>A bar has closed.</summary>
        public void OnBar(double close)
        {
            average = bars == 0 ? close : average + (close - average) * 2.0 / (period + 1);
            bars++;
            bool known = bars >= period;
            Direction = !known || close == average ? 0 : (close > average ? 1 : -1);
        }

        /// <summary>Whether a trade in this direction goes with it. Before it is known nothing does.</summary>
        public bool Allows(int direction)
        {
            return period == 0 || Direction == direction;
        }
    }
}
