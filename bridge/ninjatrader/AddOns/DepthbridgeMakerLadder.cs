using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Rows of market makers, kept apart, and the ladder of prices that they add up to.</summary>
    /// <remarks>
    /// A stock's depth has one row per market maker, so several rows of one price, and some feeds have more rows than
    /// the server's book; that one has one row per price, and so many of them. Every change of a row becomes changes of
    /// the ladder, each of the size of one maker: where a row goes from one to another, the other's size comes before
    /// the one's goes, and a level that comes into sight comes maker by maker. A row that leaves the visible ones is
    /// removed after the one that displaced it was added, as NinjaTrader does it. Not thread-safe.
    /// </remarks>
    public sealed class MakerLadder
    {
        private readonly List<BookLevel>[] _makers = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly List<ulong>[] _refs = { new List<ulong>(), new List<ulong>() };
        private readonly List<BookLevel>[] _levels = { new List<BookLevel>(), new List<BookLevel>() };
        private readonly List<LevelChange> _changes = new List<LevelChange>();
        private readonly int _depth;

        /// <summary>Empty.</summary>
        /// <param name="depth">Rows of a side of the ladder.</param>
        public MakerLadder(int depth)
        {
            _depth = depth;
        }

        /// <summary>What the last <see cref="Apply"/> did to the ladder, in order.</summary>
        public IList<LevelChange> Changes
        {
            get { return _changes; }
        }

        /// <summary>Whether neither side has a row.</summary>
        public bool IsEmpty
        {
            get { return _makers[Wire.SideAsk].Count + _makers[Wire.SideBid].Count == 0; }
        }

        /// <summary>Empty both sides.</summary>
        public void Clear()
        {
            Clear(Wire.SideAsk);
            Clear(Wire.SideBid);
        }

        /// <summary>Replace a side by rows as NinjaTrader has them now.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="rows">In their order.</param>
        /// <param name="makers">Whose each of them is; null: nobody's.</param>
        public void Load(int side, BookLevel[] rows, ulong[] makers)
        {
            Clear(side);
            for (var i = 0; i < rows.Length; i++)
            {
                _makers[side].Add(rows[i]);
                _refs[side].Add(makers == null ? 0 : makers[i]);
                Move(side, rows[i].Price, rows[i].Size, _refs[side][i]);
            }
            _changes.Clear();
        }

        /// <summary>The ladder of a side, best first, as far as it is visible.</summary>
        public BookLevel[] Levels(int side)
        {
            var levels = _levels[side];
            return levels.GetRange(0, Math.Min(levels.Count, _depth)).ToArray();
        }

        /// <summary>The size of each maker at a level, in the order of their first rows; together the level's.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="at">Row of the ladder, from 0.</param>
        /// <param name="level">What it must be.</param>
        /// <returns>Pairs of maker and size, none of them 0; null: there is no such level, or its size is 0.</returns>
        public IList<KeyValuePair<ulong, long>> SharesOf(int side, int at, BookLevel level)
        {
            var levels = _levels[side];
            if (level.Size == 0 || at >= levels.Count || levels[at].Price != level.Price || levels[at].Size != level.Size)
            {
                return null;
            }
            var shares = new List<KeyValuePair<ulong, long>>();
            for (var i = 0; i < _makers[side].Count; i++)
            {
                if (_makers[side][i].Price == level.Price && _makers[side][i].Size != 0)
                {
                    AddShare(shares, _refs[side][i], _makers[side][i].Size);
                }
            }
            return shares;
        }

        /// <summary>Apply a change of a maker's row, by NinjaTrader's rules.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="op">A <c>Wire.Op...</c> constant.</param>
        /// <param name="position">Row among the makers' rows, from 0.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <param name="maker">Whose row it is now, as <see cref="PublishedStream.MakerRef"/> gave it; of a row that goes the one it had counts.</param>
        /// <returns>Whether a sound book can have had this; if not, nothing was done.</returns>
        public bool Apply(int side, int op, int position, long price, long size, ulong maker)
        {
            var rows = _makers[side];
            _changes.Clear();
            if (position < 0 || position > rows.Count || size < 0)
            {
                return false;
            }
            if (op == Wire.OpRemove)
            {
                Remove(side, position);
                return true;
            }
            var row = new BookLevel(price, size);
            if (op == Wire.OpAdd || position == rows.Count)
            {
                rows.Insert(position, row);
                _refs[side].Insert(position, maker);
                Move(side, price, size, maker);
                return true;
            }
            var old = rows[position];
            var oldMaker = _refs[side][position];
            rows[position] = row;
            _refs[side][position] = maker;
            if (old.Price != price)
            {
                Move(side, old.Price, -old.Size, oldMaker);
                Move(side, price, size, maker);
            }
            else if (oldMaker == maker)
            {
                Move(side, price, size - old.Size, maker);
            }
            else
            {
                Move(side, price, size, maker);
                Move(side, price, -old.Size, oldMaker);
            }
            return true;
        }

        private void Remove(int side, int position)
        {
            var rows = _makers[side];
            if (position == rows.Count)
            {
                return;
            }
            var old = rows[position];
            var maker = _refs[side][position];
            rows.RemoveAt(position);
            _refs[side].RemoveAt(position);
            Move(side, old.Price, -old.Size, maker);
        }

        /// <summary>Move the size of a price, and write down what that is by position.</summary>
        private void Move(int side, long price, long by, ulong maker)
        {
            var levels = _levels[side];
            var at = Find(levels, side, price);
            var known = at < levels.Count && levels[at].Price == price;
            var row = new BookLevel(price, (known ? levels[at].Size : 0) + by);
            if (known && !Quoted(side, price))
            {
                levels.RemoveAt(at);
                Write(Wire.OpRemove, at, new BookLevel(price, 0), maker);
                if (at < _depth && levels.Count >= _depth)
                {
                    Show(side, levels[_depth - 1].Price);
                }
                return;
            }
            if (known)
            {
                levels[at] = row;
                Write(Wire.OpUpdate, at, row, maker);
                return;
            }
            levels.Insert(at, row);
            Write(Wire.OpAdd, at, row, maker);
            if (at < _depth && levels.Count > _depth)
            {
                // The row that goes out of sight; NinjaTrader tells it without a size.
                Put(Wire.OpRemove, _depth, new BookLevel(levels[_depth].Price, 0), 0);
            }
        }

        /// <summary>Write down the last visible level, which comes into sight: its first row, then what each further one adds.</summary>
        private void Show(int side, long price)
        {
            var size = 0L;
            var op = Wire.OpAdd;
            for (var i = 0; i < _makers[side].Count; i++)
            {
                if (_makers[side][i].Price == price)
                {
                    size += _makers[side][i].Size;
                    Put(op, _depth - 1, new BookLevel(price, size), _refs[side][i]);
                    op = Wire.OpUpdate;
                }
            }
        }

        /// <summary>Write a change down, unless it is out of sight.</summary>
        private void Write(byte op, int position, BookLevel row, ulong maker)
        {
            if (position < _depth)
            {
                Put(op, position, row, maker);
            }
        }

        private void Put(byte op, int position, BookLevel row, ulong maker)
        {
            _changes.Add(new LevelChange { Op = op, Position = position, Price = row.Price, Size = row.Size, Maker = maker });
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

        private static void AddShare(List<KeyValuePair<ulong, long>> shares, ulong maker, long size)
        {
            var at = shares.FindIndex(share => share.Key == maker);
            if (at < 0)
            {
                shares.Add(new KeyValuePair<ulong, long>(maker, size));
            }
            else
            {
                shares[at] = new KeyValuePair<ulong, long>(maker, shares[at].Value + size);
            }
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
            _refs[side].Clear();
            _levels[side].Clear();
        }
    }
}
