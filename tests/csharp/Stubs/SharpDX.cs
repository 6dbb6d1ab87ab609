// SharpDX: the calls that the indicator draws with, collected as text for tests.
using System;
using System.Collections.Generic;
using System.Globalization;

namespace SharpDX
{
    /// <summary>A point.</summary>
    public partial struct Vector2
    {
        /// <summary>From the left.</summary>
        public float X;

        /// <summary>From the top.</summary>
        public float Y;

        /// <summary>A point.</summary>
        public Vector2(float x, float y)
        {
            X = x;
            Y = y;
        }
    }

    /// <summary>A rectangle.</summary>
    public partial struct RectangleF
    {
        /// <summary>Left.</summary>
        public float X;

        /// <summary>Top.</summary>
        public float Y;

        /// <summary>Width.</summary>
        public float Width;

        /// <summary>Height.</summary>
        public float Height;

        /// <summary>A rectangle.</summary>
        public RectangleF(float x, float y, float width, float height)
        {
            X = x;
            Y = y;
            Width = width;
            Height = height;
        }
    }

    /// <summary>A colour; parts 0 to 1.</summary>
    public partial struct Color4
    {
        /// <summary>Red.</summary>
        public float Red;

        /// <summary>Green.</summary>
        public float Green;

        /// <summary>Blue.</summary>
        public float Blue;

        /// <summary>Opacity.</summary>
        public float Alpha;

        /// <summary>A colour.</summary>
        public Color4(float red, float green, float blue, float alpha)
        {
            Red = red;
            Green = green;
            Blue = blue;
            Alpha = alpha;
        }
    }

    /// <summary>Base of what must be given free.</summary>
    public abstract partial class DisposeBase : IDisposable
    {
        private static int alive;

        /// <summary>Counts it.</summary>
        protected DisposeBase()
        {
            System.Threading.Interlocked.Increment(ref alive);
        }

        /// <summary>Test side: how many were made and not given free.</summary>
        public static int Alive
        {
            get { return alive; }
        }

        /// <summary>Whether it was given free.</summary>
        public bool IsDisposed { get; private set; }

        /// <summary>Gives it free.</summary>
        public void Dispose()
        {
            if (!IsDisposed)
                System.Threading.Interlocked.Decrement(ref alive);
            IsDisposed = true;
        }
    }
}

namespace SharpDX.Direct2D1
{
    /// <summary>How edges are drawn.</summary>
    public enum AntialiasMode
    {
        /// <summary>Smooth.</summary>
        PerPrimitive = 0,

        /// <summary>Hard.</summary>
        Aliased = 1,
    }

    /// <summary>What something is painted with.</summary>
    public abstract partial class Brush : SharpDX.DisposeBase
    {
        /// <summary>0 to 1.</summary>
        public float Opacity { get; set; }
    }

    /// <summary>A brush of one colour; belongs to the target it was made for.</summary>
    public partial class SolidColorBrush : Brush
    {
        /// <summary>A brush.</summary>
        public SolidColorBrush(RenderTarget renderTarget, SharpDX.Color4 color)
        {
            Target = renderTarget;
            Color = color;
            Opacity = 1f;
        }

        /// <summary>Its colour.</summary>
        public SharpDX.Color4 Color { get; set; }

        /// <summary>Test side: the target.</summary>
        public RenderTarget Target { get; private set; }
    }

    /// <summary>What is drawn on.</summary>
    public partial class RenderTarget
    {
        private readonly List<string> calls = new List<string>();

        /// <summary>Edges.</summary>
        public AntialiasMode AntialiasMode { get; set; }

        /// <summary>Test side: the calls so far; they are forgotten.</summary>
        public string[] Take()
        {
            string[] taken = calls.ToArray();
            calls.Clear();
            return taken;
        }

        /// <summary>Fills a rectangle.</summary>
        public void FillRectangle(SharpDX.RectangleF rect, Brush brush)
        {
            calls.Add(Text("fill", rect, brush));
        }

        /// <summary>Frames a rectangle.</summary>
        public void DrawRectangle(SharpDX.RectangleF rect, Brush brush, float strokeWidth)
        {
            calls.Add(Text("frame", rect, brush));
        }

        /// <summary>Draws a line.</summary>
        public void DrawLine(SharpDX.Vector2 point0, SharpDX.Vector2 point1, Brush brush, float strokeWidth)
        {
            calls.Add(string.Format(CultureInfo.InvariantCulture, "line {0} {1} {2} {3}", point0.X, point0.Y, point1.X, point1.Y));
        }

        /// <summary>Writes text.</summary>
        public void DrawText(string text, SharpDX.DirectWrite.TextFormat textFormat, SharpDX.RectangleF layoutRect, Brush defaultForegroundBrush)
        {
            calls.Add(Text("text", layoutRect, defaultForegroundBrush) + " " + text);
        }

        private string Text(string what, SharpDX.RectangleF rect, Brush brush)
        {
            SolidColorBrush solid = (SolidColorBrush)brush;
            if (solid.IsDisposed || !ReferenceEquals(solid.Target, this))
                throw new InvalidOperationException("a brush of another target, or given free");
            return string.Format(CultureInfo.InvariantCulture, "{0} {1} {2} {3} {4} {5:0.##}", what, rect.X, rect.Y, rect.Width, rect.Height, brush.Opacity * solid.Color.Alpha);
        }
    }
}

namespace SharpDX.DirectWrite
{
    /// <summary>Makes formats.</summary>
    public partial class Factory
    {
    }

    /// <summary>A font.</summary>
    public partial class TextFormat : SharpDX.DisposeBase
    {
        /// <summary>A font.</summary>
        public TextFormat(Factory factory, string fontFamilyName, float fontSize)
        {
            FontSize = fontSize;
        }

        /// <summary>Its size.</summary>
        public float FontSize { get; private set; }
    }
}

namespace NinjaTrader.Core
{
    /// <summary>Process-wide SharpDX objects.</summary>
    public static partial class Globals
    {
        private static readonly SharpDX.DirectWrite.Factory directWrite = new SharpDX.DirectWrite.Factory();

        /// <summary>Makes fonts.</summary>
        public static SharpDX.DirectWrite.Factory DirectWriteFactory
        {
            get { return directWrite; }
        }
    }
}
