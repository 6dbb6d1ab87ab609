// NinjaTrader.Gui: charts, as far as an indicator draws on them.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Media;
using NinjaTrader.NinjaScript;

namespace NinjaTrader.Gui
{
    /// <summary>Turns brushes into text and back, for saved templates.</summary>
    public static partial class Serialize
    {
        /// <summary>#AARRGGBB.</summary>
        public static string BrushToString(Brush brush)
        {
            SolidColorBrush solid = (SolidColorBrush)brush;
            return string.Format(System.Globalization.CultureInfo.InvariantCulture, "#{0:X2}{1:X2}{2:X2}{3:X2}", solid.Color.A, solid.Color.R, solid.Color.G, solid.Color.B);
        }

        /// <summary>From #AARRGGBB.</summary>
        public static Brush StringToBrush(string brush)
        {
            uint value = Convert.ToUInt32(brush.Substring(1), 16);
            SolidColorBrush made = new SolidColorBrush(Color.FromArgb((byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value));
            made.Freeze();
            return made;
        }
    }
}

namespace NinjaTrader.Gui.Tools
{
    /// <summary>Base of NinjaTrader's windows.</summary>
    public partial class NTWindow : Window
    {
    }
}

namespace NinjaTrader.Gui.Chart
{
    /// <summary>A panel of a chart, in device pixels.</summary>
    public partial class ChartPanel : DependencyObject
    {
        /// <summary>Left edge.</summary>
        public int X { get; set; }

        /// <summary>Top edge.</summary>
        public int Y { get; set; }

        /// <summary>Width.</summary>
        public int W { get; set; }

        /// <summary>Height.</summary>
        public int H { get; set; }
    }

    /// <summary>Price to pixel.</summary>
    public partial class ChartScale
    {
        /// <summary>Highest visible price.</summary>
        public double MaxValue { get; set; }

        /// <summary>Lowest visible price.</summary>
        public double MinValue { get; set; }

        /// <summary>Test side: the panel's top and height.</summary>
        public ChartPanel Panel { get; set; }

        /// <summary>Pixel of a price.</summary>
        public int GetYByValue(double val)
        {
            double share = (MaxValue - val) / (MaxValue - MinValue);
            return (int)Math.Round(Panel.Y + share * Panel.H);
        }

        /// <summary>Pixels of a difference of prices.</summary>
        public float GetPixelsForDistance(double distance)
        {
            return (float)(distance / (MaxValue - MinValue) * Panel.H);
        }
    }

    /// <summary>The bars of a chart.</summary>
    public partial class ChartBars
    {
        /// <summary>First visible bar.</summary>
        public int FromIndex { get; set; }

        /// <summary>Last visible bar.</summary>
        public int ToIndex { get; set; }
    }

    /// <summary>A chart.</summary>
    public partial class ChartControl : DependencyObject
    {
        /// <summary>Test side: time to pixel.</summary>
        public Func<DateTime, int> XByTime { get; set; }

        /// <summary>Test side: how often the chart was asked to draw again.</summary>
        public int Invalidated { get; private set; }

        /// <summary>Pixel of a time, display zone.</summary>
        public int GetXByTime(DateTime time)
        {
            return XByTime(time);
        }

        /// <summary>Draw again.</summary>
        public void InvalidateVisual()
        {
            Invalidated++;
        }
    }
}

namespace NinjaTrader.Gui.NinjaScript
{
    /// <summary>An indicator that draws.</summary>
    public abstract partial class IndicatorRenderBase : IndicatorBase
    {
        private readonly List<Brush> plots = new List<Brush>();

        /// <summary>Its chart; null where there is none.</summary>
        public NinjaTrader.Gui.Chart.ChartControl ChartControl { get; set; }

        /// <summary>Its panel.</summary>
        public NinjaTrader.Gui.Chart.ChartPanel ChartPanel { get; set; }

        /// <summary>Bars of the chart.</summary>
        public NinjaTrader.Gui.Chart.ChartBars ChartBars { get; set; }

        /// <summary>What it draws on; only within OnRender.</summary>
        public SharpDX.Direct2D1.RenderTarget RenderTarget { get; set; }

        /// <summary>Values of its plots.</summary>
        public Series<double>[] Values { get; set; }

        /// <summary>How many plots were added.</summary>
        public int Plots
        {
            get { return plots.Count; }
        }

        /// <summary>Adds a plot; only in SetDefaults or Configure.</summary>
        public void AddPlot(Brush brush, string name)
        {
            plots.Add(brush);
            Series<double>[] grown = new Series<double>[plots.Count];
            if (Values != null)
                Array.Copy(Values, grown, Values.Length);
            grown[plots.Count - 1] = new Series<double>(this);
            Values = grown;
        }

        /// <summary>Asks for a drawing soon; from any thread.</summary>
        public void ForceRefresh()
        {
            Refreshes++;
        }

        /// <summary>Test side: how often a drawing was asked for.</summary>
        public int Refreshes { get; private set; }

        /// <summary>Test side: draws.</summary>
        public void Render(NinjaTrader.Gui.Chart.ChartControl chartControl, NinjaTrader.Gui.Chart.ChartScale chartScale, SharpDX.Direct2D1.RenderTarget target)
        {
            if (!ReferenceEquals(RenderTarget, target))
            {
                RenderTarget = target;
                OnRenderTargetChanged();
            }
            OnRender(chartControl, chartScale);
        }

        /// <summary>Draws.</summary>
        protected virtual void OnRender(NinjaTrader.Gui.Chart.ChartControl chartControl, NinjaTrader.Gui.Chart.ChartScale chartScale)
        {
        }

        /// <summary>The target is another one, or null: brushes made for the old one are void.</summary>
        public virtual void OnRenderTargetChanged()
        {
        }
    }

    /// <summary>A strategy that draws.</summary>
    public abstract partial class StrategyRenderBase : StrategyBase
    {
        /// <summary>Its chart; null where there is none.</summary>
        public NinjaTrader.Gui.Chart.ChartControl ChartControl { get; set; }

        /// <summary>Its panel.</summary>
        public NinjaTrader.Gui.Chart.ChartPanel ChartPanel { get; set; }
    }
}

namespace NinjaTrader.NinjaScript.Indicators
{
    /// <summary>Base of the user's indicators.</summary>
    public abstract partial class Indicator : NinjaTrader.Gui.NinjaScript.IndicatorRenderBase
    {
    }
}

namespace NinjaTrader.NinjaScript.Strategies
{
    /// <summary>Base of the user's strategies.</summary>
    public abstract partial class Strategy : NinjaTrader.Gui.NinjaScript.StrategyRenderBase
    {
    }
}

namespace NinjaTrader.NinjaScript
{
    using NinjaTrader.Gui.Tools;

    /// <summary>Base of add-ons: windows come and go.</summary>
    public abstract partial class AddOnBase
    {
        /// <summary>Test side: a window has opened.</summary>
        public void DriveWindowCreated(Window window)
        {
            OnWindowCreated(window);
        }

        /// <summary>Test side: a window has closed.</summary>
        public void DriveWindowDestroyed(Window window)
        {
            OnWindowDestroyed(window);
        }

        /// <summary>A window of NinjaTrader has opened.</summary>
        protected virtual void OnWindowCreated(Window window)
        {
        }

        /// <summary>A window of NinjaTrader has closed.</summary>
        protected virtual void OnWindowDestroyed(Window window)
        {
        }
    }
}

namespace System.Windows
{
    /// <summary>A window.</summary>
    public partial class Window : DependencyObject
    {
    }
}
