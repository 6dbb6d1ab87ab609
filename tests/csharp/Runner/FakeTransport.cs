using System;
using System.Collections.Generic;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>A connection without a socket: the script says what comes in, and what becomes of what goes out.</summary>
    public sealed class FakeTransport : ITransport
    {
        private readonly object _gate = new object();
        private readonly FakeTransportFactory _factory;
        private readonly FakeOpening _opening;
        private readonly string _name;
        private readonly Queue<string> _incoming = new Queue<string>();
        private TransportFault _fault;
        private int _room = int.MaxValue;
        private bool _over;
        private bool _closed;
        private bool _waits;
        private bool _held;

        public FakeTransport(FakeTransportFactory factory, FakeOpening opening, string name)
        {
            _factory = factory;
            _opening = opening;
            _name = name;
            CloseReason = "";
        }

        public int CloseCode { get; private set; }

        public string CloseReason { get; private set; }

        /// <summary>Whether everything that came in, the end too, was acted upon.</summary>
        public bool IsQuiet
        {
            get { lock (_gate) { return _closed || _waits && !_over && _incoming.Count == 0; } }
        }

        public void Open(int milliseconds)
        {
            _factory.Note(_name, _opening.Fault == null ? "open" : "refused");
            if (_opening.Fault != null)
            {
                throw _opening.Fault;
            }
            _factory.Opened(this);
        }

        public void SendText(string text)
        {
            Take();
            _factory.Note(_name, text);
        }

        public void SendFrame(byte[] buffer, int count)
        {
            Take();
            _factory.Note(_name, "*" + Lines.Hex(buffer, count));
            var posted = _factory.WhenPosted;
            if (posted != null && _name.StartsWith("http", StringComparison.Ordinal))
            {
                posted(this, BitConverter.ToInt64(buffer, 8) + BitConverter.ToUInt16(buffer, 6) - 1);
            }
        }

        public ServerMessage Receive()
        {
            lock (_gate)
            {
                _waits = true;
                Monitor.PulseAll(_gate);
                while (_incoming.Count == 0 && !_over && !_closed)
                {
                    Monitor.Wait(_gate);
                }
                _waits = false;
                if (_incoming.Count != 0)
                {
                    return ServerMessages.Parse(_incoming.Dequeue());
                }
                if (_fault != null)
                {
                    throw _fault;
                }
                return null;
            }
        }

        public void Close()
        {
            lock (_gate)
            {
                if (_closed)
                {
                    return;
                }
                _closed = true;
                Monitor.PulseAll(_gate);
            }
            _factory.Note(_name, "closed");
        }

        /// <summary>The server says something.</summary>
        public void Hear(string text)
        {
            lock (_gate)
            {
                _incoming.Enqueue(text);
                _waits = false;
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>The server closes.</summary>
        public void End(int code, string reason)
        {
            lock (_gate)
            {
                CloseCode = code;
                CloseReason = reason;
                _over = true;
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>The line breaks: who waits for a message learns it.</summary>
        public void Break(TransportFault fault)
        {
            lock (_gate)
            {
                _fault = fault;
                _over = true;
                Monitor.PulseAll(_gate);
            }
        }

        /// <summary>Only so many more messages go out; who sends the next learns that the line is broken.</summary>
        public void Limit(int room)
        {
            lock (_gate)
            {
                _room = room;
            }
        }

        /// <summary>Let who sends wait, until it may go on.</summary>
        public void Hold(bool held)
        {
            lock (_gate)
            {
                _held = held;
                Monitor.PulseAll(_gate);
            }
        }

        private void Take()
        {
            lock (_gate)
            {
                while (_held && !_closed)
                {
                    Monitor.Wait(_gate);
                }
                if (_closed || _room == 0)
                {
                    throw new TransportFault("the line broke", 0);
                }
                _room--;
            }
        }
    }
}
