using System;
using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>
    /// A publisher without sockets, driven line by line. A line is a list: a command and its arguments (see Do);
    /// the answer is what the call gave, or null.
    /// </summary>
    public sealed class PublisherVerb
    {
        private const string Session = "00000000-0000-4000-8000-000000000021";
        private readonly Dictionary<string, PublishedStream> _streams = new Dictionary<string, PublishedStream>();
        private Publisher _publisher;
        private PublishedStream _stream;

        public static int Run(string[] arguments)
        {
            var verb = new PublisherVerb();
            return Lines.Answer(line => Lines.Json(json => verb.Do(new Words(JsonParser.Parse(line).Items), json)));
        }

        private void Do(Words words, JsonWriter json)
        {
            var command = words.Text(0);
            switch (command)
            {
                case "new":
                    New(words);
                    break;
                case "stream":
                    Use(words);
                    break;
                case "connected":
                    json.Value(_publisher.Connected(words.Long(1)));
                    return;
                case "disconnected":
                    _publisher.Disconnected();
                    break;
                case "superseded":
                    _publisher.Superseded();
                    break;
                case "receive":
                    _publisher.Receive(ServerMessages.Parse(words.Text(1)), words.Long(2));
                    break;
                case "outgoing":
                    Outgoing(words, json);
                    return;
                case "wake":
                    json.Value(_publisher.WakeAt(words.Long(1)));
                    return;
                case "silent":
                    json.Value(_publisher.IsSilent(words.Long(1)));
                    return;
                case "bye":
                    json.Value(_publisher.Bye());
                    return;
                case "report":
                    _publisher.Report(words.Text(1));
                    break;
                case "remove":
                    _publisher.Remove(_stream);
                    break;
                case "state":
                    State(json);
                    return;
                default:
                    json.Value(Feed.Do(_stream, command, words));
                    return;
            }
            json.Null();
        }

        /// <summary>new, capacity, reply now, source, takeover.</summary>
        private void New(Words words)
        {
            var hello = new Hello(Session, words.Text(3)) { Client = "test", Takeover = words.Flag(4) };
            _streams.Clear();
            _publisher = new Publisher(hello, words.Flag(2));
            Add("ES 12-26", (int)words.Long(1));
        }

        /// <summary>stream, symbol, capacity: what the next commands are about; made when it is not there.</summary>
        private void Use(Words words)
        {
            if (!_streams.TryGetValue(words.Text(1), out _stream))
            {
                Add(words.Text(1), (int)words.Long(2));
            }
        }

        private void Add(string symbol, int capacity)
        {
            _stream = new PublishedStream(new StreamDefinition(symbol, 0.25, 1, 50, 10), capacity);
            _streams[symbol] = _stream;
            _publisher.Add(_stream);
        }

        /// <summary>outgoing, now, wall, most: a list of texts, and of frames in hexadecimal behind a star.</summary>
        private void Outgoing(Words words, JsonWriter json)
        {
            json.BeginList();
            for (var left = words.Long(3); left > 0; left--)
            {
                var message = _publisher.Next(words.Long(1), words.Long(2));
                if (message == null)
                {
                    break;
                }
                json.Value(message.Text ?? "*" + Lines.Hex(message.Buffer, message.Count));
            }
            json.EndList();
        }

        private void State(JsonWriter json)
        {
            var sender = _publisher.Sender(_stream.Definition.Symbol);
            var hopeless = _publisher.Hopeless;
            json.BeginObject().Member("link", _publisher.Link.ToString()).Member("settled", _publisher.IsSettled);
            json.Member("hopeless", hopeless == null ? null : hopeless.Code).Member("busy", _publisher.IsAnyBusy);
            json.Member("end", _stream.End).Member("acked", _stream.Acked).Member("seed_wanted", _stream.SeedWanted);
            json.Member("last_reset", _stream.LastReset.ToString()).Member("checksum", _stream.Checksum());
            json.Member("paused", _stream.Paused).Member("time", _stream.NewestTime).Member("backfilling", _stream.Backfilling);
            if (sender != null)
            {
                json.Member("sent", sender.Sent).Member("resyncs", sender.Resyncs).Member("refusals", sender.Refusals);
                json.Member("losses", sender.Losses).Member("lag", sender.Lag).Member("round_trip", sender.RoundTrip);
                json.Member("refusal", sender.Refusal == null ? null : sender.Refusal.Code);
                json.Name("durable").Value(sender.Durable == null ? null : (object)sender.Durable.Value);
            }
            json.Name("bids").Value((object)Feed.Rows(_stream, Wire.SideBid));
            json.Name("asks").Value((object)Feed.Rows(_stream, Wire.SideAsk));
            json.Name("counters").Value((object)Feed.Counted(_stream.Counters)).EndObject();
        }
    }
}
