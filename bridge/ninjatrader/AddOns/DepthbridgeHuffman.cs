namespace Depthbridge
{
    /// <summary>A Huffman code of RFC 1951, by the lengths of its words.</summary>
    public sealed class Huffman
    {
        /// <summary>Longest word, bits.</summary>
        public const int Longest = 15;

        private readonly int[] _counts = new int[Longest + 1];
        private readonly int[] _symbols;

        /// <summary>The canonical code in which symbol i has a word of <c>lengths[start + i]</c> bits, 0: none.</summary>
        public Huffman(byte[] lengths, int start, int count)
        {
            _symbols = new int[count];
            for (var i = 0; i < count; i++)
            {
                _counts[lengths[start + i]]++;
            }
            var offsets = new int[Longest + 2];
            for (var length = 1; length <= Longest; length++)
            {
                offsets[length + 1] = offsets[length] + _counts[length];
            }
            for (var i = 0; i < count; i++)
            {
                if (lengths[start + i] != 0)
                {
                    _symbols[offsets[lengths[start + i]]++] = i;
                }
            }
            Left = WordsLeft();
        }

        /// <summary>Words of the greatest length that stand for nothing: 0 complete, negative: there are too many.</summary>
        public int Left { get; private set; }

        /// <summary>Whether RFC 1951's readers take it: complete, or a single word of one bit.</summary>
        public bool IsUsable
        {
            get { return Left == 0 || Left > 0 && _counts[0] + _counts[1] == _symbols.Length; }
        }

        /// <summary>How many words have this length.</summary>
        public int CountOf(int length)
        {
            return _counts[length];
        }

        /// <summary>The symbol of a rank in the canonical order.</summary>
        public int SymbolAt(int rank)
        {
            return _symbols[rank];
        }

        private int WordsLeft()
        {
            var left = 1;
            for (var length = 1; length <= Longest && left >= 0; length++)
            {
                left = (left << 1) - _counts[length];
            }
            return left;
        }
    }
}
