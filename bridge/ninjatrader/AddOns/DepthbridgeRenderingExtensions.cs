using System.Collections.Generic;
using Depthbridge;
using SharpDX;
using SharpDX.Direct2D1;

namespace NinjaTrader.NinjaScript.AddOns.DepthbridgeChart
{
    /// <summary>Draws what the layout has placed.</summary>
    public static class RenderingExtensions
    {
        /// <summary>Width of a status line, pixels: wider than any of them.</summary>
        private const float LineWidth = 600f;

        /// <summary>Height of a line of text, pixels.</summary>
        private const float LineHeight = 16f;

        /// <summary>Distance from the panel's edge, pixels.</summary>
        private const float Margin = 8f;

        /// <summary>A cluster: filled by its strength, framed, and with its volume where there is room.</summary>
        /// <param name="target">On which.</param>
        /// <param name="placed">Where.</param>
        /// <param name="color">Of its side.</param>
        /// <param name="tools">Brushes of this target.</param>
        public static void DrawCluster(this RenderTarget target, PlacedRectangle placed, System.Windows.Media.Color color, CustomSharpDX tools)
        {
            var box = new RectangleF(placed.X, placed.Y, placed.Width, placed.Height);
            target.FillRectangle(box, tools.Brush(color, placed.Data.Opacity));
            target.DrawRectangle(box, tools.Brush(color, 1.0), 1f);
            if (placed.Height >= LineHeight)
            {
                target.DrawText(placed.Data.Label, tools.Font, box, tools.Brush(System.Windows.Media.Color.FromRgb(255, 255, 255), 1.0));
            }
        }

        /// <summary>The lines of the status, in the panel's upper left corner.</summary>
        /// <param name="target">On which.</param>
        /// <param name="lines">From the top.</param>
        /// <param name="chart">Where the panel is.</param>
        /// <param name="first">Colour of the first line; the others are grey.</param>
        /// <param name="tools">Brushes of this target.</param>
        public static void DrawStatus(this RenderTarget target, IList<string> lines, IChartGeometry chart, System.Windows.Media.Color first, CustomSharpDX tools)
        {
            var grey = System.Windows.Media.Color.FromRgb(160, 160, 160);
            for (var i = 0; i < lines.Count; i++)
            {
                var box = new RectangleF(chart.Left + Margin, chart.Top + Margin + i * LineHeight, LineWidth, LineHeight);
                target.DrawText(lines[i], tools.Font, box, tools.Brush(i == 0 ? first : grey, 1.0));
            }
        }
    }
}
