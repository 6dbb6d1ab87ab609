namespace Depthbridge
{
    /// <summary>The next message to send, in a buffer that is used again for the one after it.</summary>
    public sealed class Outgoing
    {
        /// <summary>A frame's bytes, as long as <see cref="Text"/> is null.</summary>
        public readonly byte[] Buffer = new byte[FrameWriter.SizeOf(Wire.MaxRecords)];

        /// <summary>Bytes of the frame.</summary>
        public int Count { get; private set; }

        /// <summary>A JSON message, or null: it is a frame.</summary>
        public string Text { get; private set; }

        /// <summary>Make it a JSON message.</summary>
        public void SetText(string text)
        {
            Text = text;
            Count = 0;
        }

        /// <summary>Make it the frame that was written into <see cref="Buffer"/>.</summary>
        public void SetFrame(int count)
        {
            Text = null;
            Count = count;
        }

        /// <summary>Make it a frame that was kept.</summary>
        public void SetFrame(byte[] frame)
        {
            System.Buffer.BlockCopy(frame, 0, Buffer, 0, frame.Length);
            SetFrame(frame.Length);
        }
    }
}
