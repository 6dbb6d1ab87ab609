namespace Depthbridge.Runner
{
    /// <summary>JSON texts (UTF-8 in hexadecimal) read by one parser and written again.</summary>
    public static class JsonVerb
    {
        private const string Around = "\"]}1";

        public static int Run(string[] arguments)
        {
            var parser = new JsonParser();
            return Lines.Answer(line => Lines.Json(json => json.Value(Read(parser, Lines.Bytes(line)))));
        }

        // As in a buffer of the network: what stands beside the text must not matter.
        private static JsonValue Read(JsonParser parser, byte[] text)
        {
            var data = new byte[text.Length + 2 * Around.Length];
            for (var i = 0; i < Around.Length; i++)
            {
                data[i] = (byte)Around[i];
                data[Around.Length + text.Length + i] = (byte)Around[i];
            }
            text.CopyTo(data, Around.Length);
            return parser.Read(data, Around.Length, text.Length);
        }
    }
}
