using System;

namespace Depthbridge
{
    /// <summary>Raw deflate (RFC 1951) to a known number of bytes, exactly: neither more, nor less, nor anything behind it.</summary>
    /// <remarks>The framework's DeflateStream tells neither an end that is missing nor bytes that are left over.</remarks>
    public sealed class Inflater
    {
        private static readonly int[] LengthBase =
        {
            3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258
        };

        private static readonly int[] LengthBits =
        {
            0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0
        };

        private static readonly int[] DistanceBase =
        {
            1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
            8193, 12289, 16385, 24577
        };

        private static readonly int[] LengthOrder = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };

        private readonly byte[] _data;
        private readonly int _end;
        private readonly byte[] _target;
        private int _at;
        private int _written;
        private int _bits;
        private int _bitCount;

        private Inflater(byte[] data, int start, int end, int size)
        {
            _data = data;
            _at = start;
            _end = end;
            _target = new byte[size];
        }

        /// <summary>The decoded bytes.</summary>
        /// <param name="data">Holds the stream.</param>
        /// <param name="start">Its first byte.</param>
        /// <param name="end">Behind its last.</param>
        /// <param name="size">What it must decode to.</param>
        /// <returns>Null if it is not one raw deflate stream of exactly this size.</returns>
        public static byte[] Decode(byte[] data, int start, int end, int size)
        {
            var inflater = new Inflater(data, start, end, size);
            try
            {
                while (!inflater.ReadBlock())
                {
                }
            }
            catch (FrameFault)
            {
                return null;
            }
            return inflater._written == size && inflater._at == end ? inflater._target : null;
        }

        // True behind the last block.
        private bool ReadBlock()
        {
            var last = Bits(1) == 1;
            switch (Bits(2))
            {
                case 0:
                    CopyStored();
                    break;
                case 1:
                    Expand(FixedLengths(), FixedDistances());
                    break;
                case 2:
                    ReadDynamic();
                    break;
                default:
                    throw Broken();
            }
            return last;
        }

        private void CopyStored()
        {
            _bits = 0;
            _bitCount = 0;
            var length = NextByte() | NextByte() << 8;
            var inverse = NextByte() | NextByte() << 8;
            Require(length == (~inverse & 0xffff) && length <= _end - _at && length <= _target.Length - _written);
            Buffer.BlockCopy(_data, _at, _target, _written, length);
            _at += length;
            _written += length;
        }

        private static Huffman FixedLengths()
        {
            var lengths = new byte[288];
            for (var i = 0; i < lengths.Length; i++)
            {
                lengths[i] = (byte)(i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8);
            }
            return new Huffman(lengths, 0, lengths.Length);
        }

        private static Huffman FixedDistances()
        {
            var lengths = new byte[30];
            for (var i = 0; i < lengths.Length; i++)
            {
                lengths[i] = 5;
            }
            return new Huffman(lengths, 0, lengths.Length);
        }

        private void ReadDynamic()
        {
            var symbols = Bits(5) + 257;
            var distances = Bits(5) + 1;
            var codes = Bits(4) + 4;
            Require(symbols <= 286 && distances <= 30);
            var lengths = ReadLengths(ReadLengthCode(codes), symbols + distances);
            var literal = new Huffman(lengths, 0, symbols);
            var distance = new Huffman(lengths, symbols, distances);
            Require(lengths[256] != 0 && literal.IsUsable && distance.IsUsable);
            Expand(literal, distance);
        }

        private Huffman ReadLengthCode(int codes)
        {
            var lengths = new byte[LengthOrder.Length];
            for (var i = 0; i < codes; i++)
            {
                lengths[LengthOrder[i]] = (byte)Bits(3);
            }
            var code = new Huffman(lengths, 0, lengths.Length);
            Require(code.Left == 0);
            return code;
        }

        private byte[] ReadLengths(Huffman code, int count)
        {
            var lengths = new byte[count];
            for (var at = 0; at < count;)
            {
                var symbol = Symbol(code);
                if (symbol < 16)
                {
                    lengths[at++] = (byte)symbol;
                    continue;
                }
                Require(symbol != 16 || at > 0);
                var value = symbol == 16 ? lengths[at - 1] : (byte)0;
                var times = symbol == 16 ? 3 + Bits(2) : symbol == 17 ? 3 + Bits(3) : 11 + Bits(7);
                Require(times <= count - at);
                for (; times > 0; times--)
                {
                    lengths[at++] = value;
                }
            }
            return lengths;
        }

        private void Expand(Huffman literal, Huffman distance)
        {
            for (var symbol = Symbol(literal); symbol != 256; symbol = Symbol(literal))
            {
                if (symbol < 256)
                {
                    Require(_written < _target.Length);
                    _target[_written++] = (byte)symbol;
                }
                else
                {
                    Repeat(symbol - 257, distance);
                }
            }
        }

        private void Repeat(int code, Huffman distances)
        {
            Require(code < LengthBase.Length);
            var length = LengthBase[code] + Bits(LengthBits[code]);
            var symbol = Symbol(distances);
            var distance = DistanceBase[symbol] + Bits(symbol < 4 ? 0 : symbol / 2 - 1);
            Require(distance <= _written && length <= _target.Length - _written);
            for (; length > 0; length--, _written++)
            {
                _target[_written] = _target[_written - distance];
            }
        }

        private int Symbol(Huffman code)
        {
            int word = 0, first = 0, rank = 0;
            for (var length = 1; length <= Huffman.Longest; length++)
            {
                word |= Bits(1);
                var count = code.CountOf(length);
                if (word - count < first)
                {
                    return code.SymbolAt(rank + word - first);
                }
                rank += count;
                first = (first + count) << 1;
                word <<= 1;
            }
            throw Broken();
        }

        private int Bits(int count)
        {
            while (_bitCount < count)
            {
                _bits |= NextByte() << _bitCount;
                _bitCount += 8;
            }
            var value = _bits & ((1 << count) - 1);
            _bits >>= count;
            _bitCount -= count;
            return value;
        }

        private int NextByte()
        {
            Require(_at < _end);
            return _data[_at++];
        }

        private static void Require(bool holds)
        {
            if (!holds)
            {
                throw Broken();
            }
        }

        private static FrameFault Broken()
        {
            return new FrameFault("bad_deflate", -1, null);
        }
    }
}
