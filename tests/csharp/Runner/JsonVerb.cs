namespace Depthbridge.Runner
{
    /// <summary>JSON texts (UTF-8 in hexadecimal) read by one parser and written again.</summary>
    public static class JsonVerb
    {
        public static int Run(string[] arguments)
        {
            var parser = new JsonParser();
            return Lines.Answer(line => Lines.Json(json => json.Value(Read(parser, Lines.Bytes(line)))));
        }

        // As in a buffer of the network: what stands beside the text must not matter, even if it would complete it.
        private static JsonValue Read(JsonParser parser, byte[] text)
        {
            var data = new byte[3 * text.Length];
            for (var at = 0; at < data.Length; at += text.Length)
            {
                text.CopyTo(data, at);
            }
            return parser.Read(data, text.Length, text.Length);
        }
    }
}
