using System;
using System.Collections.Generic;
using System.Threading;

namespace Depthbridge
{
    /// <summary>One published instrument: events come in from any thread, and get number, book and ring together.</summary>
    /// <remarks>
    /// Every call takes the stream's one short lock; none throws, blocks, calls out while holding it, or (the four
    /// event calls) allocates. An event that a record cannot hold is counted and dropped. A change that no sound book
    /// can have had empties the book here and at the server, and asks for a seed; until then the depth events of a
    /// side are passed over, so that neither side ever has a wrong book. Trades and quotes go on.
    /// </remarks>
    public sealed class PublishedStream
    {
        /// <summary>A step back in time of more than this is a moved slider.</summary>
        public const long RewindNs = 5000000000L;

        /// <summary>Records between two checks.</summary>
        public const int CheckRecords = 500;

        /// <summary>Event time between two checks, ns.</summary>
        public const long CheckNs = 250000000L;

        private static readonly BookLevel[] NoRows = new BookLevel[0];
        private static readonly string[] NoNames = new string[0];

        private readonly object _lock = new object();
        private readonly RecordRing _ring;
        private readonly ShadowBook _book;
        private MakerLadder _owners;
        private readonly CheckMarks _checks = new CheckMarks();
        private readonly bool[] _begun = new bool[2];
        private readonly Dictionary<string, ulong> _makers = new Dictionary<string, ulong>(StringComparer.Ordinal);
        private readonly List<string> _makerNames = new List<string>();
        private StreamCounters _counters;
        private MarketRecord _record;
        private long _time;
        private long _checked = 1;
        private long _checkedAt;
        private bool _addsBegin = true;
        private bool _seedWanted;
        private bool _paused;
        private bool _levelOneOnly;
        private ResetReason _lastReset;
        private MarketRecord[] _backfill;
        private int _backfilled;
        private SenderSignal _signal;

        /// <summary>Begin with an empty book and number 1.</summary>
        public PublishedStream(StreamDefinition definition)
            : this(definition, RecordRing.DefaultCapacity)
        {
        }

        /// <summary>Begin with an empty book and number 1.</summary>
        /// <param name="definition">What is published.</param>
        /// <param name="capacity">Records kept for sending again.</param>
        public PublishedStream(StreamDefinition definition, int capacity)
        {
            Definition = definition;
            _ring = new RecordRing(capacity);
            _book = new ShadowBook(definition.DepthLevels);
            _owners = new MakerLadder(definition.DepthLevels);
        }

        /// <summary>What is published.</summary>
        public StreamDefinition Definition { get; private set; }

        /// <summary>Whether the book is in doubt: <see cref="Seed"/> it as soon as that is possible.</summary>
        public bool SeedWanted
        {
            get { return Volatile.Read(ref _seedWanted); }
        }

        /// <summary>Why the book was last begun anew.</summary>
        public ResetReason LastReset
        {
            get { lock (_lock) { return _lastReset; } }
        }

        /// <summary>Whether the playback stands still; the next event ends it.</summary>
        public bool Paused
        {
            get { return Volatile.Read(ref _paused); }
            set
            {
                Volatile.Write(ref _paused, value);
                SenderSignal sleeper;
                lock (_lock)
                {
                    sleeper = Sleeper();
                }
                Wake(sleeper);
            }
        }

        /// <summary>Whether the feed has been found to have no depth; the status says NO LEVEL II then.</summary>
        public bool LevelOneOnly
        {
            get { return Volatile.Read(ref _levelOneOnly); }
            set { Volatile.Write(ref _levelOneOnly, value); }
        }

        /// <summary>Depth events numbered so far; read without the lock.</summary>
        public long DepthEvents
        {
            get { return Volatile.Read(ref _counters.Depth); }
        }

        /// <summary>Trades, quotes and running volumes numbered so far; read without the lock.</summary>
        public long LevelOneEvents
        {
            get { return Volatile.Read(ref _counters.Trades) + Volatile.Read(ref _counters.Quotes); }
        }

        /// <summary>Newest event time, ns UTC; read without the lock.</summary>
        public long NewestTime
        {
            get { return Volatile.Read(ref _time); }
        }

        /// <summary>The next number.</summary>
        public long End
        {
            get { lock (_lock) { return _ring.End; } }
        }

        /// <summary>Everything up to this number is at the server.</summary>
        public long Acked
        {
            get { lock (_lock) { return _ring.Acked; } }
        }

