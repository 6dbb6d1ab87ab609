using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>The server's messages from their text. What a newer server says beyond this version is ignored and counted.</summary>
    /// <remarks>PROTOCOL.md has the fields; market data parts are read by <see cref="MarketMessages"/>.</remarks>
    public static class ServerMessages
    {
        /// <summary>The message of a text.</summary>
        /// <exception cref="JsonFault">The text is no JSON object, or lacks what its type must have.</exception>
        public static ServerMessage Parse(string text)
        {
            return Read(JsonParser.Parse(text));
        }

        /// <summary>The message of a JSON value; it keeps nothing of it.</summary>
        /// <exception cref="JsonFault">It is no object, or lacks what its type must have.</exception>
        public static ServerMessage Read(JsonValue json)
        {
            var fields = new FieldReader(json.AsObject(null));
            var message = ReadTyped(fields);
            message.Ignored = message.Type == ServerMessageType.Unknown ? 1 : fields.Unread;
            return message;
        }

        private static ServerMessage ReadTyped(FieldReader fields)
        {
            switch (fields.Text("type"))
            {
                case "welcome":
                    return new ServerMessage(ServerMessageType.Welcome) { Welcome = ReadWelcome(fields) };
                case "ack":
                    return new ServerMessage(ServerMessageType.Ack) { Ack = ReadAck(fields) };
                case "resync":
                    return new ServerMessage(ServerMessageType.Resync) { Resync = ReadResync(fields) };
                case "metrics":
                    return new ServerMessage(ServerMessageType.Metrics) { Metrics = MarketMessages.ReadMetrics(fields) };
                case "clusters":
                    return new ServerMessage(ServerMessageType.Clusters) { Clusters = MarketMessages.ReadClusters(fields) };
                case "signal":
                    return new ServerMessage(ServerMessageType.Signal) { Signal = MarketMessages.ReadSignal(fields) };
                case "book":
                    return new ServerMessage(ServerMessageType.Book) { Book = MarketMessages.ReadBook(fields) };
                case "error":
                    return new ServerMessage(ServerMessageType.Error) { Error = ReadError(fields) };
                case "heartbeat":
                    return new ServerMessage(ServerMessageType.Heartbeat) { Heartbeat = ReadHeartbeat(fields) };
                default:
                    return new ServerMessage(ServerMessageType.Unknown);
            }
        }

        private static WelcomeData ReadWelcome(FieldReader fields)
        {
            var streams = new Dictionary<string, int>();
            foreach (var member in fields.Object("streams").Members)
            {
                streams.Add(member.Key, (int)member.Value.AsLong("streams", 0, 255));
            }
            return new WelcomeData
            {
                Protocol = (int)fields.Long("protocol", 0, int.MaxValue),
                Server = fields.Text("server"),
                Streams = streams,
                ResumeFrom = NumbersByStream(fields.Object("resume_from"), "resume_from"),
                MaxBatch = (int)(fields.LongOrNull("max_batch", 1, Wire.MaxRecords) ?? Wire.MaxRecords),
                HeartbeatSeconds = Positive(fields.DoubleOrNull("heartbeat_s") ?? 5, "heartbeat_s"),
                Config = fields.TextOr("config", "")
            };
        }

        private static AckData ReadAck(FieldReader fields)
        {
            return new AckData
            {
                Stream = (int)fields.Long("stream", 0, 255),
                Seq = fields.Long("seq", 0, long.MaxValue),
                DurableSeq = fields.LongOrNull("durable_seq", 0, long.MaxValue)
            };
        }

        private static ResyncData ReadResync(FieldReader fields)
        {
            return new ResyncData
            {
                Stream = (int)fields.Long("stream", 0, 255),
                From = fields.Long("from", 0, long.MaxValue),
                Reason = fields.Text("reason")
            };
        }

        private static ErrorData ReadError(FieldReader fields)
        {
            fields.Skip("facts");
            return new ErrorData
            {
                Code = fields.Text("code"),
                Message = fields.Text("message"),
                Stream = (int?)fields.LongOrNull("stream", 0, 255),
                Seq = fields.LongOrNull("seq", 0, long.MaxValue),
                Index = fields.LongOrNull("index", 0, long.MaxValue),
                Field = fields.TextOr("field", null),
                Fatal = fields.Boolean("fatal")
            };
        }

        private static HeartbeatData ReadHeartbeat(FieldReader fields)
        {
            fields.Skip("time");
            fields.Skip("paused");
            return new HeartbeatData { Last = NumbersByStream(fields.Object("last"), "last") };
        }

        private static Dictionary<int, long> NumbersByStream(JsonValue json, string field)
        {
            var numbers = new Dictionary<int, long>();
            foreach (var member in json.Members)
            {
                int index;
                if (!int.TryParse(member.Key, NumberStyles.None, CultureInfo.InvariantCulture, out index) || index > 255)
                {
                    throw new JsonFault("bad_type", field);
                }
                numbers[index] = member.Value.AsLong(field, 0, long.MaxValue);
            }
            return numbers;
        }

        private static double Positive(double value, string field)
        {
            if (!(value > 0))
            {
                throw new JsonFault("out_of_range", field);
            }
            return value;
        }
    }
}
