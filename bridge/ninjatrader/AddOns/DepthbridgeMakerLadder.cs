using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Rows of market makers, kept apart, and the ladder of prices that they add up to.</summary>
    /// <remarks>
    /// A stock's depth has one row per market maker, so several rows of one price; the server's book has one row per
    /// price. Every change of a maker's row becomes at most two changes of the ladder. Not thread-safe.
    /// </remarks>
    public sealed class MakerLadder
    {
        private readonly List<BookLevel>[] _makers = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly List<BookLevel>[] _levels = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly LevelChange[] _changes = new LevelChange[2];

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
            return _levels[side].ToArray();
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
            byte op;
            if (known && !Quoted(side, price))
            {
                op = Wire.OpRemove;
                row.Size = 0;
                levels.RemoveAt(at);
            }
            else if (known)
            {
                op = Wire.OpUpdate;
                levels[at] = row;
            }
            else
            {
                op = Wire.OpAdd;
                levels.Insert(at, row);
            }
            _changes[written] = new LevelChange { Op = op, Position = at, Price = price, Size = row.Size };
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
