using System;
using System.IO;

namespace Depthbridge
{
    /// <summary>A file that tells a run how the one before it ended: with a word, or not.</summary>
    /// <remarks>
    /// The file is locked as long as its process lives, whatever way that ends, and has one byte: a run that ended well
    /// leaves another one than it wrote at its beginning. Without the lock another NinjaTrader on this PC runs: then nothing
    /// is known of a crash. No call throws; where files fail, no run has ever crashed.
    /// </remarks>
    public sealed class RunMark : IDisposable
    {
        /// <summary>How long after the beginning a crash still matters, ns: a server gives the instruments free by itself after half of that.</summary>
        public const long MattersNs = 60000000000L;

        private const byte Running = (byte)'r';
        private const byte Ended = (byte)'e';
        private readonly object _lock = new object();
        private readonly long _begun;
        private readonly bool _crashed;
        private FileStream _file;

        /// <summary>Begin a run.</summary>
        /// <param name="path">Of the file; made with its folder if it is not there.</param>
        /// <param name="now">Monotonic, ns.</param>
        public RunMark(string path, long now)
        {
            _begun = now;
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path));
                _file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
                _file.Lock(0, 1);
                _crashed = _file.ReadByte() == Running;
                Write(Running);
            }
            catch (Exception)
            {
                // The other run's file, or a folder that cannot be written: this run goes on without.
                Release();
            }
        }

        /// <summary>Whether this run has just followed one of this PC that crashed, and may take over what it held.</summary>
        /// <param name="now">Monotonic, ns.</param>
        public bool FollowsCrash(long now)
        {
            return _crashed && now - _begun < MattersNs;
        }

        /// <summary>The run ends well.</summary>
        public void Dispose()
        {
            lock (_lock)
            {
                if (_file == null)
                {
                    return;
                }
                try
                {
                    Write(Ended);
                }
                catch (Exception)
                {
                    // The next run believes in a crash and takes over what nobody holds.
                }
                Release();
            }
        }

        private void Write(byte what)
        {
            _file.Position = 0;
            _file.WriteByte(what);
            _file.Flush(true);
        }

        private void Release()
        {
            if (_file != null)
            {
                _file.Dispose();
                _file = null;
            }
        }
    }
}
