namespace Depthbridge
{
    /// <summary>One kind of log event: what is known of it before it happens.</summary>
    public sealed class LogEvent
    {
        /// <summary>Declare an event; only <see cref="LogEvents"/> does.</summary>
        public LogEvent(int id, LogLevel level, string text)
        {
            Id = id;
            Level = level;
            Text = text;
        }

        /// <summary>Number that never changes; support asks for it.</summary>
        public int Id { get; private set; }

        /// <summary>How much it matters.</summary>
        public LogLevel Level { get; private set; }

        /// <summary>What happened, in words.</summary>
        public string Text { get; private set; }

        /// <summary>The line of a log: number, text, facts.</summary>
        public string Line(string detail)
        {
            var line = "Depthbridge " + Id.ToString(System.Globalization.CultureInfo.InvariantCulture) + ": " + Text;
            return string.IsNullOrEmpty(detail) ? line : line + " (" + detail + ")";
        }
    }
}
