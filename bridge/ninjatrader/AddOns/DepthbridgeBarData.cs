namespace Depthbridge
{
    /// <summary>A closed bar.</summary>
    public sealed class BarData
    {
        /// <summary>Close of the bar, ns UTC.</summary>
        public long Time { get; set; }

        /// <summary>First price.</summary>
        public double Open { get; set; }

        /// <summary>Highest price.</summary>
        public double High { get; set; }

        /// <summary>Lowest price.</summary>
        public double Low { get; set; }

        /// <summary>Last price.</summary>
        public double Close { get; set; }

        /// <summary>Volume traded in it.</summary>
        public double Volume { get; set; }

        /// <summary>Buy minus sell volume, or NaN if not known.</summary>
        public double Delta { get; set; }

        /// <summary>Kind of bars, such as <c>minute</c>.</summary>
        public string SeriesType { get; set; }

        /// <summary>How many of them one bar has, such as 5 minutes.</summary>
        public int SeriesValue { get; set; }
    }
}
