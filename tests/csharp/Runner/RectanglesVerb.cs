namespace Depthbridge.Runner
{
    /// <summary>{"cluster": ..., "tick_size": ..., "now": ..., "threshold": ...} to the rectangle, or null.</summary>
    public static class RectanglesVerb
    {
        public static int Run(string[] arguments)
        {
            return Lines.Answer(Answer);
        }

        private static string Answer(string line)
        {
            var fields = new FieldReader(JsonParser.Parse(line));
            var cluster = MarketMessages.ReadCluster(new FieldReader(fields.Required("cluster").AsObject("cluster")));
            var rectangle = RectangleData.Of(
                cluster, fields.Double("tick_size"), fields.Long("now", 0, long.MaxValue), (int)fields.Long("threshold", 0, 100));
            return rectangle == null ? "null" : Lines.Json(json => json.Value(ServerMessagesVerb.Described(rectangle)));
        }
    }
}
