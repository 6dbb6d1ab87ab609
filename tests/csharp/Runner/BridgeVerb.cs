using System;
using System.Collections.Generic;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>
    /// A connection on real sockets, driven line by line: BridgeVerb HOST:PORT TOKENFILE SOURCE CAPACITY PACE. Its time goes
    /// so many times as fast. A line is a list: a command and its arguments (see Do); the answer is what the call gave, or null.
    /// </summary>
    public sealed class BridgeVerb : IBridgeLog, IBridgeListener
    {
        private readonly Dictionary<string, PublishedStream> _streams = new Dictionary<string, PublishedStream>();
        private readonly List<string> _log = new List<string>();
        private readonly List<string> _heard = new List<string>();
        private readonly List<long> _greeted = new List<long>();
        private readonly string[] _arguments;
        private BridgeConnection _connection;
        private int _capacity;
        private PublishedStream _stream;
        private long _metrics;
        private long _changes;

        private BridgeVerb(string[] arguments)
        {
            _arguments = arguments;
            Open(arguments[0], int.Parse(arguments[3]));
            Add("ES 12-26");
        }

        public static int Run(string[] arguments)
        {
            var verb = new BridgeVerb(arguments);
            return Lines.Answer(line => Lines.Json(json => verb.Do(new Words(JsonParser.Parse(line).Items), json)));
        }

        public void Write(LogEvent what, string detail)
        {
            lock (_log)
            {
                if (what == LogEvents.Connected || what == LogEvents.HttpTaken)
                {
                    _greeted.Add(BridgeClock.WallNs);
                }
                _log.Add(what.Id + " " + detail.Split('\n')[0]);
            }
        }

        public void OnClusters(string symbol, ClusterStore clusters, ClusterChange[] changes)
        {
            Interlocked.Add(ref _changes, changes.Length);
        }

        public void OnSignal(string symbol, SignalData signal)
        {
        }

        public void OnMetrics(string symbol, MetricsData metrics)
        {
            Interlocked.Increment(ref _metrics);
        }

        public void OnStatus(string symbol, BridgeStatus status)
        {
            bool first;
            lock (_heard)
            {
                first = _heard.Count == 0;
                _heard.Add(symbol + " " + status);
            }
            if (first)
            {
                throw new InvalidOperationException("a listener that throws harms nobody");
            }
        }

        private void Do(Words words, JsonWriter json)
        {
            var command = words.Text(0);
            switch (command)
            {
                case "start":
                    _connection.Start();
                    break;
                case "stop":
                    _connection.Stop((int)words.Long(1));
                    break;
                case "fresh":
                    // address, symbol, capacity, milliseconds to end the one before: another run of the publisher, with a stream of its own
                    _connection.Stop((int)words.Long(4));
                    Open(words.Text(1), (int)words.Long(3));
                    Add(words.Text(2));
                    break;
                case "collect":
                    GC.Collect();
                    break;
                case "greeted":
                    lock (_log)
                    {
                        json.Value((object)new List<long>(_greeted));
                    }
                    return;
                case "stream":
                    if (!_streams.TryGetValue(words.Text(1), out _stream))
                    {
                        Add(words.Text(1));
                    }
                    break;
                case "drop":
                    _connection.Remove(_stream);
                    break;
                case "report":
                    _connection.Report(words.Text(1));
                    break;
                case "market":
                    // seed, first, count, records per second (0: at once)
                    json.Value(Market.Walk(_stream, (int)words.Long(1), words.Long(2), words.Long(3), words.Long(4)));
                    return;
                case "threads":
                    json.Value(Market.Threads(_stream, (int)words.Long(1), words.Long(2)));
                    return;
                case "settle":
                    json.Value(Settle(words.Long(1)));
                    return;
                case "state":
                    State(json);
                    return;
                default:
                    json.Value(Feed.Do(_stream, command, words));
                    return;
            }
            json.Null();
        }

        private void Open(string address, int capacity)
        {
            var hello = new Hello(Guid.NewGuid().ToString("D"), _arguments[2]) { Client = "runner", UseL3 = true };
            hello.Topics.Add("metrics");
            hello.Topics.Add("clusters");
            var colon = address.LastIndexOf(':');
            var options = new BridgeOptions(hello)
            {
                Host = address.Substring(0, colon),
                Port = int.Parse(address.Substring(colon + 1)),
                TokenFile = _arguments[1]
            };
            lock (_log)
            {
                _log.Clear();
                _greeted.Clear();
            }
            lock (_heard)
            {
                _heard.Clear();
            }
            _streams.Clear();
            _capacity = capacity;
            var clock = new PacedClock(int.Parse(_arguments[4]));
            _connection = new BridgeConnection(options, this, new TransportFactory(options, this), clock);
            _connection.AddListener(this);
        }

        private void Add(string symbol)
        {
            _stream = new PublishedStream(new StreamDefinition(symbol, 0.25, 1, 50, 10), _capacity);
            _streams[symbol] = _stream;
            _connection.Add(_stream);
        }

        /// <summary>Wait until everything is acknowledged; false: it did not come to that in so many milliseconds.</summary>
        private bool Settle(long milliseconds)
        {
            var until = BridgeClock.MonotonicNs + milliseconds * 1000000;
            while (BridgeClock.MonotonicNs < until)
            {
                if (_connection.Publisher.Link == Link.Up && _connection.Publisher.IsSettled)
                {
                    return true;
                }
                Thread.Sleep(5);
            }
            return false;
        }

        private void State(JsonWriter json)
        {
            var symbol = _stream.Definition.Symbol;
            var status = _connection.Status(symbol);
            var sender = _connection.Publisher.Sender(symbol);
            json.BeginObject().Member("status", status.Title).Member("reason", status.Reason).Member("server", status.ServerVersion);
            json.Member("lag", status.Lag).Member("round_trip", status.RoundTrip).Member("connections", _connection.Connections);
            json.Member("http", _connection.ViaHttp).Member("end", _stream.End).Member("acked", _stream.Acked);
            json.Member("metrics", Interlocked.Read(ref _metrics)).Member("changes", Interlocked.Read(ref _changes));
            json.Member("losses", sender == null ? -1 : sender.Losses).Member("resyncs", sender == null ? -1 : sender.Resyncs);
            json.Member("refusals", sender == null ? -1 : sender.Refusals).Member("seed_wanted", _stream.SeedWanted);
            json.Name("bids").Value((object)Feed.Rows(_stream, Wire.SideBid));
            json.Name("asks").Value((object)Feed.Rows(_stream, Wire.SideAsk));
            json.Name("counters").Value((object)Feed.Counted(_stream.Counters));
            var store = _connection.Clusters(symbol);
            var ids = new List<object>();
            foreach (var cluster in store == null ? new ClusterData[0] : store.Active)
            {
                ids.Add(cluster.Id);
            }
            json.Name("clusters").Value((object)ids);
            lock (_log)
            {
                json.Name("log").Value((object)_log);
            }
            lock (_heard)
            {
                json.Name("heard").Value((object)_heard);
            }
            json.EndObject();
        }
    }
}
