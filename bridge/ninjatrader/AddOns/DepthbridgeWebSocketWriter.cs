using System;

namespace Depthbridge
{
    /// <summary>Messages to frames as a client sends them, masked: RFC 6455, section 5. No I/O.</summary>
    /// <remarks>One buffer, used again and again. Bytes are masked eight at a time; like <see cref="FrameWriter"/> this counts on little-endian.</remarks>
    public sealed class WebSocketWriter
    {
        /// <summary>Of a text message.</summary>
        public const int Text = 1;

        /// <summary>Of a binary message.</summary>
        public const int Binary = 2;

        /// <summary>Of the end.</summary>
        public const int Close = 8;

        /// <summary>Of an answer to a ping.</summary>
        public const int Pong = 10;

        private const int Word = 8;
        private const int Final = 0x80;
        private const int Masked = 0x80;
        private const int Short = 125;
        private const int LongestHead = 14;
        private ulong[] _words = new ulong[1024];

        /// <summary>The frame that was written last.</summary>
        public byte[] Buffer { get; private set; }

        /// <summary>Write one message as one frame.</summary>
        /// <param name="opcode">Of the message.</param>
        /// <param name="payload">Its bytes; not changed.</param>
        /// <param name="count">How many of them.</param>
        /// <param name="key">Fresh and not to be guessed: section 5.3. The lowest byte is the first.</param>
        /// <returns>Bytes of <see cref="Buffer"/>.</returns>
        public int Write(int opcode, byte[] payload, int count, uint key)
        {
            Fit(count);
            Buffer[0] = (byte)(Final | opcode);
            var at = WriteLength(count);
            for (var i = 0; i < 4; i++)
            {
                Buffer[at++] = (byte)(key >> 8 * i);
            }
            System.Buffer.BlockCopy(payload, 0, _words, 0, count);
            Mask(_words, (count + Word - 1) / Word, (ulong)key << 32 | key);
            System.Buffer.BlockCopy(_words, 0, Buffer, at, count);
            return at + count;
        }

        private static void Mask(ulong[] words, int count, ulong key)
        {
            for (var i = 0; i < count; i++)
            {
                words[i] ^= key;
            }
        }

        private void Fit(int count)
        {
            if (_words.Length * Word < count)
            {
                _words = new ulong[count / Word * 2];
            }
            if (Buffer == null || Buffer.Length < _words.Length * Word + LongestHead)
            {
                Buffer = new byte[_words.Length * Word + LongestHead];
            }
        }

        private int WriteLength(int count)
        {
            if (count <= Short)
            {
                Buffer[1] = (byte)(Masked | count);
                return 2;
            }
            var bytes = count <= ushort.MaxValue ? 2 : 8;
            Buffer[1] = (byte)(Masked | (bytes == 2 ? 126 : 127));
            for (var i = 0; i < bytes; i++)
            {
                Buffer[2 + i] = (byte)((ulong)count >> 8 * (bytes - 1 - i));
            }
            return 2 + bytes;
        }
    }
}
