using System;

namespace Depthbridge.Runner
{
    /// <summary>JSON lists of numbers to the bits of their doubles.</summary>
    public static class JsonBitsVerb
    {
        public static int Run(string[] arguments)
        {
            return Lines.Answer(line => Lines.Json(json => json.Value(Bits(JsonParser.Parse(line)))));
        }

        private static object Bits(JsonValue numbers)
        {
            var bits = new long[numbers.Count];
            for (var i = 0; i < bits.Length; i++)
            {
                bits[i] = BitConverter.DoubleToInt64Bits(numbers.Items[i].AsDouble(null));
            }
            return bits;
        }
    }
}
