using System;
using System.Text;

namespace Depthbridge.Runner
{
    /// <summary>Verbs that answer each line of standard input with one line.</summary>
    public static class Lines
    {
        /// <summary>Answer all lines; a fault of ours is an answer too: {"code":...,"index":...,"field":...}.</summary>
        public static int Answer(Func<string, string> answer)
        {
            for (var line = Console.In.ReadLine(); line != null; line = Console.In.ReadLine())
            {
                Console.Out.WriteLine(Guarded(answer, line));
            }
            return 0;
        }

        /// <summary>A JSON text from what is written to it.</summary>
        public static string Json(Action<JsonWriter> write)
        {
            var text = new StringBuilder();
            write(new JsonWriter(text));
            return text.ToString();
        }

        public static byte[] Bytes(string hex)
        {
            var bytes = new byte[hex.Length / 2];
            for (var i = 0; i < bytes.Length; i++)
            {
                bytes[i] = Convert.ToByte(hex.Substring(2 * i, 2), 16);
            }
            return bytes;
        }

        public static string Hex(byte[] bytes, int count)
        {
            return BitConverter.ToString(bytes, 0, count).Replace("-", "");
        }

        private static string Guarded(Func<string, string> answer, string line)
        {
            try
            {
                return answer(line);
            }
            catch (FrameFault fault)
            {
                return Fault(fault.Code, fault.Index, fault.Field);
            }
            catch (JsonFault fault)
            {
                return Fault(fault.Code, -1, fault.Field);
            }
        }

        private static string Fault(string code, int index, string field)
        {
            return Json(json =>
            {
                json.BeginObject().Member("code", code).Name("index");
                (index < 0 ? json.Null() : json.Value(index)).Member("field", field).EndObject();
            });
        }
    }
}
