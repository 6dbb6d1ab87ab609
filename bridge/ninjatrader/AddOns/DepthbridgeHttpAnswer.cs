using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The answer to a post, and the messages that a WebSocket would have brought instead.</summary>
    public sealed class HttpAnswer
    {
        private const int Busy = 500;
        private readonly FieldReader _fields;

        /// <summary>Read an answer.</summary>
        /// <exception cref="TransportFault">The server could not work on the request: it must be sent again.</exception>
        public HttpAnswer(int status, string body)
        {
            try
            {
                _fields = new FieldReader(JsonParser.Parse(body).AsObject(null));
            }
            catch (JsonFault)
            {
                throw new TransportFault("not an answer of the server", status);
            }
            if (status >= Busy)
            {
                throw new TransportFault(_fields.TextOr("message", "the server is busy"), status);
            }
            IsOk = status == 200;
        }

        /// <summary>Whether what was posted was taken, or was there already.</summary>
        public bool IsOk { get; private set; }

        /// <summary>The number that the server expects next; 1 if it does not say.</summary>
        public long Expected
        {
            get
            {
                var from = _fields.LongOrNull("from", 0, long.MaxValue);
                return from ?? new FieldReader(_fields.Object("ack")).LongOrNull("seq", 0, long.MaxValue - 1) + 1 ?? 1;
            }
        }

        /// <summary>Whether it refuses for this reason.</summary>
        public bool Is(string code)
        {
            return !IsOk && _fields.TextOr("code", "") == code;
        }

        /// <summary>What is safe.</summary>
        public ServerMessage Ack(int stream)
        {
            var ack = new FieldReader(_fields.Object("ack"));
            return new ServerMessage(ServerMessageType.Ack)
            {
                Ack = new AckData
                {
                    Stream = stream,
                    Seq = ack.Long("seq", 0, long.MaxValue),
                    DurableSeq = ack.LongOrNull("durable_seq", 0, long.MaxValue)
                }
            };
        }

        /// <summary>The refusal.</summary>
        /// <param name="stream">Whose frame it was, or null.</param>
        /// <param name="seq">The number that the refused began with, or null.</param>
        public ServerMessage Error(int? stream, long? seq)
        {
            return new ServerMessage(ServerMessageType.Error)
            {
                Error = new ErrorData
                {
                    Code = _fields.TextOr("code", "malformed"),
                    Message = _fields.TextOr("message", ""),
                    Stream = stream,
                    Seq = seq,
                    Index = _fields.LongOrNull("index", 0, long.MaxValue),
                    Field = _fields.TextOr("field", null)
                }
            };
        }

        /// <summary>Whether this is a book right after a number; not one that is in doubt.</summary>
        public bool IsBookAt(long seq)
        {
            return IsOk && _fields.LongOrNull("seq", 0, long.MaxValue) == seq && _fields.TextOr("phase", "stale") != "stale";
        }

        /// <summary>CRC-32 of the best ten rows of a book, as <c>check</c> has it.</summary>
        /// <exception cref="JsonFault">This is no book.</exception>
        public uint Checksum(BookChecksum sum, HttpStream stream)
        {
            var book = MarketMessages.ReadBook(_fields);
            sum.Begin();
            for (var i = 0; i < book.AskPrices.Length && i < Wire.CheckedRows; i++)
            {
                sum.Add(Steps(book.AskPrices[i], stream.TickSize), Steps(book.AskVolumes[i], stream.SizeStep));
            }
            for (var i = 0; i < book.BidPrices.Length && i < Wire.CheckedRows; i++)
            {
                sum.Add(Steps(book.BidPrices[i], stream.TickSize), Steps(book.BidVolumes[i], stream.SizeStep));
            }
            return sum.Value;
        }

        private static long Steps(double value, double step)
        {
            return (long)Math.Round(value / step);
        }

        /// <summary>Measures, clusters and signals.</summary>
        public List<ServerMessage> News(string symbol, string source)
        {
            var news = new List<ServerMessage>();
            var metrics = _fields.Object("metrics");
            if (metrics.Count != 0)
            {
                var read = MarketMessages.ReadMetrics(new FieldReader(metrics));
                news.Add(new ServerMessage(ServerMessageType.Metrics) { Metrics = read });
            }
            news.Add(new ServerMessage(ServerMessageType.Clusters)
            {
                Clusters = new ClustersData
                {
                    Event = "snapshot",
                    Instrument = symbol,
                    Source = source,
                    Clusters = MarketMessages.ReadClusterList(_fields.Required("clusters"))
                }
            });
            foreach (var signal in _fields.List("signals"))
            {
                var read = MarketMessages.ReadSignal(new FieldReader(signal));
                news.Add(new ServerMessage(ServerMessageType.Signal) { Signal = read });
            }
            return news;
        }
    }
}
