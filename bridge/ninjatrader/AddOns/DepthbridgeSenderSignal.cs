using System;
using System.Threading;

namespace Depthbridge
{
    /// <summary>How callbacks wake the sender: only when it sleeps, so that a busy one costs them nothing.</summary>
    /// <remarks>
    /// The sender says that it is about to sleep (<see cref="Doze"/>), looks once more for work under the streams'
    /// locks, and sleeps. A callback reads <see cref="IsIdle"/> inside its lock. Whichever lock comes second sees what
    /// the other side did, so no record is left lying.
    /// </remarks>
    public sealed class SenderSignal : IDisposable
    {
        private readonly AutoResetEvent _event = new AutoResetEvent(false);
        private int _idle;

        /// <summary>Whether the sender sleeps, or is about to.</summary>
        public bool IsIdle
        {
            get { return Volatile.Read(ref _idle) != 0; }
        }

        /// <summary>The sender is about to sleep.</summary>
        public void Doze()
        {
            Interlocked.Exchange(ref _idle, 1);
        }

        /// <summary>The sender found work after all.</summary>
        public void Rise()
        {
            Interlocked.Exchange(ref _idle, 0);
        }

        /// <summary>Sleep until woken, or for so long.</summary>
        public void Sleep(int milliseconds)
        {
            _event.WaitOne(milliseconds);
            Rise();
        }

        /// <summary>Wake the sender; any thread, never throws.</summary>
        public void Wake()
        {
            // Only the first of several callers pays for the system call.
            if (Interlocked.Exchange(ref _idle, 0) != 0)
            {
                Set();
            }
        }

        /// <summary>Wake the sender whether it sleeps or is about to look: it must look again.</summary>
        public void Set()
        {
            try
            {
                _event.Set();
            }
            catch (ObjectDisposedException)
            {
                // The sender has ended; there is nobody to wake.
            }
        }

        /// <summary>Nobody sleeps here any more.</summary>
        public void Dispose()
        {
            _event.Dispose();
        }
    }
}
