namespace Depthbridge
{
    /// <summary>Byte 3 of a frame's header.</summary>
    public enum FrameType : byte
    {
        /// <summary>Records in the order of their numbers.</summary>
        Events = 1,

        /// <summary>A whole book; it takes no numbers.</summary>
        Snapshot = 2
    }
}
