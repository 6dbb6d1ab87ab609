using System;

namespace Depthbridge
{
    /// <summary>Records to frames. Nothing is allocated, nothing is checked: what was numbered is in range.</summary>
    /// <remarks>
    /// Records are packed as words of 64 bits and copied in parts, which costs a quarter of writing byte by byte;
    /// like NinjaTrader itself this counts on a little-endian processor.
    /// </remarks>
    public static class FrameWriter
    {
        private const int RecordsOfPart = 64;
        private const int WordsOfPart = RecordsOfPart * Wire.RecordSize / 8;

        // One for each thread that ever writes.
        [ThreadStatic]
        private static long[] _words;

        /// <summary>Bytes of a frame with this many records.</summary>
        public static int SizeOf(int count)
        {
            return Wire.HeaderSize + Wire.RecordSize * count;
        }

        /// <summary>How many of these records the next frame can hold.</summary>
        /// <remarks>
        /// A record earlier than the first, or more than 4.29 s after it, starts a new frame; a back-fill and
        /// live records never share one; the frame that ends a back-fill ends with it.
        /// </remarks>
        /// <returns>0 only if <paramref name="count"/> is 0, at most <see cref="Wire.MaxRecords"/>.</returns>
        public static int Fitting(MarketRecord[] records, int start, int count)
        {
            if (count <= 0)
            {
                return 0;
            }
            var origin = records[start].Time;
            var historical = records[start].Flags & Wire.FlagHistorical;
            var most = Math.Min(count, Wire.MaxRecords);
            for (var i = 0; i < most; i++)
            {
                var flags = records[start + i].Flags;
                var offset = records[start + i].Time - origin;
                if (offset < 0 || offset > Wire.MaxOffset || (flags & Wire.FlagHistorical) != historical)
                {
                    return i;
                }
                if ((flags & Wire.FlagLast) != 0)
                {
                    return i + 1;
                }
            }
            return most;
        }

        /// <summary>The flags that a frame of these records needs: historical, and whether it is the last of its list.</summary>
        /// <param name="records">Holds them.</param>
        /// <param name="start">The first.</param>
        /// <param name="count">As <see cref="Fitting"/> says; 0 needs none.</param>
        public static byte FlagsOf(MarketRecord[] records, int start, int count)
        {
            if (count == 0)
            {
                return 0;
            }
            var historical = records[start].Flags & Wire.FlagHistorical;
            return (byte)(historical | records[start + count - 1].Flags & Wire.FlagLast);
        }

        /// <summary>Write a frame whose time of origin is that of its first record.</summary>
        /// <param name="target">At least <see cref="SizeOf"/> bytes; written from its beginning.</param>
        /// <param name="type">Events or snapshot.</param>
        /// <param name="flags"><c>Wire.Flag...</c> bits.</param>
        /// <param name="stream">Index given by <c>welcome</c>.</param>
        /// <param name="seq">Number of the first record.</param>
        /// <param name="sent">This side's clock, ns UTC.</param>
        /// <param name="records">Holds them.</param>
        /// <param name="start">The first.</param>
        /// <param name="count">As <see cref="Fitting"/> says, at least 1.</param>
        /// <returns>Bytes written.</returns>
        public static int Write(
            byte[] target, FrameType type, byte flags, byte stream, long seq, long sent, MarketRecord[] records, int start, int count)
        {
            return Write(target, type, flags, stream, seq, records[start].Time, sent, records, start, count);
        }

        /// <summary>Write a frame with a given time of origin; an empty snapshot has no record to take it from.</summary>
        /// <param name="target">At least <see cref="SizeOf"/> bytes; written from its beginning.</param>
        /// <param name="type">Events or snapshot.</param>
        /// <param name="flags"><c>Wire.Flag...</c> bits.</param>
        /// <param name="stream">Index given by <c>welcome</c>.</param>
        /// <param name="seq">Number of the first record; of a snapshot that of the next increment.</param>
        /// <param name="origin">Time of origin, ns UTC; no record is before it or more than 4.29 s after it.</param>
        /// <param name="sent">This side's clock, ns UTC.</param>
        /// <param name="records">Holds them.</param>
        /// <param name="start">The first.</param>
        /// <param name="count">How many, 0 to <see cref="Wire.MaxRecords"/>.</param>
        /// <returns>Bytes written.</returns>
        public static int Write(
            byte[] target, FrameType type, byte flags, byte stream, long seq, long origin, long sent, MarketRecord[] records, int start, int count)
        {
            var state = Crc32.Begin;
            var at = Wire.HeaderSize;
            var words = _words ?? (_words = new long[WordsOfPart]);
            for (int from = start, end = start + count; from < end; from += RecordsOfPart)
            {
                var part = Math.Min(RecordsOfPart, end - from);
                state = FillWords(words, origin, records, from, part, state);
                Buffer.BlockCopy(words, 0, target, at, Wire.RecordSize * part);
                at += Wire.RecordSize * part;
            }
            target[0] = Wire.Magic & 255;
            target[1] = Wire.Magic >> 8;
            target[2] = Wire.Version;
            target[3] = (byte)type;
            target[4] = flags;
            target[5] = stream;
            target[6] = (byte)count;
            target[7] = (byte)(count >> 8);
            WriteWord(target, 8, seq);
            WriteWord(target, 16, origin);
            WriteWord(target, 24, sent);
            WriteHalf(target, 32, Crc32.End(state));
            WriteHalf(target, Wire.GuardedSize, Crc32.Compute(target, 0, Wire.GuardedSize));
            return at;
        }

        // The checksum takes the words as they are made: reading the bytes again would double the cost.
        private static uint FillWords(long[] words, long origin, MarketRecord[] records, int from, int count, uint state)
        {
            for (int i = from, at = 0; i < from + count; i++, at += 4)
            {
                var what = (uint)(records[i].Kind | records[i].Side << 8 | records[i].Op << 16 | records[i].Position << 24);
                state = Crc32.AddWord(state, words[at] = (long)((ulong)what << 32 | (uint)(records[i].Time - origin)));
                state = Crc32.AddWord(state, words[at + 1] = records[i].Price);
                state = Crc32.AddWord(state, words[at + 2] = records[i].Size);
                state = Crc32.AddWord(state, words[at + 3] = (long)records[i].Ref);
            }
            return state;
        }

        private static void WriteWord(byte[] target, int at, long value)
        {
            WriteHalf(target, at, (uint)value);
            WriteHalf(target, at + 4, (uint)(value >> 32));
        }

        private static void WriteHalf(byte[] target, int at, uint value)
        {
            target[at] = (byte)value;
            target[at + 1] = (byte)(value >> 8);
            target[at + 2] = (byte)(value >> 16);
            target[at + 3] = (byte)(value >> 24);
        }
    }
}
