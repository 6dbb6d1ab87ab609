namespace Depthbridge
{
    /// <summary>A rectangle where it is drawn, in device pixels, within its panel.</summary>
    public sealed class PlacedRectangle
    {
        /// <summary>Put a rectangle somewhere.</summary>
        public PlacedRectangle(RectangleData data, float x, float y, float width, float height)
        {
            Data = data;
            X = x;
            Y = y;
            Width = width;
            Height = height;
        }

        /// <summary>What it stands for.</summary>
        public RectangleData Data { get; private set; }

        /// <summary>Left.</summary>
        public float X { get; private set; }

        /// <summary>Top.</summary>
        public float Y { get; private set; }

        /// <summary>Width.</summary>
        public float Width { get; private set; }

        /// <summary>Height.</summary>
        public float Height { get; private set; }
    }
}
