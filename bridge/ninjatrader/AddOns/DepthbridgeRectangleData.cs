using System.Globalization;

namespace Depthbridge
{
    /// <summary>A cluster as a rectangle of a chart.</summary>
    public sealed class RectangleData
    {
        private RectangleData()
        {
        }

        /// <summary>Identity of the cluster.</summary>
        public long Id { get; private set; }

        /// <summary>Whether it stands for bids.</summary>
        public bool IsBid { get; private set; }

        /// <summary>Whether it is resting volume; else it was traded.</summary>
        public bool IsResting { get; private set; }

        /// <summary>Lower edge: half a tick below the lowest price.</summary>
        public double PriceLow { get; private set; }

        /// <summary>Upper edge: half a tick above the highest price.</summary>
        public double PriceHigh { get; private set; }

        /// <summary>Left edge, ns UTC.</summary>
        public long TimeFirst { get; private set; }

        /// <summary>Right edge, ns UTC.</summary>
        public long TimeLast { get; private set; }

        /// <summary>0 invisible to 1 solid, by the score.</summary>
        public double Opacity { get; private set; }

        /// <summary>What to write at it: the volume.</summary>
        public string Label { get; private set; }

        /// <summary>The rectangle of a cluster, or null if the trader does not want to see it.</summary>
        /// <param name="cluster">As the server sent it.</param>
        /// <param name="tickSize">Of the instrument.</param>
        /// <param name="now">Event time up to which a living one is drawn, ns UTC.</param>
        /// <param name="threshold"><c>ClusterOpacityThreshold</c>, 0 to 100: one of less opacity is hidden, one of unknown opacity is not.</param>
        public static RectangleData Of(ClusterData cluster, double tickSize, long now, int threshold)
        {
            if (cluster.Opacity < threshold)
            {
                return null;
            }
            var last = cluster.HasEnded || now < cluster.TimeLast ? cluster.TimeLast : now;
            return new RectangleData
            {
                Id = cluster.Id,
                IsBid = cluster.Side == "bid",
                IsResting = cluster.Kind == "resting",
                PriceLow = cluster.PriceLow - tickSize / 2,
                PriceHigh = cluster.PriceHigh + tickSize / 2,
                TimeFirst = cluster.TimeFirst,
                TimeLast = last,
                Opacity = double.IsNaN(cluster.Score) ? 0.5 : cluster.Score / 100,
                Label = cluster.Size.ToString("0.##", CultureInfo.InvariantCulture)
            };
        }
    }
}