        /// <summary>What has happened so far.</summary>
        public StreamCounters Counters
        {
            get
            {
                lock (_lock)
                {
                    var counters = _counters;
                    counters.RemovedPastEnd = _book.RemovedPastEnd;
                    counters.Overrun = _ring.Overrun;
                    return counters;
                }
            }
        }

        /// <summary>A row of the book has changed.</summary>
        /// <param name="time">ns UTC.</param>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="op"><see cref="Wire.OpAdd"/>, <see cref="Wire.OpUpdate"/> or <see cref="Wire.OpRemove"/>.</param>
        /// <param name="position">Row from 0.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <param name="maker">As <see cref="MakerRef"/> gave it, or 0.</param>
        /// <returns>Whether the book is in doubt now: <see cref="Seed"/> it.</returns>
        public bool Depth(long time, int side, int op, int position, long price, long size, ulong maker)
        {
            SenderSignal sleeper;
            bool wanted;
            lock (_lock)
            {
                TakeDepth(time, side, op, position, price, size, maker);
                wanted = _seedWanted;
                sleeper = Sleeper();
            }
            Wake(sleeper);
            return wanted;
        }

        /// <summary>A row of a market maker, or of a deep feed, has changed; the ladder of prices moves by it.</summary>
        /// <remarks>While the book is in doubt it is passed over: the seed, by <see cref="SeedOfMakers"/>, holds it.</remarks>
        /// <param name="time">ns UTC.</param>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="op"><see cref="Wire.OpAdd"/>, <see cref="Wire.OpUpdate"/> or <see cref="Wire.OpRemove"/>.</param>
        /// <param name="position">Row among the makers' rows, from 0.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <param name="maker">As <see cref="MakerRef"/> gave it, or 0.</param>
        /// <returns>Whether the book is in doubt now.</returns>
        public bool DepthOfMaker(long time, int side, int op, int position, long price, long size, ulong maker)
        {
            SenderSignal sleeper;
            bool wanted;
            lock (_lock)
            {
                if (!_seedWanted)
                {
                    TakeRow(time, side, op, position, price, size, maker);
                }
                wanted = _seedWanted;
                sleeper = Sleeper();
            }
            Wake(sleeper);
            return wanted;
        }

