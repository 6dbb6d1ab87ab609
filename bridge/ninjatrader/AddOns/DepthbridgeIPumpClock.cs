namespace Depthbridge
{
    /// <summary>The time of a connection, and how its sender passes it: a parameter, so that a test owns both.</summary>
    public interface IPumpClock
    {
        /// <summary>Nanoseconds of any origin that never go back.</summary>
        long MonotonicNs { get; }

        /// <summary>Nanoseconds since the Unix epoch, UTC.</summary>
        long WallNs { get; }

        /// <summary>Sleep until the signal comes, or for so long; it may end early.</summary>
        /// <param name="signal">What ends it.</param>
        /// <param name="milliseconds">Longest sleep.</param>
        void Sleep(SenderSignal signal, int milliseconds);
    }
}
