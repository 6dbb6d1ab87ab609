namespace Depthbridge
{
    /// <summary>The checksum by which the server compares its book with ours, without an allocation.</summary>
    /// <remarks>
    /// <see cref="Begin"/>, then <see cref="Add"/> for the best <see cref="Wire.CheckedRows"/> asks and after them
    /// for the best bids, best first, then <see cref="Value"/>. Each row is ASCII <c>ticks:size</c>, rows are
    /// joined by <c>|</c>. One instance serves one thread at a time.
    /// </remarks>
    public sealed class BookChecksum
    {
        private const int Longest = 2 * 20 + 2;

        private readonly byte[] _row = new byte[Longest];
        private uint _state = Crc32.Begin;
        private bool _follows;

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
