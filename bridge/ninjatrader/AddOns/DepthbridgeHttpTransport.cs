using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading;

namespace Depthbridge
{
    /// <summary>The server by single requests, for when its WebSocket does not work.</summary>
    /// <remarks>
    /// Frames are posted as they are; what the answers say becomes the messages that a WebSocket would bring. A frame
    /// without records asks where the server stands: that is how <c>hello</c> and heartbeats are answered, and how the
    /// phase of a market that rests is known. For a check,
    /// once a second at most, the server's book is asked for and compared here. What has no request of its own (names
    /// of makers, a pause, <c>bye</c>) is not sent: it waits for the WebSocket.
    /// </remarks>
    public sealed class HttpTransport : ITransport
    {
        private const int RequestMs = 10000;
        private const int Connections = 8;
        private const long CheckNs = 1000000000L;
        private const string Binary = "application/octet-stream";
        private const string Json = "application/json";

        private static readonly HttpClient Client = MakeClient();

        private readonly string _address;
        private readonly string _token;
        private readonly List<HttpStream> _streams = new List<HttpStream>();
        private readonly Queue<ServerMessage> _answers = new Queue<ServerMessage>();
        private readonly byte[] _probe = new byte[Wire.HeaderSize];
        private readonly BookChecksum _checksum = new BookChecksum();
        private string _session = "";
        private string _source = "live";
        private bool _closed;

        /// <summary>Prepare.</summary>
        /// <param name="address">Host and port.</param>
        /// <param name="token">For the Authorization header; null or empty: none.</param>
        public HttpTransport(string address, string token)
        {
            _address = address;
            _token = token;
            FrameWriter.Write(_probe, FrameType.Events, 0, 0, 1, 0, 0, new MarketRecord[0], 0, 0);
        }

        /// <summary>Always 0: requests have no close code.</summary>
        public int CloseCode
        {
            get { return 0; }
        }

        /// <summary>Always empty.</summary>
        public string CloseReason
        {
            get { return ""; }
        }

        /// <summary>Whether a server answers here.</summary>
        public static bool IsHealthy(string address, int milliseconds)
        {
            try
            {
                using (var limit = new CancellationTokenSource(milliseconds))
                using (var answer = Client.GetAsync("http://" + address + "/health", limit.Token).GetAwaiter().GetResult())
                {
                    return answer.IsSuccessStatusCode;
                }
            }
            catch (Exception)
            {
                return false;
            }
        }

        /// <summary>Let this process talk to a server without waiting: small messages at once, several connections.</summary>
        public static void Prepare(string address)
        {
            var point = ServicePointManager.FindServicePoint(new Uri("http://" + address + "/"));
            point.UseNagleAlgorithm = false;
            point.ConnectionLimit = Math.Max(point.ConnectionLimit, Connections);
        }

        /// <summary>Ask whether somebody is there.</summary>
        public void Open(int milliseconds)
        {
            Prepare(_address);
            if (!IsHealthy(_address, milliseconds))
            {
                throw new TransportFault("no server answers", 0);
            }
        }

        /// <summary>Do what a JSON message says, as far as requests can.</summary>
        public void SendText(string text)
        {
            var fields = new FieldReader(JsonParser.Parse(text));
            var type = fields.Text("type");
            switch (type)
            {
                case "hello":
                    Greet(fields);
                    break;
                case "heartbeat":
                    Beat();
                    break;
                case "bar_update":
                    PostBar(text, fields);
                    break;
                case "check":
                    Check(fields);
                    break;
                case "order":
                case "fill":
                case "position":
                    PostReport("/" + type, text);
                    break;
            }
        }

        /// <summary>Post a frame.</summary>
        public void SendFrame(byte[] buffer, int count)
        {
            var stream = _streams[buffer[5]];
            var body = new byte[count];
            Buffer.BlockCopy(buffer, 0, body, 0, count);
            var answer = Post("/l2_update", body, Binary, stream);
            Judge(stream, answer, BitConverter.ToInt64(buffer, 8));
        }

