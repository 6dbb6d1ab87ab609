using System;
using System.Collections.Generic;
using System.Globalization;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>Connections by script, and a list of all that was done with them, in order.</summary>
    public sealed class FakeTransportFactory : ITransportFactory
    {
        private readonly object _gate = new object();
        private readonly List<string[]> _notes = new List<string[]>();
        private readonly Dictionary<string, Queue<FakeOpening>> _planned = new Dictionary<string, Queue<FakeOpening>>();
        private readonly List<FakeTransport> _open = new List<FakeTransport>();
        private int _made;

        public FakeTransportFactory()
        {
            IsServerHealthy = true;
        }

        /// <summary>What <c>/health</c> says.</summary>
        public bool IsServerHealthy { get; set; }

        /// <summary>Called by the sender once a request has carried a frame, with the frame's last number; null: nothing happens.</summary>
        public Action<FakeTransport, long> WhenPosted { get; set; }

        /// <summary>The connection that was opened last.</summary>
        public FakeTransport Current
        {
            get { lock (_gate) { return _open[_open.Count - 1]; } }
        }

        /// <summary>Whether everything that came in was acted upon.</summary>
        public bool IsQuiet
        {
            get { lock (_gate) { return _open.TrueForAll(transport => transport.IsQuiet); } }
        }

        public ITransport WebSocket()
        {
            return Make("ws");
        }

        public ITransport Http()
        {
            return Make("http");
        }

        public bool IsHealthy()
        {
            Note("health", IsServerHealthy ? "yes" : "no");
            return IsServerHealthy;
        }

        /// <summary>What comes of the next opening of a kind that nothing was planned for; without a plan it succeeds.</summary>
        public void Plan(string kind, FakeOpening opening)
        {
            lock (_gate)
            {
                if (!_planned.ContainsKey(kind))
                {
                    _planned.Add(kind, new Queue<FakeOpening>());
                }
                _planned[kind].Enqueue(opening);
            }
        }

        public void Opened(FakeTransport transport)
        {
            lock (_gate)
            {
                _open.Add(transport);
            }
        }

        public void Note(string who, string what)
        {
            lock (_gate)
            {
                _notes.Add(new[] { who, what });
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>What was done since the last time; waits for the first of it, real milliseconds.</summary>
        public List<string[]> Take(int milliseconds)
        {
            lock (_gate)
            {
                if (_notes.Count == 0)
                {
                    Monitor.Wait(_gate, milliseconds);
                }
                var taken = new List<string[]>(_notes);
                _notes.Clear();
                return taken;
            }
        }

        private FakeTransport Make(string kind)
        {
            lock (_gate)
            {
                Queue<FakeOpening> planned;
                var has = _planned.TryGetValue(kind, out planned) && planned.Count != 0;
                var name = kind + " " + (++_made).ToString(CultureInfo.InvariantCulture);
                return new FakeTransport(this, has ? planned.Dequeue() : FakeOpening.Sound, name);
            }
        }
    }
}