        /// <summary>A side's best price or size has changed (Level I).</summary>
        /// <param name="time">ns UTC.</param>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        public void Quote(long time, int side, long price, long size)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                if ((side & ~1) == 0 && Pass(time, price, size))
                {
                    _counters.Quotes++;
                    Number(time, Wire.KindQuote, side, Wire.QuoteBest, 0, price, size, 0);
                }
                sleeper = Sleeper();
            }
            Wake(sleeper);
        }

        /// <summary>The running volume of the session (Level I).</summary>
        /// <param name="time">ns UTC.</param>
        /// <param name="volume">Size steps.</param>
        public void SessionVolume(long time, long volume)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                if (Pass(time, 0, volume))
                {
                    _counters.Quotes++;
                    Number(time, Wire.KindQuote, 0, Wire.QuoteSessionVolume, 0, 0, volume, 0);
                }
                sleeper = Sleeper();
            }
            Wake(sleeper);
        }

        /// <summary>A trade.</summary>
        /// <param name="time">ns UTC.</param>
        /// <param name="price">Ticks.</param>
        /// <param name="size">Size steps.</param>
        /// <param name="aggressor">A <c>Wire.Aggressor...</c> constant.</param>
        /// <param name="how">How it is known: a <c>Wire.Trade...</c> constant.</param>
        public void Trade(long time, long price, long size, int aggressor, int how)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                if (aggressor < 0 || aggressor > Wire.AggressorUnknown || how < 0 || how > Wire.TradeNone)
                {
                    _counters.Refused++;
                }
                else if (Pass(time, price, size))
                {
                    _counters.Trades++;
                    Number(time, Wire.KindTrade, aggressor, how, 0, price, size, 0);
                }
                sleeper = Sleeper();
            }
            Wake(sleeper);
        }

        /// <summary>A bar has closed; it gets a number of the same sequence.</summary>
        /// <returns>False: it cannot be a bar, and was dropped.</returns>
        public bool Bar(BarData bar)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                if (!IsBar(bar))
                {
                    _counters.Refused++;
                    return false;
                }
                _counters.Bars++;
                _ring.AppendBar(bar);
                sleeper = Sleeper();
            }
            Wake(sleeper);
            return true;
        }

        /// <summary>The book as the feed has it now; it goes out in front of whatever is numbered next.</summary>
        /// <param name="bids">Best first; copied.</param>
        /// <param name="asks">Best first; copied.</param>
        /// <param name="time">ns UTC.</param>
        /// <returns>False: this cannot be a book (not sorted, too many rows, no time); nothing was changed.</returns>
        public bool Seed(BookLevel[] bids, BookLevel[] asks, long time)
        {
            return Seed(bids, asks, new MakerLadder(Definition.DepthLevels), time);
        }

        /// <summary>The same for rows of market makers; they are told too, and <see cref="DepthOfMaker"/> goes on from them.</summary>
        /// <param name="owners">Both sides loaded; the stream's own from now on.</param>
        /// <param name="time">ns UTC.</param>
        /// <returns>False: their ladder cannot be a book; nothing was changed.</returns>
        public bool SeedOfMakers(MakerLadder owners, long time)
        {
            return Seed(owners.Levels(Wire.SideBid), owners.Levels(Wire.SideAsk), owners, time);
        }

        /// <summary>Rows or records may have been missed: empty the book, skip a number so that the server knows.</summary>
        /// <remarks>What was numbered before stays and is sent. The book is in doubt afterwards.</remarks>
        public void Reset(ResetReason reason)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                Begin(reason);
                sleeper = Sleeper();
            }
            Wake(sleeper);
        }

        /// <summary>Tell all trades of the session so far again, so that the server's sums are complete.</summary>
        /// <remarks>
        /// The first is numbered at once: whoever keeps live trades back during this call knows that those after it are
        /// not in the list. The others go out in parts while nothing else waits; live events may come between. When something is lost
        /// meanwhile the rest is given up and counted (<see cref="StreamCounters.BackfillsVoid"/>): give the whole
        /// list again. A list that is not through yet is replaced.
        /// </remarks>
        /// <param name="trades">In order; time, price, size, side and op are used. Not to be changed any more.</param>
        /// <returns>False: empty, or one of them cannot be a trade.</returns>
        public bool Backfill(MarketRecord[] trades)
        {
            if (trades == null || trades.Length == 0 || !Array.TrueForAll(trades, IsTrade))
            {
                return false;
            }
            SenderSignal sleeper;
            lock (_lock)
            {
                _backfill = trades;
                _backfilled = 0;
                FeedBackfill(1);
                sleeper = Sleeper();
            }
            Wake(sleeper);
            return true;
        }

        /// <summary>Whether a back-fill is being told.</summary>
        public bool Backfilling
        {
            get { lock (_lock) { return _backfill != null; } }
        }

        /// <summary>No event before this time will come any more; heartbeats carry it.</summary>
        /// <param name="time">ns UTC.</param>
        public void Advance(long time)
        {
            lock (_lock)
            {
                if (time > _time && time <= Wire.MaxTime)
                {
                    Judge(time);
                    _time = time;
                }
            }
        }

        /// <summary>The number that depth events name a market maker by; a new name is added.</summary>
        /// <param name="name">As the feed has it; null or empty: none.</param>
        /// <returns>0: none.</returns>
        public ulong MakerRef(string name)
        {
            if (string.IsNullOrEmpty(name))
            {
                return 0;
            }
            lock (_lock)
            {
                ulong found;
                if (!_makers.TryGetValue(name, out found))
                {
                    _makerNames.Add(name);
                    found = (ulong)_makerNames.Count;
                    _makers.Add(name, found);
                }
                return found;
            }
        }

        /// <summary>Copy the rows of a side, best first.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="rows">Filled as far as it goes.</param>
        /// <returns>How many rows there are.</returns>
        public int CopyRows(int side, BookLevel[] rows)
        {
            lock (_lock)
            {
                return _book.CopyTo(side, rows);
            }
        }

        /// <summary>CRC-32 of the best ten rows, as <c>check</c> has it.</summary>
        public uint Checksum()
        {
            lock (_lock)
            {
                return _book.Checksum();
            }
        }

        /// <summary>Whom to wake when there is something to send; null: nobody.</summary>
        internal void Attach(SenderSignal signal)
        {
            lock (_lock)
            {
                _signal = signal;
            }
        }

        /// <summary>The lock: whoever sends reads ring, book and checks together.</summary>
        internal object Sync
        {
            get { return _lock; }
        }

        /// <summary>Numbers and records; under <see cref="Sync"/>, but for what the ring says of itself.</summary>
        internal RecordRing Ring
        {
            get { return _ring; }
        }

        /// <summary>The book after everything that was numbered; under <see cref="Sync"/>.</summary>
        internal ShadowBook Book
        {
            get { return _book; }
        }

        /// <summary>Checksums that wait; under <see cref="Sync"/>.</summary>
        internal CheckMarks Checks
        {
            get { return _checks; }
        }

        /// <summary>Names of makers so far; under <see cref="Sync"/>.</summary>
        internal int MakerCount
        {
            get { return _makerNames.Count; }
        }

        /// <summary>The names of makers; under <see cref="Sync"/>.</summary>
        internal string[] MakerNames()
        {
            return _makerNames.Count == 0 ? NoNames : _makerNames.ToArray();
        }

        /// <summary>Number the next part of a back-fill; under <see cref="Sync"/>.</summary>
        /// <returns>Whether there was one.</returns>
        internal bool FeedBackfill(int most)
        {
            if (_backfill == null)
            {
                return false;
            }
            var end = Math.Min(_backfill.Length, _backfilled + most);
            for (; _backfilled < end; _backfilled++)
            {
                _record = _backfill[_backfilled];
                _record.Kind = Wire.KindTrade;
                _record.Position = 0;
                _record.Ref = (ulong)_backfilled + 1;
                _record.Flags = Wire.FlagHistorical;
                if (_backfilled + 1 == _backfill.Length)
                {
                    _record.Flags |= Wire.FlagLast;
                }
                _counters.Historical++;
                _ring.Append(ref _record);
            }
            if (_backfilled == _backfill.Length)
            {
                _backfill = null;
            }
            return true;
        }

        /// <summary>Numbers were lost: a list that was begun is void; under <see cref="Sync"/>.</summary>
        internal void VoidBackfill()
        {
            if (_backfill != null && _backfilled != 0)
            {
                _backfill = null;
                _counters.BackfillsVoid++;
            }
        }

        /// <summary>The book after everything that was numbered, and whose its rows are; under <see cref="Sync"/>.</summary>
        internal BookSnapshot Snapshot()
        {
            return new BookSnapshot(_book.CopyOf(Wire.SideBid), _book.CopyOf(Wire.SideAsk), _owners, _time);
        }

        private bool Seed(BookLevel[] bids, BookLevel[] asks, MakerLadder owners, long time)
        {
            SenderSignal sleeper;
            lock (_lock)
            {
                if (time <= 0 || time > Wire.MaxTime || !_book.IsBook(bids, asks))
                {
                    _counters.SeedsRefused++;
                    return false;
                }
                TakeSeed(bids, asks, owners, time);
                sleeper = Sleeper();
            }
            Wake(sleeper);
            return true;
        }

        private void TakeRow(long time, int side, int op, int position, long price, long size, ulong maker)
        {
            if ((side & ~1) != 0 || !_owners.Apply(side, op, position, price, size, maker))
            {
                Begin(ResetReason.Fault);
                return;
            }
            var changes = _owners.Changes;
            for (var i = 0; i < changes.Count; i++)
            {
                var change = changes[i];
                TakeDepth(time, side, change.Op, change.Position, change.Price, change.Size, change.Maker);
            }
        }

        private void TakeDepth(long time, int side, int op, int position, long price, long size, ulong maker)
        {
            if ((side & ~1) != 0 || op < 0 || op > Wire.OpRemove || position < 0 || position >= ShadowBook.MaxRows)
            {
                _counters.Refused++;
                Begin(ResetReason.Fault);
                return;
            }
            if (!Pass(time, price, size))
            {
                Begin(ResetReason.Fault);
                return;
            }
            if (!_begun[side] && !BeginSide(side, op, position))
            {
                _counters.Unseeded++;
                return;
            }
            if (!_book.Apply(side, op, position, price, size))
            {
                Begin(ResetReason.Fault);
                return;
            }
            _counters.Depth++;
            Number(time, Wire.KindDepthPosition, side, op, position, price, size, maker);
        }

        /// <summary>Whether a record can hold these, after what their time says was acted upon.</summary>
        private bool Pass(long time, long price, long size)
        {
            if (time <= 0 || time > Wire.MaxTime || size < 0 || size > Wire.MaxMagnitude
                || price > Wire.MaxMagnitude || price < -Wire.MaxMagnitude)
            {
                _counters.Refused++;
                return false;
            }
            if (time > _time)
            {
                Judge(time);
                _time = time;
            }
            else if (time < _time - RewindNs)
            {
                _time = time;
                Begin(ResetReason.Rewind);
            }
            return true;
        }

        private void Judge(long time)
        {
            if (!_book.Judge())
            {
                Begin(ResetReason.Fault);
            }
        }

        /// <summary>Whether a side may begin with this event: a feed tells its rows from the first on.</summary>
        private bool BeginSide(int side, int op, int position)
        {
            // After a fault the feed does not tell its rows again: an Add in front is just a new best row.
            if (!_addsBegin || op != Wire.OpAdd || position != 0)
            {
                _addsBegin = false;
                _seedWanted = true;
                return false;
            }
            _begun[side] = true;
            if (_begun[0] && _begun[1])
            {
                _seedWanted = false;
            }
            return true;
        }

        private void Begin(ResetReason reason)
        {
            var known = _begun[0] || _begun[1];
            _addsBegin = reason != ResetReason.Fault;
            _begun[0] = false;
            _begun[1] = false;
            _seedWanted = true;
            _owners.Clear();
            if (reason == ResetReason.Fault && !known)
            {
                return;
            }
            _lastReset = reason;
            _counters.Resets++;
            _counters.Faults += reason == ResetReason.Fault ? 1 : 0;
            _counters.Rewinds += reason == ResetReason.Rewind ? 1 : 0;
            _book.Clear();
            VoidBackfill();
            if (_time == 0)
            {
                return;
            }
            _ring.Break();
            _ring.PutBook(new BookSnapshot(NoRows, NoRows, null, _time));
            _checkedAt = _time;
        }

        private void TakeSeed(BookLevel[] bids, BookLevel[] asks, MakerLadder owners, long time)
        {
            var known = _begun[0] && _begun[1] && !_seedWanted;
            _seedWanted = false;
            _owners = owners;
            _time = Math.Max(_time, time);
            if (known && _book.Is(bids, asks))
            {
                return;
            }
            _begun[0] = true;
            _begun[1] = true;
            _counters.Seeds++;
            _book.Load(bids, asks);
            _ring.PutBook(Snapshot());
        }

        private void Number(long time, byte kind, int side, int op, int position, long price, long size, ulong reference)
        {
            _record.Time = time;
            _record.Kind = kind;
            _record.Side = (byte)side;
            _record.Op = (byte)op;
            _record.Position = (byte)position;
            _record.Price = price;
            _record.Size = size;
            _record.Ref = reference;
            _record.Flags = 0;
            _ring.Append(ref _record);
            _paused = false;
            if (_ring.End - _checked >= CheckRecords || time - _checkedAt >= CheckNs)
            {
                _checks.Add(_ring.End - 1, _book.Checksum());
                _checked = _ring.End;
                _checkedAt = time;
            }
        }

        private SenderSignal Sleeper()
        {
            return _signal != null && _signal.IsIdle ? _signal : null;
        }

        private static void Wake(SenderSignal sleeper)
        {
            if (sleeper != null)
            {
                sleeper.Wake();
            }
        }

        private static bool IsTrade(MarketRecord trade)
        {
            return trade.Time > 0 && trade.Time <= Wire.MaxTime && trade.Size >= 0 && trade.Size <= Wire.MaxMagnitude
                && trade.Price <= Wire.MaxMagnitude && trade.Price >= -Wire.MaxMagnitude
                && trade.Side <= Wire.AggressorUnknown && trade.Op <= Wire.TradeNone;
        }

        private static bool IsBar(BarData bar)
        {
            return bar != null && bar.Time > 0 && bar.Time <= Wire.MaxTime && bar.Volume >= 0 && IsFinite(bar.Volume)
                && IsFinite(bar.Low) && IsFinite(bar.High) && !double.IsInfinity(bar.Delta)
                && bar.Low <= Math.Min(bar.Open, bar.Close) && bar.High >= Math.Max(bar.Open, bar.Close)
                && !string.IsNullOrEmpty(bar.SeriesType);
        }

        private static bool IsFinite(double value)
        {
            return !double.IsNaN(value) && !double.IsInfinity(value);
        }
    }
}
