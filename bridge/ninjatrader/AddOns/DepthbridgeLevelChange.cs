namespace Depthbridge
{
    /// <summary>A change of a ladder by price: one row by position.</summary>
    public struct LevelChange
    {
        /// <summary>A <c>Wire.Op...</c> constant.</summary>
        public byte Op;

        /// <summary>Row from 0.</summary>
        public int Position;

        /// <summary>Ticks.</summary>
        public long Price;

        /// <summary>Size steps.</summary>
        public long Size;

        /// <summary>Whose size came or went, as <see cref="PublishedStream.MakerRef"/> gave it; 0: nobody's.</summary>
        public ulong Maker;
    }
}
