namespace Depthbridge
{
    /// <summary>The checksum by which the server compares its book with ours, without an allocation.</summary>
    /// <remarks>
    /// The best <see cref="Wire.CheckedRows"/> asks and after them the best bids, best first: each row is ASCII
    /// <c>ticks:size</c>, rows are joined by <c>|</c>. One instance serves one thread at a time.
    /// </remarks>
    public sealed class BookChecksum
    {
        private const int Longest = 2 * 20 + 2;

        private readonly byte[] _row = new byte[Longest];
        private uint _state = Crc32.Begin;
        private bool _follows;

        /// <summary>The checksum of a book.</summary>
        /// <param name="asks">Best first; rows beyond the tenth do not count.</param>
        /// <param name="askCount">How many there are.</param>
        /// <param name="bids">The same.</param>
        /// <param name="bidCount">How many there are.</param>
        public uint Compute(BookLevel[] asks, int askCount, BookLevel[] bids, int bidCount)
        {
            Begin();
            AddBest(asks, askCount);
            AddBest(bids, bidCount);
            return Value;
        }

        /// <summary>The checksum of the rows that were added; 0 without any.</summary>
        public uint Value
        {
            get { return Crc32.End(_state); }
        }

        /// <summary>Forget all rows.</summary>
        public void Begin()
        {
            _state = Crc32.Begin;
            _follows = false;
        }

        /// <summary>Add a row.</summary>
        /// <param name="ticks">Price.</param>
        /// <param name="size">Size steps.</param>
        public void Add(long ticks, long size)
        {
            var at = Prepend(Longest, size);
            _row[--at] = (byte)':';
            at = Prepend(at, ticks);
            if (_follows)
            {
                _row[--at] = (byte)'|';
            }
            _follows = true;
            _state = Crc32.Add(_state, _row, at, Longest - at);
        }

        private void AddBest(BookLevel[] rows, int count)
        {
            for (var i = 0; i < count && i < Wire.CheckedRows; i++)
            {
                Add(rows[i].Price, rows[i].Size);
            }
        }

        // Digits from the last to the first, in front of a place; a negative number's are taken as they are.
        private int Prepend(int at, long value)
        {
            var rest = value;
            do
            {
                var digit = (int)(rest % 10);
                _row[--at] = (byte)('0' + (digit < 0 ? -digit : digit));
                rest /= 10;
            }
            while (rest != 0);
            if (value < 0)
            {
                _row[--at] = (byte)'-';
            }
            return at;
        }
    }
}
