using System;
using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>The streams of one source and one set of settings, over one connection that is kept up.</summary>
    /// <remarks>Every call may come from any thread; none blocks but <see cref="Stop"/>.</remarks>
    public sealed class BridgeConnection : IPumpObserver
    {
        private const int BusyTicks = 30;

        private readonly Publisher _publisher;
        private readonly BridgePump _pump;
        private readonly IPumpClock _clock;
        private readonly SenderSignal _signal = new SenderSignal();
        private readonly StatusBoard _board = new StatusBoard();
        private readonly object _changing = new object();
        private readonly Dictionary<string, ClusterStore> _clusters = new Dictionary<string, ClusterStore>(StringComparer.Ordinal);
        private volatile IBridgeListener[] _listeners = new IBridgeListener[0];
        private int _busyTicks;
        private long _overrun;

        /// <summary>Prepare a connection to a real server; nothing is connected yet.</summary>
        public BridgeConnection(BridgeOptions options, IBridgeLog log)
            : this(options, log, new TransportFactory(options, log), new PumpClock())
        {
        }

        /// <summary>Prepare; nothing is connected yet.</summary>
        /// <param name="options">What to say and where.</param>
        /// <param name="log">Where events go.</param>
        /// <param name="factory">Gives connections.</param>
        /// <param name="clock">Its time.</param>
        public BridgeConnection(BridgeOptions options, IBridgeLog log, ITransportFactory factory, IPumpClock clock)
        {
            _clock = clock;
            Options = options;
            Log = log;
            _publisher = new Publisher(options.Hello, options.ReplyNow);
            _pump = new BridgePump(_publisher, factory, this, log, _signal, clock);
        }

        /// <summary>As it was made.</summary>
        public BridgeOptions Options { get; private set; }

        /// <summary>Where events go.</summary>
        public IBridgeLog Log { get; private set; }

        /// <summary>The core: for tests and for those who want to know more.</summary>
        public Publisher Publisher
        {
            get { return _publisher; }
        }

        /// <summary>Connections that were welcomed so far.</summary>
        public long Connections
        {
            get { return _pump.Connections; }
        }

        /// <summary>Whether requests carry the data at present, because the WebSocket fails.</summary>
        public bool ViaHttp
        {
            get { return _pump.ViaHttp; }
        }

        /// <summary>Publish one more stream; an open connection is begun anew with it, under the same session.</summary>
        /// <returns>False: its symbol is published already.</returns>
        public bool Add(PublishedStream stream)
        {
            lock (_changing)
            {
                if (!_publisher.Add(stream))
                {
                    return false;
                }
                _clusters[stream.Definition.Symbol] = new ClusterStore();
                _board.Add(stream, _clock.MonotonicNs);
            }
            stream.Attach(_signal);
            _pump.Restart();
            return true;
        }

        /// <summary>Publish a stream no more.</summary>
        /// <returns>False: it was not published.</returns>
        public bool Remove(PublishedStream stream)
        {
            lock (_changing)
            {
                if (!_publisher.Remove(stream))
                {
                    return false;
                }
                _clusters.Remove(stream.Definition.Symbol);
                _board.Remove(stream.Definition.Symbol);
            }
            stream.Attach(null);
            _pump.Leave();
            return true;
        }

        /// <summary>Let a listener hear everything from now on.</summary>
        public void AddListener(IBridgeListener listener)
        {
            lock (_changing)
            {
                var listeners = new List<IBridgeListener>(_listeners);
                listeners.Add(listener);
                _listeners = listeners.ToArray();
            }
        }

        /// <summary>Let a listener hear nothing more; a call that is under way may still end.</summary>
        public void RemoveListener(IBridgeListener listener)
        {
            lock (_changing)
            {
                var listeners = new List<IBridgeListener>(_listeners);
                listeners.Remove(listener);
                _listeners = listeners.ToArray();
            }
        }

        /// <summary>Connect, and keep connected until <see cref="Stop"/>; only the first call does anything.</summary>
        public void Start()
        {
            _pump.Start();
        }

        /// <summary>Send what waits, say <c>bye</c>, close; returns when that is done or the time is over.</summary>
        public void Stop(int milliseconds)
        {
            _pump.Stop(milliseconds);
            OnDown("stopped");
        }

        /// <summary>Send a message of <see cref="ClientMessages"/> about an order, a fill or a position.</summary>
        public void Report(string text)
        {
            _publisher.Report(text);
            _signal.Wake();
        }

        /// <summary>Whether the feed of a stream has depth; false leads to NO LEVEL II.</summary>
        public void SetLevelTwo(string symbol, bool has)
        {
            var sender = _publisher.Sender(symbol);
            if (sender != null)
            {
                sender.Stream.LevelOneOnly = !has;
                TellStatus();
            }
        }

        /// <summary>State of a stream; of an unknown one that of the connection.</summary>
        public BridgeStatus Status(string symbol)
        {
            var sender = _publisher.Sender(symbol);
            return sender == null
                ? _board.Status(symbol, long.MinValue, -1)
                : _board.Status(symbol, sender.Lag, sender.RoundTrip);
        }

        /// <summary>The clusters of a stream that live now, or null for an unknown one.</summary>
        public ClusterStore Clusters(string symbol)
        {
            lock (_changing)
            {
                ClusterStore found;
                return symbol != null && _clusters.TryGetValue(symbol, out found) ? found : null;
            }
        }

        void IPumpObserver.OnMessage(ServerMessage message)
        {
            switch (message.Type)
            {
                case ServerMessageType.Welcome:
                    TakeWelcome(message.Welcome);
                    break;
                case ServerMessageType.Metrics:
                    _board.Phase(message.Metrics.Instrument, message.Metrics.Phase);
                    Tell(delegate(IBridgeListener listener) { listener.OnMetrics(message.Metrics.Instrument, message.Metrics); });
                    break;
                case ServerMessageType.Clusters:
                    TakeClusters(message.Clusters);
                    break;
                case ServerMessageType.Signal:
                    Tell(delegate(IBridgeListener listener) { listener.OnSignal(message.Signal.Instrument, message.Signal); });
                    break;
                case ServerMessageType.Resync:
                    Log.Write(LogEvents.Resync, message.Resync.Reason + " from " + message.Resync.From.ToString(CultureInfo.InvariantCulture));
                    break;
                case ServerMessageType.Error:
                    Log.Write(LogEvents.FrameRefused, message.Error.Code + ": " + message.Error.Message);
                    TellRefusals();
                    break;
            }
            TellStatus();
        }

        void IPumpObserver.OnDown(string reason)
        {
            OnDown(reason);
        }

        void IPumpObserver.OnTick()
        {
            TellStatus();
            TellOverrun();
            // A session that holds one of several instruments may be gone by now.
            if (_publisher.Link == Link.Up && _publisher.IsAnyBusy && ++_busyTicks >= BusyTicks)
            {
                _busyTicks = 0;
                _pump.Restart();
            }
        }

        private void OnDown(string reason)
        {
            _board.Disconnected(reason);
            TellStatus();
        }

        private void TakeWelcome(WelcomeData welcome)
        {
            _board.Connected(welcome.Server);
            TellRefusals();
        }

        private void TellRefusals()
        {
            foreach (var symbol in Symbols())
            {
                var sender = _publisher.Sender(symbol);
                _board.Refused(symbol, sender == null ? null : sender.Refusal);
            }
        }

        private List<string> Symbols()
        {
            lock (_changing)
            {
                return new List<string>(_clusters.Keys);
            }
        }

        private void TakeClusters(ClustersData clusters)
        {
            var store = Clusters(clusters.Instrument);
            if (store == null)
            {
                return;
            }
            var changes = store.Apply(clusters);
            Tell(delegate(IBridgeListener listener) { listener.OnClusters(clusters.Instrument, store, changes); });
        }

        private void TellStatus()
        {
            foreach (var symbol in _board.Changes(_clock.MonotonicNs))
            {
                var status = Status(symbol);
                var name = symbol;
                Tell(delegate(IBridgeListener listener) { listener.OnStatus(name, status); });
            }
        }

        private void TellOverrun()
        {
            var overrun = 0L;
            foreach (var symbol in Symbols())
            {
                var sender = _publisher.Sender(symbol);
                overrun += sender == null ? 0 : sender.Stream.Counters.Overrun;
            }
            if (overrun > _overrun)
            {
                Log.Write(LogEvents.Overrun, overrun.ToString(CultureInfo.InvariantCulture));
            }
            _overrun = overrun;
        }

        private void Tell(Action<IBridgeListener> what)
        {
            foreach (var listener in _listeners)
            {
                try
                {
                    what(listener);
                }
                catch (Exception defect)
                {
                    Log.Write(LogEvents.ListenerFailed, defect.ToString());
                }
            }
        }
    }
}
