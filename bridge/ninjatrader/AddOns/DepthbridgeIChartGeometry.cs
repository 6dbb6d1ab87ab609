namespace Depthbridge
{
    /// <summary>Where a chart shows times and prices, in device pixels.</summary>
    public interface IChartGeometry
    {
        /// <summary>Left edge of the panel.</summary>
        float Left { get; }

        /// <summary>Top edge of the panel.</summary>
        float Top { get; }

        /// <summary>Width of the panel.</summary>
        float Width { get; }

        /// <summary>Height of the panel.</summary>
        float Height { get; }

        /// <summary>Pixel of a time, ns UTC; may lie outside of the panel.</summary>
        float X(long time);

        /// <summary>Pixel of a price; may lie outside of the panel.</summary>
        float Y(double price);
    }
}
