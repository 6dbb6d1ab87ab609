using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;
using System.Threading;

namespace Depthbridge
{
    /// <summary>Writes log events into a file, a JSON object a line, as the server writes its own.</summary>
    /// <remarks>
    /// What is written goes to the disk on a thread of the pool, in order. A full file is kept as <c>.1</c> in place
    /// of the one before. A disk that refuses costs lines, which are counted, and nothing else.
    /// </remarks>
    public sealed class LogFile : IBridgeLog
    {
        private const int MostWaiting = 10000;
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        private readonly object _sync = new object();
        private readonly string _path;
        private readonly long _most;
        private readonly Func<long> _wall;
        private readonly List<string> _waiting = new List<string>();
        private bool _writing;
        private long _lost;

        /// <summary>Begin; nothing is opened before the first event.</summary>
        /// <param name="path">The file; its folder is made.</param>
        /// <param name="most">Bytes at which it is full.</param>
        /// <param name="wall">Tells the time, ns since the Unix epoch, UTC.</param>
        public LogFile(string path, long most, Func<long> wall)
        {
            _path = path;
            _most = most;
            _wall = wall;
        }

        /// <summary>Lines that could not be written.</summary>
        public long Lost
        {
            get { return Interlocked.Read(ref _lost); }
        }

        /// <inheritdoc/>
        public void Write(LogEvent what, string detail)
        {
            var line = Line(what, detail);
            lock (_sync)
            {
                if (_waiting.Count >= MostWaiting)
                {
                    Interlocked.Increment(ref _lost);
                    return;
                }
                _waiting.Add(line);
                if (_writing)
                {
                    return;
                }
                _writing = true;
            }
            ThreadPool.QueueUserWorkItem(_ => Drain());
        }

        /// <summary>Wait until everything so far is on the disk, or was refused; false: not in time.</summary>
        public bool Flush(int patienceMs)
        {
            var end = BridgeClock.MonotonicNs + patienceMs * 1000000L;
            lock (_sync)
            {
                while (_writing)
                {
                    var left = (end - BridgeClock.MonotonicNs) / 1000000;
                    if (left <= 0)
                    {
                        return false;
                    }
                    Monitor.Wait(_sync, (int)left);
                }
                return true;
            }
        }

        private string Line(LogEvent what, string detail)
        {
            var time = Epoch.AddTicks(_wall() / 100);
            var text = new StringBuilder();
            var json = new JsonWriter(text).BeginObject();
            json.Member("time", time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
            json.Member("level", what.Level.ToString().ToUpperInvariant());
            json.Member("number", (long)what.Id);
            json.Member("event", what.Text);
            if (!string.IsNullOrEmpty(detail))
            {
                json.Member("detail", detail);
            }
            json.EndObject();
            return text.Append('\n').ToString();
        }

        private void Drain()
        {
            while (true)
            {
                string[] lines;
                lock (_sync)
                {
                    if (_waiting.Count == 0)
                    {
                        _writing = false;
                        Monitor.PulseAll(_sync);
                        return;
                    }
                    lines = _waiting.ToArray();
                    _waiting.Clear();
                }
                try
                {
                    Append(string.Concat(lines));
                }
                catch (IOException)
                {
                    Interlocked.Add(ref _lost, lines.Length);
                }
                catch (UnauthorizedAccessException)
                {
                    Interlocked.Add(ref _lost, lines.Length);
                }
            }
        }

        private void Append(string text)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path));
            var file = new FileInfo(_path);
            if (file.Exists && file.Length >= _most)
            {
                File.Delete(_path + ".1");
                File.Move(_path, _path + ".1");
            }
            File.AppendAllText(_path, text, new UTF8Encoding(false));
        }
    }
}
