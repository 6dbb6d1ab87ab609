namespace Depthbridge
{
    /// <summary>The header of a frame: 40 bytes, little-endian, before its records.</summary>
    public struct FrameHeader
    {
        /// <summary>Events or snapshot.</summary>
        public FrameType Type;

        /// <summary><c>Wire.Flag...</c> bits.</summary>
        public byte Flags;

        /// <summary>Index of the stream, given by <c>welcome</c>.</summary>
        public byte Stream;

        /// <summary>Records, 0 to <see cref="Wire.MaxRecords"/>.</summary>
        public int Count;

        /// <summary>Number of the first record; of a snapshot that of the next increment.</summary>
        public long Seq;

        /// <summary>Time of origin, ns UTC; records are told as distances from it.</summary>
        public long Base;

        /// <summary>The sender's clock at sending, ns UTC.</summary>
        public long Sent;
    }
}