        /// <summary>Wait for the next answer.</summary>
        public ServerMessage Receive()
        {
            lock (_answers)
            {
                while (_answers.Count == 0)
                {
                    if (_closed)
                    {
                        return null;
                    }
                    Monitor.Wait(_answers);
                }
                return _answers.Dequeue();
            }
        }

        /// <summary>End it; a request that is under way is not waited for.</summary>
        public void Close()
        {
            lock (_answers)
            {
                _closed = true;
                Monitor.PulseAll(_answers);
            }
        }

        private static HttpClient MakeClient()
        {
            var client = new HttpClient(new HttpClientHandler { UseProxy = false, AllowAutoRedirect = false });
            client.Timeout = TimeSpan.FromMilliseconds(RequestMs);
            client.DefaultRequestHeaders.ExpectContinue = false;
            return client;
        }

        private void Greet(FieldReader hello)
        {
            _session = hello.Text("session");
            _source = hello.Text("source");
            _streams.Clear();
            var welcome = new WelcomeData
            {
                Protocol = Wire.Version,
                Server = "",
                Streams = new Dictionary<string, int>(),
                ResumeFrom = new Dictionary<int, long>(),
                MaxBatch = Wire.MaxRecords,
                HeartbeatSeconds = 5,
                Config = ""
            };
            foreach (var instrument in hello.List("instruments"))
            {
                var stream = new HttpStream(_streams.Count, instrument);
                _streams.Add(stream);
                if (Probe(stream) != null)
                {
                    welcome.Streams.Add(stream.Symbol, stream.Index);
                    welcome.ResumeFrom.Add(stream.Index, stream.Expected);
                }
            }
            Put(new ServerMessage(ServerMessageType.Welcome) { Welcome = welcome });
            foreach (var stream in _streams)
            {
                if (stream.IsBroken)
                {
                    PutResync(stream, "restart");
                }
            }
        }

        private void Beat()
        {
            var last = new Dictionary<int, long>();
            foreach (var stream in _streams)
            {
                var answer = stream.IsTaken ? Probe(stream) : null;
                if (answer == null)
                {
                    continue;
                }
                last.Add(stream.Index, stream.Expected - 1);
                if (!stream.IsBroken)
                {
                    PutNews(stream, answer);
                }
            }
            Put(new ServerMessage(ServerMessageType.Heartbeat) { Heartbeat = new HeartbeatData { Last = last } });
        }

        /// <summary>Ask what the server expects of a stream.</summary>
        /// <returns>Its answer; null: it does not take the stream, and the error was put among the answers.</returns>
        private HttpAnswer Probe(HttpStream stream)
        {
            var answer = Post("/l2_update", _probe, Binary, stream);
            stream.IsBroken = answer.Is(Wire.ErrorResyncRequired) || answer.Is(Wire.ErrorBookFault);
            stream.IsTaken = answer.IsOk || stream.IsBroken;
            if (!stream.IsTaken)
            {
                Put(answer.Error(stream.Index, null));
                return null;
            }
            stream.Expected = answer.Expected;
            return answer;
        }

        private void PostBar(string text, FieldReader bar)
        {
            var stream = _streams[(int)bar.Long("stream", 0, _streams.Count - 1)];
            var answer = Post("/bar_update", Encoding.UTF8.GetBytes(text), Json, stream);
            Judge(stream, answer, bar.Long("seq", 0, long.MaxValue));
        }

        private void PostReport(string path, string text)
        {
            var answer = Post(path, Encoding.UTF8.GetBytes(text), Json, null);
            if (!answer.IsOk)
            {
                Put(answer.Error(null, null));
            }
        }

