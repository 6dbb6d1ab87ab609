using System;

namespace Depthbridge
{
    /// <summary>The last records of a stream by their numbers, to send them again.</summary>
    /// <remarks>
    /// Numbers run from <see cref="First"/> up to <see cref="End"/>, which is the next to be given. A full ring
    /// forgets its oldest, acknowledged or not; who needs those then gets a snapshot. Not thread-safe, but for one
    /// thing: a record that stands at a number below <see cref="End"/> does not change until it is forgotten, so
    /// a reader may copy records without the lock and look afterwards whether <see cref="First"/> has passed them.
    /// </remarks>
    public sealed class RecordRing
    {
        /// <summary>Records kept by default.</summary>
        public const int DefaultCapacity = 65536;

        private readonly MarketRecord[] _records;
        private readonly int _mask;
        private readonly RingMarks _marks = new RingMarks();

        /// <summary>Begin with number 1.</summary>
        /// <param name="capacity">Records kept; rounded up to a power of two.</param>
        public RecordRing(int capacity)
        {
            var size = 16;
            while (size < capacity)
            {
                size *= 2;
            }
            _records = new MarketRecord[size];
            _mask = size - 1;
            First = 1;
            End = 1;
        }

        /// <summary>Oldest number that is still here.</summary>
        public long First { get; private set; }

        /// <summary>Next number.</summary>
        public long End { get; private set; }

        /// <summary>The server has everything up to this number.</summary>
        public long Acked { get; private set; }

        /// <summary>Numbers forgotten before they were acknowledged.</summary>
        public long Overrun { get; private set; }

        /// <summary>The records; number <c>n</c> stands at <see cref="IndexOf"/>.</summary>
        public MarketRecord[] Records
        {
            get { return _records; }
        }

        /// <summary>Numbers that can be given before one is forgotten that was not acknowledged.</summary>
        public long Room
        {
            get { return _records.Length - (End - 1 - Acked); }
        }

        /// <summary>Where a number's record stands.</summary>
        public int IndexOf(long number)
        {
            return (int)(number & _mask);
        }

        /// <summary>Records from a number on that stand behind each other in the array.</summary>
        public int Contiguous(long number)
        {
            return _records.Length - IndexOf(number);
        }

        /// <summary>Take a record in; it gets the next number.</summary>
        public void Append(ref MarketRecord record)
        {
            _records[(int)(End & _mask)] = record;
            Grow();
        }

        /// <summary>Take a bar in; it gets the next number.</summary>
        public void AppendBar(BarData bar)
        {
            _marks.Add(RingMark.OfBar(End, bar));
            Grow();
        }

        /// <summary>Let the records from here on begin at a book; one that stands here already is replaced.</summary>
        public void PutBook(BookSnapshot book)
        {
            var newest = _marks.Newest;
            if (newest != null && newest.Number == End)
            {
                _marks.RemoveNewest();
            }
            _marks.Add(RingMark.OfBook(End, book));
        }

        /// <summary>Give a number to nothing, unless nothing was numbered since the last time or since the beginning.</summary>
        public void Break()
        {
            var newest = _marks.Newest;
            var before = newest != null && newest.Number == End ? _marks.From(End - 1, true) : newest;
            var broken = before != null && before.Kind == RingMarkKind.Hole && before.Number == End - 1;
            if (End == 1 || broken)
            {
                return;
            }
            if (newest != null && newest.Number == End)
            {
                _marks.RemoveNewest();
            }
            _marks.Add(RingMark.OfHole(End));
            Grow();
        }

        /// <summary>The first mark at or after a number, or null; see <see cref="RingMarks.From"/>.</summary>
        public RingMark MarkFrom(long number, bool skipBook)
        {
            return _marks.From(number, skipBook);
        }

        /// <summary>Everything up to a number is safe.</summary>
        public void Acknowledge(long number)
        {
            Acked = Math.Max(Acked, Math.Min(number, End - 1));
        }

        /// <summary>The server expects a number: what it lost of what it had acknowledged is not safe.</summary>
        /// <remarks>That it expects it does not say that what is before is written: only an ack does.</remarks>
        public void Resume(long number)
        {
            Acked = Math.Min(Acked, Math.Max(number - 1, 0));
        }

        private void Grow()
        {
            End++;
            var first = End - _records.Length;
            if (first <= First)
            {
                return;
            }
            if (first > Acked + 1)
            {
                Overrun++;
            }
            First = first;
            if (_marks.Count != 0)
            {
                _marks.Forget(first);
            }
        }
    }
}
