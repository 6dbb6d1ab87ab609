using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>A publisher without I/O: what it sends, and what the answers mean. Time is a parameter.</summary>
    /// <remarks>Any call may come from any thread. What is sent between two calls of <see cref="Connected"/> belongs to the connection that was opened before the first.</remarks>
    public sealed class Publisher
    {
        /// <summary>Silence of the server after which its connection is given up, ns.</summary>
        public const long SilenceNs = 15 * Second;

        /// <summary>Half of what a server takes by default; beyond that, frames grow instead.</summary>
        public const int MessagesPerSecond = 10000;

        private const long Second = 1000000000L;
        private const int MostReports = 1000;

        private readonly object _gate = new object();
        private readonly Hello _hello;
        private readonly bool _replyNow;
        private readonly List<StreamSender> _senders = new List<StreamSender>();
        private readonly Dictionary<int, StreamSender> _byIndex = new Dictionary<int, StreamSender>();
        private readonly List<Refusal> _errors = new List<Refusal>();
        private readonly Queue<string> _pending = new Queue<string>();
        private readonly Queue<string> _reports = new Queue<string>();
        private readonly Outgoing _outgoing = new Outgoing();
        private readonly bool _played;
        private Link _link;
        private WelcomeData _welcome;
        private Refusal _hopeless;
        private bool _takeover;
        private bool _toldPaused;
        private long _heartbeatNs = 5 * Second;
        private long _heartbeatAt;
        private long _heardAt;
        private long _second;
        private int _inSecond;
        private int _turn;
        private long _reportsDropped;

        /// <summary>Begin a run.</summary>
        /// <param name="hello">Session, source, flags, settings and topics; its instruments are made from the streams.</param>
        /// <param name="replyNow">Whether to ask for an answer with every frame after which nothing waits.</param>
        public Publisher(Hello hello, bool replyNow)
        {
            _hello = hello;
            _replyNow = replyNow;
            _takeover = hello.Takeover;
            _played = hello.Source == "playback" || hello.Source == "replay";
        }

        /// <summary>State of the connection.</summary>
        public Link Link
        {
            get { lock (_gate) { return _link; } }
        }

        /// <summary>The server's last greeting, or null.</summary>
        public WelcomeData Welcome
        {
            get { lock (_gate) { return _welcome; } }
        }

        /// <summary>Why the same <c>hello</c> would be refused again, or null.</summary>
        public Refusal Hopeless
        {
            get { lock (_gate) { return _hopeless; } }
        }

        /// <summary>Whether the server has acknowledged everything.</summary>
        public bool IsSettled
        {
            get { lock (_gate) { return _senders.TrueForAll(IsSenderSettled); } }
        }

        /// <summary>Whether a stream waits for another session to end.</summary>
        public bool IsAnyBusy
        {
            get { lock (_gate) { return _senders.Exists(IsSenderBusy); } }
        }

        /// <summary>Whether records are held back until the server answers: see <see cref="StreamSender"/>.</summary>
        public bool IsHolding
        {
            get { lock (_gate) { return HoldsUntil() != long.MaxValue; } }
        }

        /// <summary>Reports that were dropped because too many waited.</summary>
        public long ReportsDropped
        {
            get { lock (_gate) { return _reportsDropped; } }
        }

        /// <summary>Publish one more stream, from the next <c>hello</c> on.</summary>
        /// <returns>False: its symbol is published already.</returns>
        public bool Add(PublishedStream stream)
        {
            lock (_gate)
            {
                if (Find(stream.Definition.Symbol) != null)
                {
                    return false;
                }
                _senders.Add(new StreamSender(stream, _replyNow));
                return true;
            }
        }

        /// <summary>Publish a stream no more; the server learns it with the next <c>hello</c>.</summary>
        /// <returns>False: it was not published.</returns>
        public bool Remove(PublishedStream stream)
        {
            lock (_gate)
            {
                var sender = Find(stream.Definition.Symbol);
                if (sender == null || sender.Stream != stream)
                {
                    return false;
                }
                _byIndex.Remove(sender.Index);
                return _senders.Remove(sender);
            }
        }

        /// <summary>Send a text about an order, a fill or a position when there is a connection; the oldest are dropped.</summary>
        public void Report(string text)
        {
            lock (_gate)
            {
                if (_reports.Count == MostReports)
                {
                    _reports.Dequeue();
                    _reportsDropped++;
                }
                _reports.Enqueue(text);
            }
        }

        /// <summary>Sending state of a symbol, or null; to look at, not to keep.</summary>
        public StreamSender Sender(string symbol)
        {
            lock (_gate)
            {
                return Find(symbol);
            }
        }

        /// <summary>The transport is open.</summary>
        /// <returns>The text of <c>hello</c>, the first message.</returns>
        public string Connected(long now)
        {
            lock (_gate)
            {
                Reset();
                _link = Link.Greeting;
                _heardAt = now;
                _heartbeatAt = now + _heartbeatNs;
                _hello.Takeover = _takeover;
                _hello.Instruments.Clear();
                foreach (var sender in _senders)
                {
                    _hello.Instruments.Add(sender.Stream.Definition);
                }
                return ClientMessages.Hello(_hello);
            }
        }

        /// <summary>The transport is gone; what was not acknowledged is sent again on the next one.</summary>
        public void Disconnected()
        {
            lock (_gate)
            {
                Reset();
            }
        }

        /// <summary>Somebody else has taken the streams over: nothing is taken back.</summary>
        public void Superseded()
        {
            lock (_gate)
            {
                _takeover = false;
            }
        }

        /// <summary>A message of the server.</summary>
        /// <remarks>Look at <see cref="Hopeless"/> afterwards.</remarks>
        public void Receive(ServerMessage message, long now)
        {
            lock (_gate)
            {
                _heardAt = now;
                switch (message.Type)
                {
                    case ServerMessageType.Welcome:
                        TakeWelcome(message.Welcome, now);
                        break;
                    case ServerMessageType.Ack:
                        TakeAck(message.Ack, now);
                        break;
                    case ServerMessageType.Resync:
                        TakeResync(message.Resync);
                        break;
                    case ServerMessageType.Heartbeat:
                        TakeHeartbeat(message.Heartbeat);
                        break;
                    case ServerMessageType.Error:
                        TakeError(message.Error);
                        break;
                }
            }
        }

        /// <summary>What to send now.</summary>
        /// <param name="now">Monotonic, ns.</param>
        /// <param name="wall">The clock, ns UTC.</param>
        /// <returns>Null: nothing. The object is used again by the next call.</returns>
        public Outgoing Next(long now, long wall)
        {
            lock (_gate)
            {
                if (_link != Link.Up)
                {
                    return null;
                }
                if (_reports.Count != 0)
                {
                    _outgoing.SetText(_reports.Dequeue());
                    return _outgoing;
                }
                // A heartbeat goes behind what waits, but a stream that never rests must not hold it back for ever.
                if (now >= _heartbeatAt + Second && NextHeartbeat(now))
                {
                    return _outgoing;
                }
                if (now - _second >= Second)
                {
                    _second = now;
                    _inSecond = 0;
                }
                if (_inSecond < MessagesPerSecond && NextOfStreams(now, wall))
                {
                    _inSecond++;
                    return _outgoing;
                }
                return NextHeartbeat(now) ? _outgoing : null;
            }
        }

        /// <summary>When <see cref="Next"/> has something to say, though nothing new came; monotonic ns.</summary>
        public long WakeAt(long now)
        {
            lock (_gate)
            {
                if (_link != Link.Up)
                {
                    return _heardAt + SilenceNs;
                }
                if (_inSecond >= MessagesPerSecond)
                {
                    return _second + Second;
                }
                return Math.Max(now, Math.Min(HoldsUntil(), Math.Min(_heartbeatAt, _heardAt + SilenceNs)));
            }
        }

        /// <summary>Whether the server was silent for so long that its connection must be given up.</summary>
        public bool IsSilent(long now)
        {
            lock (_gate)
            {
                return _link != Link.Down && now - _heardAt >= SilenceNs;
            }
        }

        /// <summary>The last message of the run.</summary>
        public string Bye()
        {
            lock (_gate)
            {
                var last = new List<KeyValuePair<int, long>>();
                foreach (var sender in _byIndex.Values)
                {
                    last.Add(new KeyValuePair<int, long>(sender.Index, sender.Sent - 1));
                }
                return ClientMessages.Bye(last, 0);
            }
        }

        private long HoldsUntil()
        {
            var until = long.MaxValue;
            foreach (var sender in _byIndex.Values)
            {
                until = sender.HoldsUntil == 0 ? until : Math.Min(until, sender.HoldsUntil);
            }
            return until;
        }

        private static bool IsSenderSettled(StreamSender sender)
        {
            return sender.IsSettled;
        }

        private static bool IsSenderBusy(StreamSender sender)
        {
            return sender.Refusal != null && sender.Refusal.IsBusy;
        }

        private void Reset()
        {
            _link = Link.Down;
            _byIndex.Clear();
            _errors.Clear();
            _pending.Clear();
            _hopeless = null;
            _toldPaused = false;
            foreach (var sender in _senders)
            {
                sender.Disconnected();
            }
        }

        private StreamSender Find(string symbol)
        {
            foreach (var sender in _senders)
            {
                if (sender.Stream.Definition.Symbol == symbol)
                {
                    return sender;
                }
            }
            return null;
        }

        private void TakeWelcome(WelcomeData welcome, long now)
        {
            _link = Link.Up;
            _welcome = welcome;
            _heartbeatNs = (long)(welcome.HeartbeatSeconds * Second);
            _heartbeatAt = now + _heartbeatNs;
            foreach (var sender in _senders)
            {
                int index;
                if (welcome.Streams.TryGetValue(sender.Stream.Definition.Symbol, out index))
                {
                    Begin(sender, index, welcome, now);
                }
                else
                {
                    sender.Refusal = ReasonFor(sender.Stream.Definition.Symbol);
                }
            }
            if (_byIndex.Count == 0 && _senders.Count != 0)
            {
                _hopeless = _senders[0].Refusal;
            }
            _errors.Clear();
        }

        private void Begin(StreamSender sender, int index, WelcomeData welcome, long now)
        {
            long resume;
            if (!welcome.ResumeFrom.TryGetValue(index, out resume))
            {
                resume = 1;
            }
            _byIndex[index] = sender;
            sender.Welcomed(index, resume, welcome.MaxBatch);
            if (resume > 1)
            {
                // A server that was away doubts the book until somebody speaks.
                _heartbeatAt = now;
            }
        }

        /// <summary>The refusal that names a symbol, or the last one.</summary>
        private Refusal ReasonFor(string symbol)
        {
            for (var i = _errors.Count - 1; i >= 0; i--)
            {
                if (_errors[i].Message.Contains(symbol))
                {
                    return _errors[i];
                }
            }
            return _errors.Count != 0
                ? _errors[_errors.Count - 1]
                : new Refusal("unknown_stream", "the server gave " + symbol + " no stream");
        }

        private void TakeAck(AckData ack, long now)
        {
            StreamSender sender;
            if (_byIndex.TryGetValue(ack.Stream, out sender))
            {
                // A server that stops before anything of this session is on its disk knows only the one before.
                _takeover = _takeover && ack.DurableSeq == 0;
                sender.Acknowledged(ack, now);
            }
        }

        private void TakeResync(ResyncData resync)
        {
            StreamSender sender;
            if (_byIndex.TryGetValue(resync.Stream, out sender))
            {
                sender.Resync(resync.From, resync.Reason);
            }
        }

        private void TakeHeartbeat(HeartbeatData heartbeat)
        {
            foreach (var last in heartbeat.Last)
            {
                StreamSender sender;
                if (_byIndex.TryGetValue(last.Key, out sender))
                {
                    sender.Compare(last.Value);
                }
            }
        }

        private void TakeError(ErrorData error)
        {
            StreamSender sender = null;
            if (error.Stream != null)
            {
                _byIndex.TryGetValue(error.Stream.Value, out sender);
            }
            if (Wire.IsHopeless(error.Code))
            {
                TakeRefusal(new Refusal(error.Code, error.Message), error.Fatal || !IsOfInstrument(error.Code), sender);
            }
            else if (sender != null && error.Seq != null)
            {
                if (error.Code == Wire.ErrorOutOfRange && error.Index == null)
                {
                    sender.TellPlainBooks();
                }
                sender.Refused(error.Seq.Value, error.Index == null);
            }
        }

        /// <summary>The same would be refused again.</summary>
        /// <param name="refusal">Why.</param>
        /// <param name="ofAll">Whether it is about the connection; else about one instrument.</param>
        /// <param name="sender">Whose, or null: of one that <c>hello</c> named, or of a report about an instrument that is not published.</param>
        private void TakeRefusal(Refusal refusal, bool ofAll, StreamSender sender)
        {
            if (ofAll)
            {
                _hopeless = refusal;
            }
            else if (_link != Link.Up)
            {
                // Welcome follows, and the other instruments go on.
                _errors.Add(refusal);
            }
            else if (sender != null)
            {
                _byIndex.Remove(sender.Index);
                sender.Disconnected();
                sender.Refusal = refusal;
                _hopeless = _byIndex.Count == 0 ? refusal : _hopeless;
            }
        }

        private static bool IsOfInstrument(string code)
        {
            return code == Wire.ErrorInstrumentBusy || code == Wire.ErrorUnknownInstrument
                || code == Wire.ErrorTickSizeConflict || code == Wire.ErrorBadTickSize;
        }

        /// <summary>One message of the next stream that has one, so that a loud one does not silence the others.</summary>
        private bool NextOfStreams(long now, long wall)
        {
            for (var i = 0; i < _senders.Count; i++)
            {
                _turn = _turn + 1 < _senders.Count ? _turn + 1 : 0;
                var sender = _senders[_turn];
                if (sender.Index >= 0 && sender.Next(_outgoing, now, wall))
                {
                    return true;
                }
            }
            return false;
        }

        private bool NextHeartbeat(long now)
        {
            var paused = _played && _senders.Exists(IsPaused);
            if (_pending.Count == 0 && (now >= _heartbeatAt || paused && !_toldPaused))
            {
                _heartbeatAt = now + _heartbeatNs;
                QueueHeartbeats(paused);
            }
            _toldPaused = paused;
            if (_pending.Count == 0)
            {
                return false;
            }
            _outgoing.SetText(_pending.Dequeue());
            return true;
        }

        private static bool IsPaused(StreamSender sender)
        {
            return sender.Stream.Paused;
        }

        /// <summary>One for each event time: instruments of one feed share it.</summary>
        private void QueueHeartbeats(bool paused)
        {
            var byTime = new SortedDictionary<long, List<KeyValuePair<int, long>>>();
            foreach (var sender in _byIndex.Values)
            {
                var time = sender.IsTold ? sender.ToldTime : 0;
                if (!byTime.ContainsKey(time))
                {
                    byTime.Add(time, new List<KeyValuePair<int, long>>());
                }
                if (sender.IsTold)
                {
                    byTime[time].Add(new KeyValuePair<int, long>(sender.Index, sender.Sent - 1));
                }
            }
            if (byTime.Count == 0)
            {
                byTime.Add(0, new List<KeyValuePair<int, long>>());
            }
            foreach (var beat in byTime)
            {
                _pending.Enqueue(ClientMessages.Heartbeat(beat.Value, beat.Key, paused));
            }
        }
    }
}
