using System;
using System.Globalization;
using System.Threading;

namespace Depthbridge
{
    /// <summary>Keeps a publisher connected: two threads around its core, and nothing else.</summary>
    /// <remarks>
    /// One thread opens and sends, one receives. Batching is natural: what has gathered while a frame was being sent
    /// is the next frame; there is no timer. When the WebSocket fails but the server answers requests, requests carry
    /// the data until a WebSocket opens again. Waits between attempts grow to 5 s; while nobody answers at all, whether
    /// somebody does again is asked once a second, and ends the wait: after a long absence, too, data flows soon.
    /// </remarks>
    public sealed class BridgePump
    {
        /// <summary>How long opening a connection may take.</summary>
        public const int OpenMs = 5000;

        private const int TickMs = 1000;
        private const int RefusedMs = 30000;
        private const int BusyMs = 5000;
        private const int TryWebSocketMs = 5000;
        private const int TryBusyMs = 10000;
        private const int DrainMs = 2000;
        private const int JoinMs = 3000;
        private const int MostRepeated = 3;
        private const long Millisecond = 1000000L;

        private readonly Publisher _publisher;
        private readonly ITransportFactory _factory;
        private readonly IPumpObserver _observer;
        private readonly IBridgeLog _log;
        private readonly SenderSignal _signal;
        private readonly IPumpClock _clock;
        private readonly Backoff _backoff = new Backoff();
        private readonly Random _random = new Random();
        private readonly object _starting = new object();
        private Thread _thread;
        private ITransport _transport;
        private ITransport _next;
        private int _stopping;
        private int _again;
        private int _leaving;
        private int _closed;
        private int _repeated;
        private bool _unanswered;
        private long _askAt;
        private long _connections;
        private bool _viaHttp;
        private volatile string _failure = "";
        private LogEvent _lastLogged;

        /// <summary>Prepare; nothing runs yet.</summary>
        /// <param name="publisher">The core.</param>
        /// <param name="factory">Gives connections.</param>
        /// <param name="observer">Hears what happens.</param>
        /// <param name="log">Where events go.</param>
        /// <param name="signal">Wakes the sending thread; the streams have it too.</param>
        /// <param name="clock">Its time.</param>
        public BridgePump(
            Publisher publisher, ITransportFactory factory, IPumpObserver observer, IBridgeLog log, SenderSignal signal, IPumpClock clock)
        {
            _publisher = publisher;
            _factory = factory;
            _observer = observer;
            _log = log;
            _signal = signal;
            _clock = clock;
        }

        /// <summary>Connections that were welcomed so far.</summary>
        public long Connections
        {
            get { return Interlocked.Read(ref _connections); }
        }

        /// <summary>Whether requests carry the data at present.</summary>
        public bool ViaHttp
        {
            get { return Volatile.Read(ref _viaHttp); }
        }

        /// <summary>Run until <see cref="Stop"/>; only the first call does anything.</summary>
        public void Start()
        {
            lock (_starting)
            {
                if (_thread != null || IsStopping)
                {
                    return;
                }
                _thread = new Thread(Run) { IsBackground = true, Name = "Depthbridge sender" };
                _thread.Start();
            }
        }

        /// <summary>Begin the connection anew, to say <c>hello</c> with other streams.</summary>
        public void Restart()
        {
            Volatile.Write(ref _again, 1);
            _signal.Set();
        }

        /// <summary>The same, with <c>bye</c> before it: an instrument that is no longer named is free at once, not after 30 s.</summary>
        public void Leave()
        {
            Volatile.Write(ref _leaving, 1);
            Restart();
        }

        /// <summary>Send what waits, say <c>bye</c>, end both threads.</summary>
        /// <param name="milliseconds">Longest wait; then the connection is dropped.</param>
        public void Stop(int milliseconds)
        {
            Thread thread;
            lock (_starting)
            {
                Volatile.Write(ref _stopping, 1);
                thread = _thread;
            }
            _signal.Set();
            if (thread == null || thread.Join(milliseconds))
            {
                return;
            }
            var transport = Volatile.Read(ref _transport);
            if (transport != null)
            {
                transport.Close();
            }
        }

