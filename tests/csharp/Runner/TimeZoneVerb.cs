using System;
using System.Globalization;

namespace Depthbridge.Runner
{
    /// <summary>
    /// zone OFFSET_HOURS: local times of a zone of the United States as UTC. A line is "ticks of the local time" or
    /// "not-before NS"; the answer is ns UTC.
    /// </summary>
    public static class TimeZoneVerb
    {
        public static int Run(string[] arguments)
        {
            var clock = new TimeZoneClock(UnitedStates(int.Parse(arguments[0], CultureInfo.InvariantCulture)));
            return Lines.Answer(line => Answer(clock, line));
        }

        /// <summary>The rule of the United States since 2007: second Sunday of March to first Sunday of November, at two.</summary>
        public static TimeZoneInfo UnitedStates(int hours)
        {
            var two = new DateTime(1, 1, 1, 2, 0, 0);
            var rule = TimeZoneInfo.AdjustmentRule.CreateAdjustmentRule(
                new DateTime(2007, 1, 1),
                DateTime.MaxValue.Date,
                TimeSpan.FromHours(1),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(two, 3, 2, DayOfWeek.Sunday),
                TimeZoneInfo.TransitionTime.CreateFloatingDateRule(two, 11, 1, DayOfWeek.Sunday));
            return TimeZoneInfo.CreateCustomTimeZone("US" + hours, TimeSpan.FromHours(hours), "US", "US standard", "US daylight", new[] { rule });
        }

        private static string Answer(TimeZoneClock clock, string line)
        {
            var words = line.Split(' ');
            if (words[0] == "not-before")
            {
                clock.NotBefore(long.Parse(words[1], CultureInfo.InvariantCulture));
                return clock.Latest.ToString(CultureInfo.InvariantCulture);
            }
            var local = new DateTime(long.Parse(words[0], CultureInfo.InvariantCulture));
            return clock.ToUtc(local).ToString(CultureInfo.InvariantCulture);
        }
    }
}
