namespace Depthbridge.Runner
{
    /// <summary>
    /// Records to frames in hexadecimal, as many as they need. A line is an object with type, flags, stream, seq, sent,
    /// base (of an empty frame), and records: lists of time, kind, side, op, position, price, size, ref, flags.
    /// </summary>
    public static class EncodeVerb
    {
        public static int Run(string[] arguments)
        {
            return Lines.Answer(Answer);
        }

        private static string Answer(string line)
        {
            var fields = JsonParser.Parse(line);
            var records = Records(fields.Get("records"));
            var target = new byte[FrameWriter.SizeOf(Wire.MaxRecords)];
            var type = (FrameType)Number(fields, "type");
            var flags = (byte)Number(fields, "flags");
            var stream = (byte)Number(fields, "stream");
            var seq = Number(fields, "seq");
            var sent = Number(fields, "sent");
            return Lines.Json(json =>
            {
                json.BeginList();
                if (records.Length == 0)
                {
                    var size = FrameWriter.Write(target, type, flags, stream, seq, Number(fields, "base"), sent, records, 0, 0);
                    json.Value(Lines.Hex(target, size));
                }
                for (int start = 0, count; start < records.Length; start += count)
                {
                    count = FrameWriter.Fitting(records, start, records.Length - start);
                    var own = (byte)(flags | FrameWriter.FlagsOf(records, start, count));
                    var size = FrameWriter.Write(target, type, own, stream, seq + start, sent, records, start, count);
                    json.Value(Lines.Hex(target, size));
                }
                json.EndList();
            });
        }

        private static MarketRecord[] Records(JsonValue rows)
        {
            var records = new MarketRecord[rows.Items.Count];
            for (var i = 0; i < records.Length; i++)
            {
                var row = rows.Items[i].Items;
                records[i] = new MarketRecord
                {
                    Time = row[0].AsLong("time"),
                    Kind = (byte)row[1].AsLong("kind"),
                    Side = (byte)row[2].AsLong("side"),
                    Op = (byte)row[3].AsLong("op"),
                    Position = (byte)row[4].AsLong("position"),
                    Price = row[5].AsLong("price"),
                    Size = row[6].AsLong("size"),
                    Ref = row[7].AsUnsigned("ref"),
                    Flags = (byte)row[8].AsLong("flags")
                };
            }
            return records;
        }

        private static long Number(JsonValue fields, string name)
        {
            return fields.Get(name).AsLong(name);
        }
    }
}