        private bool IsStopping
        {
            get { return Volatile.Read(ref _stopping) != 0; }
        }

        private void Run()
        {
            while (!IsStopping)
            {
                try
                {
                    var wait = Connect();
                    if (!IsStopping && wait > 0)
                    {
                        Rest(wait);
                    }
                }
                catch (Exception defect)
                {
                    // NinjaTrader must not fall with us; whatever it was, a fresh connection begins from a known state.
                    Down(LogEvents.Defect, defect.ToString());
                    _publisher.Disconnected();
                    Rest(TickMs);
                }
            }
            _log.Write(LogEvents.Stopped, "");
        }

        /// <summary>One connection from opening to closing.</summary>
        /// <returns>How long to wait before the next, ms.</returns>
        private int Connect()
        {
            // What was asked for before now this attempt does; only what comes later may cut the wait behind it short.
            Volatile.Write(ref _leaving, 0);
            Volatile.Write(ref _again, 0);
            _unanswered = false;
            Refusal refused;
            var transport = Open(out refused);
            if (transport == null)
            {
                return refused == null ? NextWait() : Refuse(refused);
            }
            Volatile.Write(ref _transport, transport);
            var session = new Session(transport);
            var reason = "";
            try
            {
                Serve(session);
            }
            catch (TransportFault fault)
            {
                reason = fault.Message;
            }
            finally
            {
                transport.Close();
                session.Join(JoinMs);
                Volatile.Write(ref _transport, null);
            }
            return Judge(session, reason);
        }

        private ITransport Open(out Refusal refused)
        {
            refused = null;
            var ready = _next;
            _next = null;
            if (ready != null)
            {
                return ready;
            }
            var socket = _factory.WebSocket();
            try
            {
                socket.Open(OpenMs);
                Volatile.Write(ref _viaHttp, false);
                return socket;
            }
            catch (TransportFault fault)
            {
                socket.Close();
                return OpenHttp(fault, out refused);
            }
        }

        private ITransport OpenHttp(TransportFault fault, out Refusal refused)
        {
            refused = fault.Status == 401 ? new Refusal(Wire.ErrorUnauthorised, "the token is missing or wrong") : null;
            _unanswered = refused == null && !IsStopping && !_factory.IsHealthy();
            if (refused != null || IsStopping || _unanswered)
            {
                Down(LogEvents.NoServer, fault.Message);
                return null;
            }
            var http = _factory.Http();
            try
            {
                http.Open(OpenMs);
            }
            catch (TransportFault second)
            {
                http.Close();
                Down(LogEvents.NoServer, second.Message);
                return null;
            }
            Volatile.Write(ref _viaHttp, true);
            _failure = fault.Message;
            return http;
        }

        /// <summary>Send until the connection, or the run, ends.</summary>
        private void Serve(Session session)
        {
            Volatile.Write(ref _again, 0);
            var transport = session.Transport;
            // The core must be in its new state before the first answer can come.
            var hello = _publisher.Connected(_clock.MonotonicNs);
            session.Thread = new Thread(delegate() { Receive(session); }) { IsBackground = true, Name = "Depthbridge receiver" };
            session.Thread.Start();
            transport.SendText(hello);
            var tick = 0L;
            var tryAt = _clock.MonotonicNs + TryWebSocketMs * Millisecond;
            var drained = long.MaxValue;
            while (!session.IsOver && _publisher.Hopeless == null && Volatile.Read(ref _again) == 0)
            {
                var now = _clock.MonotonicNs;
                if (IsStopping)
                {
                    drained = Math.Min(drained, now + DrainMs * Millisecond);
                }
                if (now >= tick)
                {
                    tick = now + TickMs * Millisecond;
                    _observer.OnTick();
                    if (_publisher.IsSilent(now))
                    {
                        Log(LogEvents.Silent, "");
                        return;
                    }
                }
                // Requests may be too slow for the data: then this thread never rests, and tries the WebSocket all the same.
                var overdue = ViaHttp && now >= tryAt + TryBusyMs * Millisecond;
                if (SendNext(transport, now) && now < drained && !overdue)
                {
                    continue;
                }
                if (IsStopping && (now >= drained || !_publisher.IsHolding))
                {
                    SayBye(session);
                    return;
                }
                if (ViaHttp && now >= tryAt)
                {
                    if (TryWebSocket())
                    {
                        return;
                    }
                    tryAt = _clock.MonotonicNs + TryWebSocketMs * Millisecond;
                }
                Doze(transport, now);
            }
            if (Interlocked.Exchange(ref _leaving, 0) != 0 && !session.IsOver)
            {
                SayBye(session);
            }
        }

