using System;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>runner.exe VERB [ARGUMENT...]: drives the bridge for the tests.</summary>
    public static class Program
    {
        public static int Main(string[] words)
        {
            // What is written must not depend on the PC: a culture with another decimal point, other
            // digits and other letters' cases shows where it does.
            Thread.CurrentThread.CurrentCulture = new CultureInfo("tr-TR");
            CultureInfo.DefaultThreadCurrentCulture = Thread.CurrentThread.CurrentCulture;
            Console.SetIn(new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false)));
            Console.SetOut(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = true, NewLine = "\n" });
            Func<string[], int> verb;
            if (words.Length == 0 || !Verbs.ByName.TryGetValue(words[0], out verb))
            {
                Console.Error.WriteLine("verbs: " + string.Join(" ", Verbs.ByName.Keys));
                return 2;
            }
            var arguments = new string[words.Length - 1];
            Array.Copy(words, 1, arguments, 0, arguments.Length);
            return verb(arguments);
        }
    }
}
