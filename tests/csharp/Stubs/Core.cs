// NinjaTrader.Core and NinjaTrader.Code: options, clock and output window.
using System;
using System.Collections.Generic;

namespace NinjaTrader.Core
{
    /// <summary>General options of the user.</summary>
    public partial class GeneralOptions
    {
        /// <summary>The zone in which NinjaTrader shows times.</summary>
        public TimeZoneInfo TimeZoneInfo { get; set; }
    }

    /// <summary>Process-wide values.</summary>
    public static partial class Globals
    {
        private static readonly DateTime minDate = new DateTime(1800, 1, 1);
        private static readonly DateTime maxDate = new DateTime(2099, 12, 1);

        static Globals()
        {
            GeneralOptions = new GeneralOptions { TimeZoneInfo = TimeZoneInfo.Utc };
            Clock = delegate { return TimeZoneInfo.ConvertTimeFromUtc(DateTime.UtcNow, GeneralOptions.TimeZoneInfo); };
            UserDataDir = System.IO.Path.GetTempPath();
        }

        /// <summary>Options.</summary>
        public static GeneralOptions GeneralOptions { get; set; }

        /// <summary>Test side: what <see cref="Now"/> says.</summary>
        public static Func<DateTime> Clock { get; set; }

        /// <summary>The time in the display zone; the playback's where one is connected.</summary>
        public static DateTime Now
        {
            get { return Clock(); }
        }

        /// <summary>Earliest date.</summary>
        public static DateTime MinDate
        {
            get { return minDate; }
        }

        /// <summary>Latest date.</summary>
        public static DateTime MaxDate
        {
            get { return maxDate; }
        }

        /// <summary>The user's NinjaTrader folder, with a separator at its end.</summary>
        public static string UserDataDir { get; set; }

        /// <summary>The program's folder, with a separator at its end.</summary>
        public static string InstallDir { get; set; }
    }
}

namespace NinjaTrader.NinjaScript
{
    /// <summary>Tab of the output window.</summary>
    public enum PrintTo
    {
        /// <summary>The first.</summary>
        OutputTab1 = 0,

        /// <summary>The second.</summary>
        OutputTab2 = 1,
    }
}

namespace NinjaTrader.Code
{
    /// <summary>The output window.</summary>
    public static partial class Output
    {
        private static readonly List<string> lines = new List<string>();

        /// <summary>Writes a line.</summary>
        public static void Process(string message, NinjaTrader.NinjaScript.PrintTo outputTab)
        {
            lock (lines)
                lines.Add(message);
        }

        /// <summary>Test side: the lines so far; they are forgotten.</summary>
        public static string[] Take()
        {
            lock (lines)
            {
                string[] taken = lines.ToArray();
                lines.Clear();
                return taken;
            }
        }
    }
}
