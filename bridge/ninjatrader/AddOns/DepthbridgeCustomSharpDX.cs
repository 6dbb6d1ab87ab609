using System;
using System.Collections.Generic;
using SharpDX;
using SharpDX.Direct2D1;
using SharpDX.DirectWrite;

namespace NinjaTrader.NinjaScript.AddOns.DepthbridgeChart
{
    /// <summary>Brushes and font for one render target; made when they are first wanted, and given free with it.</summary>
    /// <remarks>
    /// A brush belongs to the target it was made for: NinjaTrader replaces the target when a chart is resized or
    /// moved to another screen, and whatever was not given free then is lost memory of the graphics card.
    /// Only on the thread that draws.
    /// </remarks>
    public sealed class CustomSharpDX : IDisposable
    {
        /// <summary>Size of the text, in pixels.</summary>
        public const float TextSize = 12f;

        private readonly Dictionary<uint, SharpDX.Direct2D1.SolidColorBrush> _brushes = new Dictionary<uint, SharpDX.Direct2D1.SolidColorBrush>();
        private readonly RenderTarget _target;
        private TextFormat _font;

        /// <summary>For a target.</summary>
        public CustomSharpDX(RenderTarget target)
        {
            _target = target;
        }

        /// <summary>Whether it is for this target.</summary>
        public bool IsFor(RenderTarget target)
        {
            return ReferenceEquals(_target, target);
        }

        /// <summary>The font of all text.</summary>
        public TextFormat Font
        {
            get
            {
                return _font ?? (_font = new TextFormat(NinjaTrader.Core.Globals.DirectWriteFactory, "Arial", TextSize));
            }
        }

        /// <summary>A brush of a colour.</summary>
        /// <param name="color">As WPF has it.</param>
        /// <param name="opacity">0 to 1, of what the colour has itself.</param>
        public SharpDX.Direct2D1.Brush Brush(System.Windows.Media.Color color, double opacity)
        {
            var key = ((uint)color.R << 16) | ((uint)color.G << 8) | color.B;
            SharpDX.Direct2D1.SolidColorBrush brush;
            if (!_brushes.TryGetValue(key, out brush))
            {
                brush = new SharpDX.Direct2D1.SolidColorBrush(_target, new Color4(color.R / 255f, color.G / 255f, color.B / 255f, 1f));
                _brushes.Add(key, brush);
            }
            brush.Opacity = (float)(Math.Max(0.0, Math.Min(1.0, opacity)) * color.A / 255.0);
            return brush;
        }

        /// <summary>Gives everything free.</summary>
        public void Dispose()
        {
            foreach (var brush in _brushes.Values)
            {
                brush.Dispose();
            }
            _brushes.Clear();
            if (_font != null)
            {
                _font.Dispose();
                _font = null;
            }
        }
    }
}