        /// <summary>Compare the server's book with the sum of ours; nobody else moves it between the two requests.</summary>
        private void Check(FieldReader check)
        {
            var stream = _streams[(int)check.Long("stream", 0, _streams.Count - 1)];
            var now = BridgeClock.MonotonicNs;
            if (now < stream.CheckAt)
            {
                return;
            }
            stream.CheckAt = now + CheckNs;
            var path = "/api/v1/instruments/" + Uri.EscapeDataString(stream.Symbol) + "/book?levels=" + Wire.CheckedRows + "&source=" + _source;
            var answer = Ask(HttpMethod.Get, path, null, stream);
            var seq = check.Long("seq", 0, long.MaxValue);
            if (answer.IsBookAt(seq) && answer.Checksum(_checksum, stream) != check.Long("crc32", 0, uint.MaxValue))
            {
                stream.Expected = seq + 1;
                PutResync(stream, "checksum");
            }
        }

        private void Judge(HttpStream stream, HttpAnswer answer, long seq)
        {
            if (answer.IsOk)
            {
                stream.Expected = answer.Expected;
                Put(answer.Ack(stream.Index));
                PutNews(stream, answer);
            }
            else if (answer.Is(Wire.ErrorGap))
            {
                stream.Expected = answer.Expected;
                PutResync(stream, Wire.ResyncGap);
            }
            else if (answer.Is(Wire.ErrorBookFault) || answer.Is(Wire.ErrorResyncRequired))
            {
                stream.Expected = answer.Expected;
                PutResync(stream, "unsorted");
            }
            else
            {
                Put(answer.Error(stream.Index, seq));
            }
        }

        private void PutNews(HttpStream stream, HttpAnswer answer)
        {
            try
            {
                foreach (var message in answer.News(stream.Symbol, _source))
                {
                    Put(message);
                }
            }
            catch (JsonFault)
            {
                // What was posted is safe all the same; measures come with the next answer.
            }
        }

        private void PutResync(HttpStream stream, string reason)
        {
            var resync = new ResyncData { Stream = stream.Index, From = stream.Expected, Reason = reason };
            Put(new ServerMessage(ServerMessageType.Resync) { Resync = resync });
        }

        private void Put(ServerMessage message)
        {
            lock (_answers)
            {
                _answers.Enqueue(message);
                Monitor.Pulse(_answers);
            }
        }

        private HttpAnswer Post(string path, byte[] body, string type, HttpStream stream)
        {
            var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue(type);
            return Ask(HttpMethod.Post, path, content, stream);
        }

        private HttpAnswer Ask(HttpMethod method, string path, HttpContent content, HttpStream stream)
        {
            try
            {
                using (var request = new HttpRequestMessage(method, "http://" + _address + path))
                {
                    request.Content = content;
                    AddHeaders(request, stream);
                    using (var answer = Client.SendAsync(request).GetAwaiter().GetResult())
                    {
                        return new HttpAnswer((int)answer.StatusCode, answer.Content.ReadAsStringAsync().GetAwaiter().GetResult());
                    }
                }
            }
            catch (TransportFault)
            {
                throw;
            }
            catch (Exception cause)
            {
                throw new TransportFault(cause.GetBaseException().Message, 0);
            }
        }

        private void AddHeaders(HttpRequestMessage request, HttpStream stream)
        {
            var headers = request.Headers;
            headers.TryAddWithoutValidation("X-Depthbridge-Source", _source);
            if (!string.IsNullOrEmpty(_token))
            {
                headers.TryAddWithoutValidation("Authorization", "Bearer " + _token);
            }
            if (stream == null)
            {
                return;
            }
            headers.TryAddWithoutValidation("X-Depthbridge-Session", _session);
            headers.TryAddWithoutValidation("X-Depthbridge-Instrument", stream.Symbol);
            headers.TryAddWithoutValidation("X-Depthbridge-Tick-Size", stream.TickSize.ToString("R", CultureInfo.InvariantCulture));
            headers.TryAddWithoutValidation("X-Depthbridge-Size-Step", stream.SizeStep.ToString("R", CultureInfo.InvariantCulture));
        }
    }
}
