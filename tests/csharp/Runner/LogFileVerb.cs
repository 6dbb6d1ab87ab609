using System;
using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>log-file PATH MOST COUNT: events with growing times; prints how many lines were lost.</summary>
    public static class LogFileVerb
    {
        public static int Run(string[] arguments)
        {
            var time = 1764276000000000000L; // 2025-11-27 20:40:00 UTC
            var log = new LogFile(arguments[0], long.Parse(arguments[1], CultureInfo.InvariantCulture), () => time += 1000000);
            var count = int.Parse(arguments[2], CultureInfo.InvariantCulture);
            for (var i = 0; i < count; i++)
            {
                log.Write(i % 2 == 0 ? LogEvents.FeedLost : LogEvents.Connected, i % 3 == 0 ? "" : "fact \"" + i + "\"");
                if (i % 50 == 49 && !log.Flush(10000))
                {
                    return 1;
                }
            }
            Console.Out.WriteLine(log.Flush(10000) + " " + log.Lost);
            return 0;
        }
    }
}
