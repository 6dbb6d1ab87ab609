using System;

namespace Depthbridge
{
    /// <summary>CRC-32 as zlib, PNG and Ethernet have it (reflected polynomial 0xEDB88320).</summary>
    /// <remarks>
    /// Slicing by eight: eight bytes at a time through eight tables (Kounavis and Berry, 2005). The
    /// running state is what <see cref="Begin"/> starts and <see cref="End"/> turns into the checksum.
    /// </remarks>
    public static class Crc32
    {
        private const uint Polynomial = 0xEDB88320;

        // One table of 8 x 256: table k gives the effect of a byte that k further bytes follow.
        private static readonly uint[] Table = MakeTable();

        /// <summary>The state before the first byte.</summary>
        public const uint Begin = 0xFFFFFFFF;

        /// <summary>The checksum of what a state has seen.</summary>
        public static uint End(uint state)
        {
            return ~state;
        }

        /// <summary>The checksum of a range of bytes.</summary>
        /// <param name="data">At least <c>offset + count</c> bytes.</param>
        /// <param name="offset">First byte.</param>
        /// <param name="count">How many.</param>
        public static uint Compute(byte[] data, int offset, int count)
        {
            return End(Add(Begin, data, offset, count));
        }

        /// <summary>The state after a range of bytes.</summary>
        public static uint Add(uint state, byte[] data, int offset, int count)
        {
            var end = offset + count;
            for (; end - offset >= 8; offset += 8)
            {
                state = AddWord(state, BitConverter.ToInt64(data, offset));
            }
            for (; offset < end; offset++)
            {
                state = Table[(byte)(state ^ data[offset])] ^ state >> 8;
            }
            return state;
        }

        /// <summary>The state after the eight bytes of a little-endian word.</summary>
        public static uint AddWord(uint state, long word)
        {
            var table = Table;
            var low = (uint)word ^ state;
            var high = (uint)(word >> 32);
            state = table[1792 + (int)(low & 255)]
                ^ table[1536 + (int)(low >> 8 & 255)]
                ^ table[1280 + (int)(low >> 16 & 255)]
                ^ table[1024 + (int)(low >> 24)];
            // A byte of 0 adds nothing, and prices, sizes and references are nearly always below 2^32.
            return high == 0 ? state : state
                ^ table[768 + (int)(high & 255)]
                ^ table[512 + (int)(high >> 8 & 255)]
                ^ table[256 + (int)(high >> 16 & 255)]
                ^ table[(int)(high >> 24)];
        }

        private static uint[] MakeTable()
        {
            var table = new uint[8 * 256];
            for (uint value = 0; value < 256; value++)
            {
                var state = value;
                for (var bit = 0; bit < 8; bit++)
                {
                    state = (state & 1) != 0 ? Polynomial ^ state >> 1 : state >> 1;
                }
                table[value] = state;
            }
            for (var at = 256; at < table.Length; at++)
            {
                var before = table[at - 256];
                table[at] = table[before & 255] ^ before >> 8;
            }
            return table;
        }
    }
}
