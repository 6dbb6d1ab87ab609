using System;
using System.Collections.Generic;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>
    /// A connection without sockets whose time stands still until it is moved, driven line by line. A line is a list: a
    /// command and its arguments (see Do); the answer is what the call gave, or null. The script is the server.
    /// </summary>
    public sealed class PumpVerb : IBridgeLog
    {
        private const string Session = "00000000-0000-4000-8000-000000000021";
        private const int StopMs = 5000;
        private const int HeldMs = 50;
        private const int PatienceMs = 10000;
        private readonly List<string> _log = new List<string>();
        private FakeClock _clock;
        private FakeTransportFactory _factory;
        private BridgeConnection _connection;
        private PublishedStream _stream;

        public static int Run(string[] arguments)
        {
            var verb = new PumpVerb();
            return Lines.Answer(line => Lines.Json(json => verb.Do(new Words(JsonParser.Parse(line).Items), json)));
        }

        public void Write(LogEvent what, string detail)
        {
            lock (_log)
            {
                _log.Add(what.Id + " " + detail.Split('\n')[0]);
            }
        }

        private void Do(Words words, JsonWriter json)
        {
            var command = words.Text(0);
            switch (command)
            {
                case "new":
                    New(words.Has(1) ? words.Text(1) : "live");
                    break;
                case "stream":
                    Add(words.Text(1));
                    break;
                case "plan":
                    _factory.Plan(words.Text(1), Opening(words));
                    break;
                case "healthy":
                    _factory.IsServerHealthy = words.Flag(1);
                    break;
                case "start":
                    _connection.Start();
                    Settle();
                    break;
                case "stop":
                    _connection.Stop(StopMs);
                    break;
                case "hold":
                    _factory.Current.Hold(true);
                    break;
                case "stop-held":
                    StopHeld();
                    break;
                case "busy":
                    KeepBusy(words.Long(1));
                    break;
                case "advance":
                    _clock.Advance(words.Long(1));
                    Settle();
                    break;
                case "hear":
                    _factory.Current.Hear(words.Text(1));
                    Settle();
                    break;
                case "report":
                    _connection.Report(words.Text(1));
                    break;
                case "limit":
                    _factory.Current.Limit((int)words.Long(1));
                    break;
                case "close":
                    _factory.Current.End((int)words.Long(1), words.Text(2));
                    Settle();
                    break;
                case "break":
                    _factory.Current.Break(new TransportFault(words.Text(1), 0));
                    Settle();
                    break;
                case "settle":
                    Settle();
                    break;
                case "done":
                    // what was done with connections since the last time; waits for the first of it, real milliseconds
                    json.Value((object)_factory.Take((int)words.Long(1)));
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

        /// <summary>plan, kind, message, status: so an opening of that kind fails. No message: it succeeds; status -1: it has a defect.</summary>
        private static FakeOpening Opening(Words words)
        {
            var message = words.Text(2);
            var status = (int)words.Long(3);
            if (message.Length == 0)
            {
                return FakeOpening.Sound;
            }
            return new FakeOpening(status < 0 ? (Exception)new InvalidOperationException(message) : new TransportFault(message, status));
        }

        private void New(string source)
        {
            if (_connection != null)
            {
                _connection.Stop(StopMs);
            }
            _log.Clear();
            _clock = new FakeClock();
            _factory = new FakeTransportFactory();
            var options = new BridgeOptions(new Hello(Session, source) { Client = "test" }) { ReplyNow = false };
            _connection = new BridgeConnection(options, this, _factory, _clock);
            Add("ES 12-26");
        }

        private void Add(string symbol)
        {
            _stream = new PublishedStream(new StreamDefinition(symbol, 0.25, 1, 50, 10), RecordRing.DefaultCapacity);
            _connection.Add(_stream);
        }

        /// <summary>From now on a request takes so many milliseconds, and when it is answered the next record is there.</summary>
        private void KeepBusy(long milliseconds)
        {
            _factory.WhenPosted = delegate(FakeTransport transport, long last)
            {
                _clock.Advance(milliseconds);
                transport.Hear("{\"type\":\"ack\",\"stream\":0,\"seq\":" + last + ",\"durable_seq\":null}");
                if (!SpinWait.SpinUntil(() => transport.IsQuiet, PatienceMs))
                {
                    throw new InvalidOperationException("the answer was not acted upon");
                }
                _stream.Quote(_stream.NewestTime + 1, Wire.SideBid, 18000, 5);
            };
        }

        /// <summary>Stop while the sender waits in a call, and let it go on only then.</summary>
        private void StopHeld()
        {
            var stopping = new Thread(delegate() { _connection.Stop(StopMs); });
            stopping.Start();
            Thread.Sleep(HeldMs);
            _factory.Current.Hold(false);
            stopping.Join();
        }

        /// <summary>Until receiver and sender have nothing to do, as long as time stands still.</summary>
        private void Settle()
        {
            _clock.AwaitSleep();
            do
            {
                if (!SpinWait.SpinUntil(() => _factory.IsQuiet, PatienceMs))
                {
                    throw new InvalidOperationException("what came in was not acted upon");
                }
                _clock.Settle();
            }
            while (!_factory.IsQuiet);
        }

        private void State(JsonWriter json)
        {
            var status = _connection.Status(_stream.Definition.Symbol);
            json.BeginObject().Member("status", status.Title).Member("reason", status.Reason).Member("http", _connection.ViaHttp);
            json.Member("connections", _connection.Connections).Member("settled", _connection.Publisher.IsSettled);
            json.Member("end", _stream.End).Member("since", status.Since).Member("asked", _clock.Asked);
            lock (_log)
            {
                json.Name("log").Value((object)_log);
            }
            json.EndObject();
        }
    }
}
