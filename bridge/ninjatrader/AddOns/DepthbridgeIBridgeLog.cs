namespace Depthbridge
{
    /// <summary>Where log events go. Called from any thread; must not block and must not throw.</summary>
    public interface IBridgeLog
    {
        /// <summary>Write an event.</summary>
        /// <param name="what">One of <see cref="LogEvents"/>.</param>
        /// <param name="detail">Facts of this time, or an empty string.</param>
        void Write(LogEvent what, string detail);
    }
}