        private bool SendNext(ITransport transport, long now)
        {
            var outgoing = _publisher.Next(now, _clock.WallNs);
            if (outgoing == null)
            {
                return false;
            }
            if (outgoing.Text != null)
            {
                transport.SendText(outgoing.Text);
            }
            else
            {
                transport.SendFrame(outgoing.Buffer, outgoing.Count);
            }
            return true;
        }

        /// <summary>Sleep until there is something to do; see <see cref="SenderSignal"/> for why nothing is missed.</summary>
        private void Doze(ITransport transport, long now)
        {
            // While records are held back, new ones need not wake this thread: the answer does.
            if (!_publisher.IsHolding)
            {
                _signal.Doze();
                if (SendNext(transport, now))
                {
                    _signal.Rise();
                    return;
                }
                if (_publisher.IsHolding)
                {
                    _signal.Rise();
                }
            }
            var wait = (_publisher.WakeAt(now) - now) / Millisecond;
            _clock.Sleep(_signal, (int)Math.Min(Math.Max(wait, 1), TickMs));
        }

        private void SayBye(Session session)
        {
            if (_publisher.Link == Link.Up)
            {
                session.Transport.SendText(_publisher.Bye());
            }
        }

        /// <summary>Whether the WebSocket works again; then the next connection is that one.</summary>
        private bool TryWebSocket()
        {
            var socket = _factory.WebSocket();
            try
            {
                socket.Open(OpenMs);
            }
            catch (TransportFault)
            {
                socket.Close();
                return false;
            }
            _next = socket;
            Volatile.Write(ref _viaHttp, false);
            Log(LogEvents.HttpLeft, "");
            return true;
        }

        private void Receive(Session session)
        {
            try
            {
                while (true)
                {
                    ServerMessage message;
                    try
                    {
                        message = session.Transport.Receive();
                    }
                    catch (JsonFault nonsense)
                    {
                        _log.Write(LogEvents.Nonsense, nonsense.Message);
                        continue;
                    }
                    if (message == null)
                    {
                        return;
                    }
                    Take(message);
                }
            }
            catch (TransportFault fault)
            {
                session.Fault = fault.Message;
            }
            catch (Exception defect)
            {
                session.Fault = defect.Message;
                _log.Write(LogEvents.Defect, defect.ToString());
            }
            finally
            {
                session.IsOver = true;
                _signal.Set();
            }
        }

        private void Take(ServerMessage message)
        {
            _publisher.Receive(message, _clock.MonotonicNs);
            if (message.Type == ServerMessageType.Welcome)
            {
                _backoff.Reset();
                Interlocked.Increment(ref _connections);
                Log(ViaHttp ? LogEvents.HttpTaken : LogEvents.Connected, ViaHttp ? _failure : "");
            }
            if (_publisher.IsHolding)
            {
                _signal.Set();
            }
            _signal.Wake();
            _observer.OnMessage(message);
        }

        /// <summary>Why a connection ended, and how long to wait before the next one.</summary>
        private int Judge(Session session, string reason)
        {
            if (session.Transport.CloseCode == Wire.CloseSuperseded)
            {
                _publisher.Superseded();
            }
            var hopeless = _publisher.Hopeless ?? RefusalOf(session.Transport);
            var wanted = _next != null || Volatile.Read(ref _again) != 0;
            var up = _publisher.Link == Link.Up;
            _publisher.Disconnected();
            if (IsStopping || wanted)
            {
                return 0;
            }
            if (hopeless != null)
            {
                return Refuse(hopeless);
            }
            var detail = session.Transport.CloseCode != 0
                ? session.Transport.CloseCode.ToString(CultureInfo.InvariantCulture) + " " + session.Transport.CloseReason
                : reason.Length != 0 ? reason : session.Fault;
            Down(up ? LogEvents.Disconnected : LogEvents.NoServer, detail);
            return NextWait();
        }

