using System;

namespace Depthbridge.Runner
{
    /// <summary>
    /// The WebSocket without its socket; each line is a list. ["request", ADDRESS, TOKEN, NONCE]: the text. ["judge", NONCE,
    /// ANSWER]: bytes of the answer, or the refusal. ["read", PIECE...]: what is in them, and the fault. ["write", OPCODE,
    /// PAYLOAD, KEY]: the frame. Bytes are hexadecimal.
    /// </summary>
    public static class WebSocketVerb
    {
        public static int Run(string[] arguments)
        {
            var writer = new WebSocketWriter();
            return Lines.Answer(line => Lines.Json(json => Do(new Words(JsonParser.Parse(line).Items), writer, json)));
        }

        private static void Do(Words words, WebSocketWriter writer, JsonWriter json)
        {
            switch (words.Text(0))
            {
                case "request":
                    Request(words, json);
                    break;
                case "judge":
                    Judge(words, json);
                    break;
                case "read":
                    Read(words, json);
                    break;
                default:
                    var payload = Lines.Bytes(words.Text(2));
                    var size = writer.Write((int)words.Long(1), payload, payload.Length, (uint)words.Long(3));
                    json.Value(Lines.Hex(writer.Buffer, size));
                    break;
            }
        }

        private static void Request(Words words, JsonWriter json)
        {
            try
            {
                var handshake = new WebSocketHandshake(words.Text(1), words.Text(2), Lines.Bytes(words.Text(3)));
                json.Value(System.Text.Encoding.ASCII.GetString(handshake.Request));
            }
            catch (TransportFault)
            {
                json.Null();
            }
        }

        private static void Judge(Words words, JsonWriter json)
        {
            var handshake = new WebSocketHandshake("host:1", "", Lines.Bytes(words.Text(1)));
            var answer = Lines.Bytes(words.Text(2));
            json.BeginObject();
            try
            {
                json.Member("size", (long)handshake.Judge(answer, answer.Length));
            }
            catch (TransportFault fault)
            {
                json.Member("status", (long)fault.Status).Member("message", fault.Message);
            }
            json.EndObject();
        }

        private static void Read(Words words, JsonWriter json)
        {
            var reader = new WebSocketReader();
            var fault = 0;
            json.BeginObject().Name("events").BeginList();
            try
            {
                for (var i = 1; words.Has(i); i++)
                {
                    var piece = Lines.Bytes(words.Text(i));
                    reader.Add(piece, 0, piece.Length);
                    while (reader.Next())
                    {
                        Tell(reader, json);
                    }
                }
            }
            catch (WebSocketFault broken)
            {
                fault = broken.Code;
            }
            json.EndList().Member("fault", (long)fault).EndObject();
        }

        private static void Tell(WebSocketReader reader, JsonWriter json)
        {
            json.BeginList().Value(reader.Kind.ToString());
            switch (reader.Kind)
            {
                case WebSocketEvent.Text:
                    json.Value(System.Text.Encoding.UTF8.GetString(reader.Text.Array, reader.Text.Offset, reader.Text.Count));
                    break;
                case WebSocketEvent.Close:
                    json.Value((long)reader.CloseCode).Value(reader.Reason);
                    break;
                case WebSocketEvent.Ping:
                case WebSocketEvent.Pong:
                    json.Value(Lines.Hex(reader.Payload, reader.Payload.Length));
                    break;
            }
            json.EndList();
        }
    }
}
