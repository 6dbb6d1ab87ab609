using System.Text;

namespace Depthbridge.Runner
{
    /// <summary>JSON texts (UTF-8 in hexadecimal) read and written again.</summary>
    public static class JsonVerb
    {
        public static int Run(string[] arguments)
        {
            return Lines.Answer(line => Lines.Json(json => json.Value(JsonParser.Parse(Encoding.UTF8.GetString(Lines.Bytes(line))))));
        }
    }
}