        /// <summary>Close codes that the same hello would meet again.</summary>
        /// <remarks>
        /// Superseded may be by an older connection of our own that was late, and too large may be a length that was
        /// damaged on the way: trying again tells.
        /// </remarks>
        private Refusal RefusalOf(ITransport transport)
        {
            var code = transport.CloseCode;
            _repeated = code == _closed ? _repeated + 1 : 1;
            _closed = code;
            switch (code)
            {
                case Wire.CloseProtocol:
                    return new Refusal(Wire.ErrorProtocolVersion, transport.CloseReason);
                case Wire.CloseUnauthorised:
                    return new Refusal(Wire.ErrorUnauthorised, transport.CloseReason);
                case Wire.CloseTooLarge:
                    return _repeated < MostRepeated ? null : new Refusal("too_large", transport.CloseReason);
                case Wire.CloseSuperseded:
                    return _repeated < MostRepeated
                        ? null
                        : new Refusal(Wire.ErrorNotPublisher, "another program publishes under this session");
                default:
                    return null;
            }
        }

        private int Refuse(Refusal refusal)
        {
            Log(LogEvents.Refused, refusal.Code + ": " + refusal.Message);
            _observer.OnDown(refusal.Message.Length == 0 ? refusal.Code : refusal.Message);
            return refusal.IsBusy ? BusyMs : RefusedMs;
        }

        private void Down(LogEvent what, string detail)
        {
            Log(what, detail);
            _observer.OnDown(detail);
        }

        private int NextWait()
        {
            return (int)(_backoff.Next(_random.NextDouble()) * 1000);
        }

        /// <summary>Wait, but tick, and end early when stopped, begun anew, or answered again.</summary>
        private void Rest(int milliseconds)
        {
            var until = _clock.MonotonicNs + milliseconds * Millisecond;
            _askAt = _clock.MonotonicNs + TickMs * Millisecond;
            while (!IsStopping && Volatile.Read(ref _again) == 0)
            {
                _observer.OnTick();
                var now = _clock.MonotonicNs;
                var left = (until - now) / Millisecond;
                if (left <= 0 || IsBack(now))
                {
                    return;
                }
                _clock.Sleep(_signal, (int)Math.Min(left, TickMs));
            }
            Volatile.Write(ref _again, 0);
        }

        /// <summary>Whether somebody answers who did not at the last attempt; asked once a second.</summary>
        /// <remarks>A server that answers but refuses is left alone until the wait is over.</remarks>
        private bool IsBack(long now)
        {
            if (!_unanswered || now < _askAt)
            {
                return false;
            }
            var answered = _factory.IsHealthy();
            _askAt = _clock.MonotonicNs + TickMs * Millisecond;
            return answered;
        }

        /// <summary>Log an event; the same failure again and again is told once.</summary>
        private void Log(LogEvent what, string detail)
        {
            if (what == _lastLogged && (what == LogEvents.NoServer || what == LogEvents.Refused))
            {
                return;
            }
            _lastLogged = what;
            _log.Write(what, detail);
        }

        /// <summary>What both threads know of a connection.</summary>
        private sealed class Session
        {
            private int _over;

            public Session(ITransport transport)
            {
                Transport = transport;
                Fault = "";
            }

            public readonly ITransport Transport;
            public Thread Thread;
            public volatile string Fault;

            public bool IsOver
            {
                get { return Volatile.Read(ref _over) != 0; }
                set { Volatile.Write(ref _over, value ? 1 : 0); }
            }

            public void Join(int milliseconds)
            {
                if (Thread != null)
                {
                    Thread.Join(milliseconds);
                }
            }
        }
    }
}
