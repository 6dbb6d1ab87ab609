namespace Depthbridge
{
    /// <summary>Checksums that wait until their number is sent; the oldest goes when there are too many.</summary>
    /// <remarks>Not thread-safe, allocates only when made.</remarks>
    public sealed class CheckMarks
    {
        private const int Capacity = 1024;
        private readonly long[] _numbers = new long[Capacity];
        private readonly uint[] _sums = new uint[Capacity];
        private int _head;
        private int _count;

        /// <summary>The first number that waits, or 0.</summary>
        public long First
        {
            get { return _count == 0 ? 0 : _numbers[_head]; }
        }

        /// <summary>The checksum that belongs to <see cref="First"/>.</summary>
        public uint FirstSum
        {
            get { return _sums[_head]; }
        }

        /// <summary>The last number that waits up to a limit, or 0.</summary>
        public long LastUpTo(long limit)
        {
            long last = 0;
            for (var i = 0; i < _count; i++)
            {
                var number = _numbers[(_head + i) & (Capacity - 1)];
                if (number > limit)
                {
                    break;
                }
                last = number;
            }
            return last;
        }

        /// <summary>Add one behind the others.</summary>
        public void Add(long number, uint sum)
        {
            if (_count == Capacity)
            {
                RemoveFirst();
            }
            var at = (_head + _count) & (Capacity - 1);
            _numbers[at] = number;
            _sums[at] = sum;
            _count++;
        }

        /// <summary>Take the first away.</summary>
        public void RemoveFirst()
        {
            _head = (_head + 1) & (Capacity - 1);
            _count--;
        }

        /// <summary>Forget those before a number.</summary>
        public void Forget(long number)
        {
            while (_count != 0 && _numbers[_head] < number)
            {
                RemoveFirst();
            }
        }
    }
}
