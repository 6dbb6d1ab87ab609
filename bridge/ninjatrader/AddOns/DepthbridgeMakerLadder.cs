using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Rows of market makers, kept apart, and the ladder of prices that they add up to.</summary>
    /// <remarks>
    /// A stock's depth has one row per market maker, so several rows of one price, and some feeds have more rows than
    /// the server's book; that one has one row per price, and so many of them. Every change of a row becomes at most
    /// four changes of the ladder: a row that leaves the visible ones is removed after the one that displaced it was
    /// added, as NinjaTrader does it. Not thread-safe.
    /// </remarks>
    public sealed class MakerLadder
    {
        private readonly List<BookLevel>[] _makers = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly List<BookLevel>[] _levels = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly LevelChange[] _changes = new LevelChange[4];
        private readonly int _depth;

        /// <summary>Empty.</summary>
        /// <param name="depth">Rows of a side of the ladder.</param>
        public MakerLadder(int depth)
        {
            _depth = depth;
        }

        /// <summary>What the last <see cref="Apply"/> did to the ladder, in order; as many as it returned.</summary>
        public LevelChange[] Changes
        {
            get { return _changes; }
        }

        /// <summary>Empty both sides.</summary>
        public void Clear()
        {
            Clear(Wire.SideAsk);
            Clear(Wire.SideBid);
        }

        /// <summary>Replace a side by rows as NinjaTrader has them now.</summary>
        /// <returns>The ladder of that side, best first.</returns>
        public BookLevel[] Load(int side, BookLevel[] rows)
        {
            Clear(side);
            foreach (var row in rows)
            {
                _makers[side].Add(row);
                Move(side, row.Price, row.Size, 0);
            }
            var levels = _levels[side];
            return levels.GetRange(0, Math.Min(levels.Count, _depth)).ToArray();
        }

        /// <summary>Apply a change of a maker's row, by NinjaTrader's rules.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="op">A <c>Wire.Op...</c> constant.</param>
        /// <param name="position">Row among the makers' rows, from 0.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <returns>How many <see cref="Changes"/> there are; -1: no sound book can have had this, nothing was done.</returns>
        public int Apply(int side, int op, int position, long price, long size)
        {
            var rows = _makers[side];
            if (position < 0 || position > rows.Count || size < 0)
            {
                return -1;
            }
            if (op == Wire.OpRemove)
            {
                return Remove(side, position);
            }
            var count = 0;
            var row = new BookLevel(price, size);
            if (op == Wire.OpAdd || position == rows.Count)
            {
                rows.Insert(position, row);
            }
            else
            {
                var old = rows[position];
                rows[position] = row;
                if (old.Price == price)
                {
                    return Move(side, price, size - old.Size, 0);
                }
                count = Move(side, old.Price, -old.Size, 0);
            }
            return Move(side, price, size, count);
        }

        private int Remove(int side, int position)
        {
            var rows = _makers[side];
            if (position == rows.Count)
            {
                return 0;
            }
            var old = rows[position];
            rows.RemoveAt(position);
            return Move(side, old.Price, -old.Size, 0);
        }

        /// <summary>Move the size of a price, and write down what that is by position.</summary>
        /// <returns>How many changes are written down now.</returns>
        private int Move(int side, long price, long by, int written)
        {
            var levels = _levels[side];
            var at = Find(levels, side, price);
            var known = at < levels.Count && levels[at].Price == price;
            var row = new BookLevel(price, (known ? levels[at].Size : 0) + by);
            if (known && !Quoted(side, price))
            {
                levels.RemoveAt(at);
                written = Write(written, Wire.OpRemove, at, new BookLevel(price, 0));
                // The row that comes into sight.
                return at < _depth && levels.Count >= _depth ? Write(written, Wire.OpAdd, _depth - 1, levels[_depth - 1]) : written;
            }
            if (known)
            {
                levels[at] = row;
                return Write(written, Wire.OpUpdate, at, row);
            }
            levels.Insert(at, row);
            written = Write(written, Wire.OpAdd, at, row);
            // The row that goes out of sight; NinjaTrader tells it without a size.
            return at < _depth && levels.Count > _depth
                ? Put(written, Wire.OpRemove, _depth, new BookLevel(levels[_depth].Price, 0))
                : written;
        }

        /// <summary>Write a change down, unless it is out of sight.</summary>
        private int Write(int written, byte op, int position, BookLevel row)
        {
            return position < _depth ? Put(written, op, position, row) : written;
        }

        private int Put(int written, byte op, int position, BookLevel row)
        {
            _changes[written] = new LevelChange { Op = op, Position = position, Price = row.Price, Size = row.Size };
            return written + 1;
        }

        private bool Quoted(int side, long price)
        {
            foreach (var row in _makers[side])
            {
                if (row.Price == price)
                {
                    return true;
                }
            }
            return false;
        }

        private static int Find(List<BookLevel> levels, int side, long price)
        {
            var at = 0;
            var sign = side == Wire.SideAsk ? 1 : -1;
            while (at < levels.Count && levels[at].Price * sign < price * sign)
            {
                at++;
            }
            return at;
        }

        private void Clear(int side)
        {
            _makers[side].Clear();
            _levels[side].Clear();
        }
    }
}
