using System;

namespace Depthbridge
{
    /// <summary>What the server's book must be: rows by position, with NinjaTrader's rules.</summary>
    /// <remarks>
    /// <c>Add</c> inserts at its position and shifts the rows below; right behind the last row it appends.
    /// <c>Update</c> overwrites price and size; right behind the last row it appends. <c>Remove</c> deletes and
    /// shifts; of a row beyond the visible ones it may come without the row and changes nothing. Rows may be out of
    /// order, or too many, while an event is told; that is judged when time advances. Not thread-safe; nothing
    /// allocates but <see cref="CopyOf"/>.
    /// </remarks>
    public sealed class ShadowBook
    {
        /// <summary>Most rows of a side, even while an event is told.</summary>
        public const int MaxRows = 256;

        private readonly BookLevel[][] _rows = { new BookLevel[MaxRows], new BookLevel[MaxRows] };
        private readonly int[] _counts = new int[2];
        private readonly BookChecksum _checksum = new BookChecksum();
        private readonly int _depth;
        private bool _suspect;

        /// <summary>Begin empty.</summary>
        /// <param name="depth">Visible rows of a side; one more is allowed for a moment.</param>
        public ShadowBook(int depth)
        {
            _depth = depth;
        }

        /// <summary>Removes of a row beyond the visible ones that was not there.</summary>
        public long RemovedPastEnd { get; private set; }

        /// <summary>Rows of a side.</summary>
        public int Count(int side)
        {
            return _counts[side];
        }

        /// <summary>Empty it.</summary>
        public void Clear()
        {
            _counts[0] = 0;
            _counts[1] = 0;
            _suspect = false;
        }

        /// <summary>Apply one change.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="op"><see cref="Wire.OpAdd"/>, <see cref="Wire.OpUpdate"/> or <see cref="Wire.OpRemove"/>.</param>
        /// <param name="position">Row from 0.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <returns>False: no sound book can have had this change; nothing was done.</returns>
        public bool Apply(int side, int op, int position, long price, long size)
        {
            var rows = _rows[side];
            var count = _counts[side];
            if (op == Wire.OpUpdate && position < count)
            {
                var moved = rows[position].Price != price;
                rows[position].Price = price;
                rows[position].Size = size;
                if (moved)
                {
                    Suspect(rows, side, position, count);
                }
                return true;
            }
            return op == Wire.OpRemove ? Remove(side, position) : Insert(side, position, price, size);
        }

        /// <summary>Judge the rows when an event is complete, that is when time advances.</summary>
        /// <returns>False: a side is not strictly sorted, or has too many rows.</returns>
        public bool Judge()
        {
            if (!_suspect)
            {
                return true;
            }
            if (_counts[0] > _depth + 1 || _counts[1] > _depth + 1 || !IsSorted)
            {
                return false;
            }
            _suspect = false;
            return true;
        }

        /// <summary>Whether both sides are strictly sorted, as they are but while an event is told.</summary>
        public bool IsSorted
        {
            get { return Sorted(_rows[0], _counts[0], 1) && Sorted(_rows[1], _counts[1], -1); }
        }

        /// <summary>Whether these rows can be a book: sorted, none negative, not too many.</summary>
        public bool IsBook(BookLevel[] bids, BookLevel[] asks)
        {
            return bids != null && asks != null && bids.Length <= _depth + 1 && asks.Length <= _depth + 1
                && InRange(bids) && InRange(asks) && Sorted(bids, bids.Length, -1) && Sorted(asks, asks.Length, 1);
        }

        /// <summary>Whether these are exactly its rows.</summary>
        public bool Is(BookLevel[] bids, BookLevel[] asks)
        {
            return Same(Wire.SideBid, bids) && Same(Wire.SideAsk, asks);
        }

        /// <summary>Replace it by rows that are a book by <see cref="IsBook"/>.</summary>
        public void Load(BookLevel[] bids, BookLevel[] asks)
        {
            Clear();
            Array.Copy(bids, _rows[Wire.SideBid], bids.Length);
            Array.Copy(asks, _rows[Wire.SideAsk], asks.Length);
            _counts[Wire.SideBid] = bids.Length;
            _counts[Wire.SideAsk] = asks.Length;
        }

        /// <summary>Copy the rows of a side, best first, as far as they fit; returns how many there are.</summary>
        public int CopyTo(int side, BookLevel[] rows)
        {
            Array.Copy(_rows[side], rows, Math.Min(_counts[side], rows.Length));
            return _counts[side];
        }

        /// <summary>The rows of a side, best first, as a new array.</summary>
        public BookLevel[] CopyOf(int side)
        {
            var copy = new BookLevel[_counts[side]];
            Array.Copy(_rows[side], copy, copy.Length);
            return copy;
        }

        /// <summary>CRC-32 of the best ten rows of each side, as <c>check</c> has it.</summary>
        public uint Checksum()
        {
            return _checksum.Compute(_rows[Wire.SideAsk], _counts[Wire.SideAsk], _rows[Wire.SideBid], _counts[Wire.SideBid]);
        }

        private bool Remove(int side, int position)
        {
            var count = _counts[side];
            if (position >= count)
            {
                // A feed of ten rows removes an eleventh that it never told: harmless, and seen in real data.
                RemovedPastEnd++;
                return position >= _depth;
            }
            Array.Copy(_rows[side], position + 1, _rows[side], position, count - position - 1);
            _counts[side] = count - 1;
            return true;
        }

        private bool Insert(int side, int position, long price, long size)
        {
            var rows = _rows[side];
            var count = _counts[side];
            if (position > count || count >= MaxRows)
            {
                return false;
            }
            Array.Copy(rows, position, rows, position + 1, count - position);
            rows[position].Price = price;
            rows[position].Size = size;
            _counts[side] = count + 1;
            if (count > _depth)
            {
                _suspect = true;
            }
            Suspect(rows, side, position, count + 1);
            return true;
        }

        private void Suspect(BookLevel[] rows, int side, int position, int count)
        {
            var sign = 1 - 2 * side;
            var price = rows[position].Price;
            if ((position > 0 && (price - rows[position - 1].Price) * sign <= 0)
                || (position + 1 < count && (rows[position + 1].Price - price) * sign <= 0))
            {
                _suspect = true;
            }
        }

        private bool Same(int side, BookLevel[] rows)
        {
            if (rows.Length != _counts[side])
            {
                return false;
            }
            for (var i = 0; i < rows.Length; i++)
            {
                if (rows[i].Price != _rows[side][i].Price || rows[i].Size != _rows[side][i].Size)
                {
                    return false;
                }
            }
            return true;
        }

        private static bool Sorted(BookLevel[] rows, int count, int sign)
        {
            for (var i = 1; i < count; i++)
            {
                if ((rows[i].Price - rows[i - 1].Price) * sign <= 0)
                {
                    return false;
                }
            }
            return true;
        }

        private static bool InRange(BookLevel[] rows)
        {
            foreach (var row in rows)
            {
                if (row.Size < 0 || row.Size > Wire.MaxMagnitude || Math.Abs(row.Price) > Wire.MaxMagnitude)
                {
                    return false;
                }
            }
            return true;
        }
    }
}
