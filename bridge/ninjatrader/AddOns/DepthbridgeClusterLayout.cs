using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Says where the rectangles of clusters are drawn.</summary>
    public static class ClusterLayout
    {
        /// <summary>Least width and height, so that nothing visible vanishes between two pixels.</summary>
        public const float Least = 2f;

        /// <summary>Rectangles for what is alive.</summary>
        /// <param name="clusters">The active set.</param>
        /// <param name="tickSize">Of the instrument.</param>
        /// <param name="now">Event time up to which they are drawn, ns UTC.</param>
        /// <param name="threshold"><c>ClusterOpacityThreshold</c>: weaker ones are left out.</param>
        public static List<RectangleData> Visible(ClusterData[] clusters, double tickSize, long now, int threshold)
        {
            var visible = new List<RectangleData>();
            foreach (var cluster in clusters)
            {
                var rectangle = RectangleData.Of(cluster, tickSize, now, threshold);
                if (rectangle != null)
                {
                    visible.Add(rectangle);
                }
            }
            return visible;
        }

        /// <summary>The clusters that a trader wants to see; one of unknown opacity is not hidden.</summary>
        /// <returns>The same array if none is left out.</returns>
        public static ClusterData[] Shown(ClusterData[] clusters, int threshold)
        {
            return Array.Exists(clusters, delegate(ClusterData one) { return one.Opacity < threshold; })
                ? Array.FindAll(clusters, delegate(ClusterData one) { return !(one.Opacity < threshold); })
                : clusters;
        }

        /// <summary>Places rectangles on a chart, cut at the panel's edges; what lies outside is left out.</summary>
        /// <returns>In the order of drawing: the strongest last, so that it is on top.</returns>
        public static List<PlacedRectangle> Place(IEnumerable<RectangleData> rectangles, IChartGeometry chart)
        {
            var placed = new List<PlacedRectangle>();
            foreach (var rectangle in rectangles)
            {
                var one = Place(rectangle, chart);
                if (one != null)
                {
                    placed.Add(one);
                }
            }
            placed.Sort(ByStrength);
            return placed;
        }

        private static PlacedRectangle Place(RectangleData data, IChartGeometry chart)
        {
            var left = chart.X(data.TimeFirst);
            var right = Math.Max(chart.X(data.TimeLast), left + Least);
            var top = chart.Y(data.PriceHigh);
            var bottom = Math.Max(chart.Y(data.PriceLow), top + Least);
            left = Math.Max(left, chart.Left);
            right = Math.Min(right, chart.Left + chart.Width);
            top = Math.Max(top, chart.Top);
            bottom = Math.Min(bottom, chart.Top + chart.Height);
            // A panel may be closed to nothing, and a price scale may give no number.
            return right > left && bottom > top ? new PlacedRectangle(data, left, top, right - left, bottom - top) : null;
        }

        private static int ByStrength(PlacedRectangle a, PlacedRectangle b)
        {
            var order = a.Data.Opacity.CompareTo(b.Data.Opacity);
            return order != 0 ? order : a.Data.Id.CompareTo(b.Data.Id);
        }
    }
}
