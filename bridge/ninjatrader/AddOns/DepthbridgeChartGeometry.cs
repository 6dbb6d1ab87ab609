using System;
using Depthbridge;
using NinjaTrader.Gui.Chart;

namespace NinjaTrader.NinjaScript.AddOns.DepthbridgeChart
{
    /// <summary>Where a chart of NinjaTrader shows times and prices.</summary>
    public sealed class ChartGeometry : IChartGeometry
    {
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        private readonly ChartControl _control;
        private readonly ChartScale _scale;
        private readonly ChartPanel _panel;
        private readonly TimeZoneInfo _zone;

        /// <summary>Of a chart, while it is drawn.</summary>
        /// <param name="control">Times.</param>
        /// <param name="scale">Prices.</param>
        /// <param name="panel">Edges.</param>
        /// <param name="zone">In which the chart has its times.</param>
        public ChartGeometry(ChartControl control, ChartScale scale, ChartPanel panel, TimeZoneInfo zone)
        {
            _control = control;
            _scale = scale;
            _panel = panel;
            _zone = zone;
        }

        /// <inheritdoc/>
        public float Left
        {
            get { return _panel.X; }
        }

        /// <inheritdoc/>
        public float Top
        {
            get { return _panel.Y; }
        }

        /// <inheritdoc/>
        public float Width
        {
            get { return _panel.W; }
        }

        /// <inheritdoc/>
        public float Height
        {
            get { return _panel.H; }
        }

        /// <inheritdoc/>
        public float X(long time)
        {
            return _control.GetXByTime(TimeZoneInfo.ConvertTimeFromUtc(Epoch.AddTicks(time / 100), _zone));
        }

        /// <inheritdoc/>
        public float Y(double price)
        {
            return _scale.GetYByValue(price);
        }
    }
}
