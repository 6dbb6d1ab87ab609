using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>What of one stream to send next, and what the server's answers mean for it. No I/O.</summary>
    /// <remarks>
    /// Under the publisher's lock; the stream's own is taken for moments only. Frames are written straight from the
    /// ring without it: should the ring have gone round meanwhile, the frame is thrown away.
    /// A burst can come faster than the server takes it. So that the ring is given free in time, the server is asked
    /// for an answer every 8192 records; two questions behind, the sender waits for one, and what gathers meanwhile
    /// goes out as few large frames, which cost the server less.
    /// </remarks>
    public sealed class StreamSender
    {
        /// <summary>Most records of a frame while the sender keeps up; behind that, as many as the server takes.</summary>
        public const int Batch = 200;

        private const int Behind = 4000;
        private const int MostAgain = 3;
        private const int BackfillPart = 512;
        private const int AskEvery = 8192;
        private const int HoldBehind = 2 * AskEvery;
        private const long HoldNs = 5000000L;

        private readonly Queue<object> _queued = new Queue<object>();
        private readonly bool _replyNow;
        private bool _snapshot;
        private bool _plain;
        private RingMark _told;
        private int _makersTold;
        private int _most = Wire.MaxRecords;
        private long _had;
        private long _refusedAt;
        private int _again;
        private long _asked;
        private long _holdUntil;
        private long _askedSeq;
        private long _askedAt;

        /// <summary>Begin with number 1.</summary>
        /// <param name="stream">What is sent.</param>
        /// <param name="replyNow">Whether to ask for an answer with every frame after which nothing waits.</param>
        public StreamSender(PublishedStream stream, bool replyNow)
        {
            Stream = stream;
            _replyNow = replyNow;
            Sent = 1;
            Index = -1;
            Lag = long.MinValue;
            RoundTrip = -1;
        }

        /// <summary>What is sent.</summary>
        public PublishedStream Stream { get; private set; }

        /// <summary>Of the stream on the present connection, or -1: the server does not take it.</summary>
        public int Index { get; private set; }

        /// <summary>Next number to send.</summary>
        public long Sent { get; private set; }

        /// <summary>Why the server does not take the stream, or null.</summary>
        public Refusal Refusal { get; set; }

        /// <summary>How often the server asked for records or a book.</summary>
        public long Resyncs { get; private set; }

        /// <summary>How often it refused a frame or a bar.</summary>
        public long Refusals { get; private set; }

        /// <summary>How often numbers could not be sent any more, so that a snapshot went instead.</summary>
        public long Losses { get; private set; }

        /// <summary>Highest number on the server's disk; null where it keeps no journal.</summary>
        public long? Durable { get; private set; }

        /// <summary>Between the last sent record's own time and its sending, ns; <see cref="long.MinValue"/>: nothing was sent.</summary>
        public long Lag { get; private set; }

        /// <summary>Between a frame that asked for an answer and the answer, ns; -1: not known.</summary>
        public long RoundTrip { get; private set; }

        /// <summary>Whether everything was sent and acknowledged.</summary>
        public bool IsSettled
        {
            get
            {
                lock (Stream.Sync)
                {
                    return !_snapshot && _queued.Count == 0 && Sent == Stream.Ring.End && NextMark() == null
                        && Stream.Ring.Acked == Stream.Ring.End - 1 && !Stream.Backfilling;
                }
            }
        }

        /// <summary>Whether <see cref="Sent"/> is what the server must have heard of: no book waits in front of it.</summary>
        public bool IsTold
        {
            get { return _queued.Count == 0; }
        }

        /// <summary>What a heartbeat may say of the time; 0, nothing, while records wait to be sent.</summary>
        public long ToldTime
        {
            get
            {
                lock (Stream.Sync)
                {
                    return Sent >= Stream.Ring.End ? Stream.NewestTime : 0;
                }
            }
        }

        /// <summary>When the wait for an answer ends at the latest, monotonic ns; 0: it does not wait.</summary>
        public long HoldsUntil { get; private set; }

        /// <summary>A connection began.</summary>
        /// <param name="index">Of the stream on it.</param>
        /// <param name="resume">The number that the server expects.</param>
        /// <param name="most">Records of a frame that it takes.</param>
        public void Welcomed(int index, long resume, int most)
        {
            Index = index;
            Refusal = null;
            _most = Math.Min(most, Wire.MaxRecords);
            _queued.Clear();
            _makersTold = 0;
            _plain = false;
            _had = 0;
            _askedSeq = 0;
            _asked = 0;
            _holdUntil = 0;
            HoldsUntil = 0;
            lock (Stream.Sync)
            {
                Stream.Ring.Resume(resume);
                Rewind(resume);
            }
        }

        /// <summary>The connection is gone.</summary>
        public void Disconnected()
        {
            Index = -1;
            _askedSeq = 0;
        }

        /// <summary>The server has everything up to a number.</summary>
        public void Acknowledged(AckData ack, long now)
        {
            Durable = ack.DurableSeq;
            if (_askedSeq != 0 && ack.Seq >= _askedSeq)
            {
                RoundTrip = now - _askedAt;
                _askedSeq = 0;
            }
            lock (Stream.Sync)
            {
                Stream.Ring.Acknowledge(ack.Seq);
            }
        }

        /// <summary>The server asks: for missing records the ring answers, for a wrong book a snapshot.</summary>
        public void Resync(long from, string reason)
        {
            Resyncs++;
            if (reason != Wire.ResyncGap)
            {
                _snapshot = true;
                return;
            }
            lock (Stream.Sync)
            {
                Rewind(from);
            }
        }

        /// <summary>The server refused what begins at a number, whole.</summary>
        /// <remarks>
        /// Damage on the way is sent again, a few times. What is wrong in itself would be refused for ever: it is
        /// given up, and a snapshot goes on behind it.
        /// </remarks>
        public void Refused(long seq, bool onTheWay)
        {
            Refusals++;
            _again = seq == _refusedAt ? _again + 1 : 0;
            _refusedAt = seq;
            lock (Stream.Sync)
            {
                if (onTheWay && _again < MostAgain)
                {
                    _snapshot |= seq >= Stream.Ring.End;
                    Rewind(seq);
                }
                else if (seq < Sent)
                {
                    GiveUp();
                }
            }
        }

        /// <summary>The server refused a snapshot as such: one of an earlier version knows no shares of market makers in it.</summary>
        /// <remarks>On this connection none are told any more.</remarks>
        public void TellPlainBooks()
        {
            _plain = true;
        }

        /// <summary>Where the server is, by its heartbeat: what was sent before the previous one must have arrived.</summary>
        public void Compare(long last)
        {
            if (last + 1 < _had)
            {
                Resync(last + 1, Wire.ResyncGap);
            }
            _had = Sent;
        }

        /// <summary>Write the next message.</summary>
        /// <param name="to">Where to.</param>
        /// <param name="now">Monotonic, ns.</param>
        /// <param name="wall">The clock, ns UTC.</param>
        /// <returns>False: there is nothing to send.</returns>
        public bool Next(Outgoing to, long now, long wall)
        {
            while (true)
            {
                if (_queued.Count != 0)
                {
                    Unqueue(to);
                    return true;
                }
                Step step;
                lock (Stream.Sync)
                {
                    HoldsUntil = 0;
                    step = Look(now, wall);
                }
                switch (step.Kind)
                {
                    case StepKind.Nothing:
                        return false;
                    case StepKind.Text:
                        to.SetText(step.Bar == null
                            ? ClientMessages.Check(Index, step.Number, step.Sum)
                            : ClientMessages.BarUpdate(Index, step.Number, step.Bar));
                        return true;
                    case StepKind.Frame:
                        if (WriteFrame(to, step, now, wall))
                        {
                            return true;
                        }
                        break;
                }
            }
        }

        private void Unqueue(Outgoing to)
        {
            var queued = _queued.Dequeue();
            var text = queued as string;
            if (text != null)
            {
                to.SetText(text);
            }
            else
            {
                to.SetFrame((byte[])queued);
            }
        }

        /// <summary>Decide what comes next; under the stream's lock.</summary>
        private Step Look(long now, long wall)
        {
            var ring = Stream.Ring;
            if (Sent < ring.First)
            {
                GiveUp();
                return Step.Again;
            }
            if (QueueMakers())
            {
                return Step.Again;
            }
            var checks = Stream.Checks;
            checks.Forget(Sent - 1);
            if (checks.First != 0 && checks.First == Sent - 1)
            {
                var check = Step.Check(checks.First, checks.FirstSum);
                checks.RemoveFirst();
                return check;
            }
            var mark = NextMark();
            if (mark != null && mark.Number == Sent)
            {
                return Pass(mark, wall);
            }
            if (Sent == ring.End)
            {
                return Rest(wall);
            }
            if (Sent - ring.Acked > HoldBehind && now < _holdUntil)
            {
                HoldsUntil = _holdUntil;
                return Step.None;
            }
            return Records(mark);
        }

        /// <summary>The next mark that was not passed; a book may have been replaced by another at the same number.</summary>
        private RingMark NextMark()
        {
            var mark = Stream.Ring.MarkFrom(Sent, false);
            return mark != null && mark == _told ? Stream.Ring.MarkFrom(Sent, true) : mark;
        }

        private Step Pass(RingMark mark, long wall)
        {
            switch (mark.Kind)
            {
                case RingMarkKind.Book:
                    _told = mark;
                    QueueBook(mark.Book, Sent, wall);
                    return Step.Again;
                case RingMarkKind.Hole:
                    Sent++;
                    return Step.Again;
                default:
                    Sent++;
                    return Step.OfBar(mark.Number, mark.Bar);
            }
        }

        /// <summary>Everything was sent: a book that was asked for, or a part of a back-fill.</summary>
        private Step Rest(long wall)
        {
            if (_snapshot && QueueShadow(wall))
            {
                return Step.Again;
            }
            var room = Stream.Ring.Room > Stream.Ring.Records.Length / 2;
            return room && Stream.FeedBackfill(BackfillPart) ? Step.Again : Step.None;
        }

        private Step Records(RingMark mark)
        {
            var ring = Stream.Ring;
            var waiting = ring.End - Sent;
            var behind = waiting >= Behind;
            var most = Math.Min(waiting, Math.Min(behind ? Wire.MaxRecords : Batch, _most));
            most = Math.Min(most, ring.Contiguous(Sent));
            if (mark != null)
            {
                most = Math.Min(most, mark.Number - Sent);
            }
            var check = behind ? LastCheck(most) : Stream.Checks.First;
            if (check != 0)
            {
                most = Math.Min(most, check + 1 - Sent);
            }
            var unanswered = Sent + most - 1 - Math.Max(ring.Acked, _asked);
            return Step.Frame(Sent, (int)most, ring.End, unanswered >= AskEvery);
        }

        /// <summary>The last check that a frame of so many records can end at; those before it are left out.</summary>
        private long LastCheck(long most)
        {
            var ring = Stream.Ring;
            var last = Stream.Checks.LastUpTo(Sent + most - 1);
            var spans = last == 0 ? 0 : ring.Records[ring.IndexOf(last)].Time - ring.Records[ring.IndexOf(Sent)].Time;
            return spans < 0 || spans > Wire.MaxOffset ? Stream.Checks.First : last;
        }

        private bool WriteFrame(Outgoing to, Step step, long now, long wall)
        {
            var records = Stream.Ring.Records;
            var start = Stream.Ring.IndexOf(step.Number);
            // A record that is overwritten at this moment may not fit behind the others any more; see below.
            var count = Math.Max(FrameWriter.Fitting(records, start, step.Count), 1);
            var flags = FrameWriter.FlagsOf(records, start, count);
            var end = step.Number + count;
            var replyNow = step.Ask || (_replyNow && end == step.End);
            if (replyNow)
            {
                flags |= Wire.FlagReplyNow;
            }
            var newest = records[start + count - 1].Time;
            var size = FrameWriter.Write(to.Buffer, FrameType.Events, flags, (byte)Index, step.Number, wall, records, start, count);
            lock (Stream.Sync)
            {
                if (Stream.Ring.First > step.Number)
                {
                    return false;
                }
            }
            Sent = end;
            if ((flags & Wire.FlagHistorical) == 0)
            {
                Lag = wall - newest;
            }
            if (replyNow)
            {
                _asked = end - 1;
                _holdUntil = now + HoldNs;
            }
            if (replyNow && _askedSeq == 0)
            {
                _askedSeq = end - 1;
                _askedAt = now;
            }
            to.SetFrame(size);
            return true;
        }

        /// <summary>Go on sending at a number; if the ring has lost it, or never had it, with a book.</summary>
        private void Rewind(long seq)
        {
            // What the ring has lost already is found before the next record is sent.
            if (seq > Stream.Ring.End)
            {
                GiveUp();
                return;
            }
            Sent = seq;
            _asked = Math.Min(_asked, seq - 1);
            _told = null;
        }

        /// <summary>Give up what was not sent or not taken: go on with a book.</summary>
        private void GiveUp()
        {
            Losses++;
            Stream.VoidBackfill();
            Sent = Stream.Ring.End;
            _snapshot = true;
            QueueShadow(0);
        }

        /// <summary>Queue the shadow book, unless an event is only half told and its rows are in disorder.</summary>
        private bool QueueShadow(long wall)
        {
            if (!Stream.Book.IsSorted)
            {
                return false;
            }
            _snapshot = false;
            // A book that stands here is this one.
            _told = Stream.Ring.MarkFrom(Sent, false);
            QueueBook(Stream.Snapshot(), Sent, wall);
            return true;
        }

        /// <summary>Queue a book in front of a number, and the check that it went in well.</summary>
        private void QueueBook(BookSnapshot book, long seq, long wall)
        {
            QueueMakers();
            var records = book.Records(!_plain);
            var start = 0;
            do
            {
                var count = Math.Min(records.Length - start, _most);
                var flags = start + count == records.Length ? Wire.FlagLast : (byte)0;
                var frame = new byte[FrameWriter.SizeOf(count)];
                FrameWriter.Write(
                    frame, FrameType.Snapshot, flags, (byte)Index, seq, book.Time, wall, records, start, count);
                _queued.Enqueue(frame);
                start += count;
            }
            while (start < records.Length);
            _queued.Enqueue(ClientMessages.Check(Index, seq - 1, book.Checksum));
        }

        /// <summary>Queue the names of market makers, where there are some that were not told.</summary>
        private bool QueueMakers()
        {
            if (_makersTold == Stream.MakerCount)
            {
                return false;
            }
            _makersTold = Stream.MakerCount;
            _queued.Enqueue(ClientMessages.Makers(Index, Stream.MakerNames()));
            return true;
        }

        private enum StepKind
        {
            Nothing,
            Again,
            Text,
            Frame
        }

        /// <summary>What comes next, to be made outside the stream's lock.</summary>
        private struct Step
        {
            public static readonly Step None = new Step();
            public static readonly Step Again = new Step { Kind = StepKind.Again };

            public StepKind Kind;
            public long Number;
            public int Count;
            public long End;
            public bool Ask;
            public uint Sum;
            public BarData Bar;

            public static Step Check(long number, uint sum)
            {
                return new Step { Kind = StepKind.Text, Number = number, Sum = sum };
            }

            public static Step OfBar(long number, BarData bar)
            {
                return new Step { Kind = StepKind.Text, Number = number, Bar = bar };
            }

            public static Step Frame(long number, int count, long end, bool ask)
            {
                return new Step { Kind = StepKind.Frame, Number = number, Count = count, End = end, Ask = ask };
            }
        }
    }
}
