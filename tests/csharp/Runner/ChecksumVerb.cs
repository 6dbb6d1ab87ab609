using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>Books, {"asks": [[ticks, size], ...], "bids": ...}, to the checksum of their best rows.</summary>
    public static class ChecksumVerb
    {
        private static readonly BookChecksum Checksum = new BookChecksum();

        public static int Run(string[] arguments)
        {
            return Lines.Answer(Answer);
        }

        private static string Answer(string line)
        {
            var book = JsonParser.Parse(line);
            BookLevel[] asks = Rows(book.Get("asks")), bids = Rows(book.Get("bids"));
            return Checksum.Compute(asks, asks.Length, bids, bids.Length).ToString(CultureInfo.InvariantCulture);
        }

        private static BookLevel[] Rows(JsonValue json)
        {
            var rows = new BookLevel[json.Items.Count];
            for (var i = 0; i < rows.Length; i++)
            {
                rows[i] = new BookLevel(json.Items[i].Items[0].AsLong("price"), json.Items[i].Items[1].AsLong("size"));
            }
            return rows;
        }
    }
}
