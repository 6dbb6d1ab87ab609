using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The marks of a ring in the order of their numbers. Not thread-safe.</summary>
    public sealed class RingMarks
    {
        private const int TrimAt = 64;
        private readonly List<RingMark> _marks = new List<RingMark>();
        private int _head;

        /// <summary>How many there are.</summary>
        public int Count
        {
            get { return _marks.Count - _head; }
        }

        /// <summary>The newest, or null.</summary>
        public RingMark Newest
        {
            get { return Count == 0 ? null : _marks[_marks.Count - 1]; }
        }

        /// <summary>Add one behind the others.</summary>
        public void Add(RingMark mark)
        {
            _marks.Add(mark);
        }

        /// <summary>Take the newest away.</summary>
        public void RemoveNewest()
        {
            _marks.RemoveAt(_marks.Count - 1);
        }

        /// <summary>Forget those before a number.</summary>
        public void Forget(long number)
        {
            while (_head < _marks.Count && _marks[_head].Number < number)
            {
                _marks[_head++] = null;
            }
            if (_head >= TrimAt && _head * 2 >= _marks.Count)
            {
                _marks.RemoveRange(0, _head);
                _head = 0;
            }
        }

        /// <summary>The first one at or after a number, or null.</summary>
        /// <param name="number">Where to look from.</param>
        /// <param name="skipBook">Whether a book that stands before this very number is passed over.</param>
        public RingMark From(long number, bool skipBook)
        {
            var low = _head;
            var high = _marks.Count;
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_marks[middle].Number < number)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }
            if (skipBook && low < _marks.Count && _marks[low].Number == number && _marks[low].Kind == RingMarkKind.Book)
            {
                low++;
            }
            return low < _marks.Count ? _marks[low] : null;
        }
    }
}
