namespace Depthbridge.Runner
{
    /// <summary>Frames in hexadecimal to their fields.</summary>
    public static class DecodeVerb
    {
        public static int Run(string[] arguments)
        {
            return Lines.Answer(Answer);
        }

        private static string Answer(string line)
        {
            FrameHeader header;
            var records = FrameReader.Read(Lines.Bytes(line), out header);
            return Lines.Json(json =>
            {
                json.BeginObject().Member("base", header.Base).Member("seq", header.Seq);
                json.Member("type", (long)header.Type).Member("flags", (long)header.Flags);
                json.Member("stream", (long)header.Stream).Member("sent", header.Sent);
                json.Name("records").BeginList();
                foreach (var record in records)
                {
                    Write(json, record, header.Base);
                }
                json.EndList().Name("marks").BeginList();
                foreach (var record in records)
                {
                    json.Value((long)record.Flags);
                }
                json.EndList().EndObject();
            });
        }

        private static void Write(JsonWriter json, MarketRecord record, long origin)
        {
            json.BeginObject().Member("dt", record.Time - origin).Member("kind", (long)record.Kind);
            json.Member("side", (long)record.Side).Member("op", (long)record.Op).Member("position", (long)record.Position);
            json.Member("price", record.Price).Member("size", record.Size).Name("ref").Value(record.Ref).EndObject();
        }
    }
}
