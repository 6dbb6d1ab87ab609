using System;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Threading;

namespace Depthbridge
{
    /// <summary>One WebSocket of the server, on a socket of its own.</summary>
    /// <remarks>
    /// .NET's ClientWebSocket would do the same through a pool thread and an allocation for each message, and under
    /// Mono it lets small messages wait for the network. One thread sends, one receives. A ping is answered by the
    /// receiving one, or by the sender when it is through with its message, whichever comes first.
    /// </remarks>
    public sealed class WebSocketTransport : ITransport
    {
        private const int SendMs = 15000;
        private const int CloseMs = 1000;
        private const int NormalClosure = 1000;
        private const int KeysAtOnce = 256;
        private const int MicrosecondsPerMs = 1000;
        private const long Millisecond = 1000000L;

        private static readonly RandomNumberGenerator Random = RandomNumberGenerator.Create();

        private readonly string _address;
        private readonly string _token;
        private readonly object _sending = new object();
        private readonly WebSocketReader _reader = new WebSocketReader();
        private readonly JsonParser _parser = new JsonParser();
        private readonly WebSocketWriter _writer = new WebSocketWriter();
        private readonly ManualResetEvent _received = new ManualResetEvent(false);
        private readonly byte[] _keys = new byte[4 * KeysAtOnce];
        private int _keysUsed = KeysAtOnce;
        private byte[] _text = new byte[1024];
        private byte[] _pong;
        private Socket _socket;
        private bool _ended;
        private int _closed;

        /// <summary>Prepare.</summary>
        /// <param name="address">Host and port.</param>
        /// <param name="token">For the Authorization header; null or empty: none.</param>
        public WebSocketTransport(string address, string token)
        {
            _address = address;
            _token = token;
            CloseReason = "";
        }

        /// <summary>Why the server closed; 0: it did not say.</summary>
        public int CloseCode { get; private set; }

        /// <summary>In the server's words, or empty.</summary>
        public string CloseReason { get; private set; }

        /// <summary>Connect.</summary>
        public void Open(int milliseconds)
        {
            var until = BridgeClock.MonotonicNs + milliseconds * Millisecond;
            try
            {
                Connect(new Uri("http://" + _address + "/"), until);
                Greet(until);
                _socket.SendTimeout = SendMs;
            }
            catch (UriFormatException)
            {
                throw new TransportFault(_address + " is no address", 0);
            }
            catch (SocketException cause)
            {
                throw new TransportFault(cause.Message, 0);
            }
            catch (ObjectDisposedException)
            {
                throw Gone();
            }
        }

        /// <summary>Send a JSON message.</summary>
        public void SendText(string text)
        {
            var most = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (_text.Length < most)
            {
                _text = new byte[most];
            }
            Send(WebSocketWriter.Text, _text, Encoding.UTF8.GetBytes(text, 0, text.Length, _text, 0));
        }

        /// <summary>Send a frame.</summary>
        public void SendFrame(byte[] buffer, int count)
        {
            Send(WebSocketWriter.Binary, buffer, count);
        }

        /// <summary>Wait for the next message.</summary>
        public ServerMessage Receive()
        {
            try
            {
                if (HasText())
                {
                    var text = _reader.Text;
                    return ServerMessages.Read(_parser.Read(text.Array, text.Offset, text.Count));
                }
            }
            catch (WebSocketFault fault)
            {
                _received.Set();
                End(fault.Code);
                throw new TransportFault(fault.Message, 0);
            }
            catch (TransportFault)
            {
                _received.Set();
                throw;
            }
            _received.Set();
            return null;
        }

        /// <summary>End the connection.</summary>
        public void Close()
        {
            if (End(NormalClosure))
            {
                // Whoever receives may still see the server's last words.
                _received.WaitOne(CloseMs);
            }
            Drop();
        }

        private void Connect(Uri server, long until)
        {
            Exception failure = null;
            foreach (var address in AddressesOf(server.DnsSafeHost, until))
            {
                _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    Await(_socket.BeginConnect(address, server.Port, null, null), until, _socket.EndConnect);
                    return;
                }
                catch (SocketException cause)
                {
                    _socket.Close();
                    failure = cause;
                }
            }
            throw new TransportFault(failure == null ? "the host has no address" : failure.Message, 0);
        }

        private static IPAddress[] AddressesOf(string host, long until)
        {
            IPAddress literal;
            if (IPAddress.TryParse(host, out literal))
            {
                return new[] { literal };
            }
            IPAddress[] found = null;
            Await(Dns.BeginGetHostAddresses(host, null, null), until, delegate(IAsyncResult done) { found = Dns.EndGetHostAddresses(done); });
            return found;
        }

        private static void Await(IAsyncResult pending, long until, Action<IAsyncResult> end)
        {
            if (!pending.AsyncWaitHandle.WaitOne(Left(until)))
            {
                throw new TransportFault("the server does not answer", 0);
            }
            end(pending);
        }

        private static int Left(long until)
        {
            return (int)Math.Max((until - BridgeClock.MonotonicNs) / Millisecond, 1);
        }

        private void Greet(long until)
        {
            var nonce = new byte[WebSocketHandshake.NonceSize];
            Random.GetBytes(nonce);
            var handshake = new WebSocketHandshake(_address, _token, nonce);
            _socket.SendTimeout = Left(until);
            SendAll(handshake.Request, handshake.Request.Length);
            var answer = new byte[WebSocketHandshake.MostBytes];
            var have = 0;
            var head = 0;
            while (head == 0)
            {
                // A ReceiveTimeout begins anew under Mono whenever a collection interrupts the call.
                if (!_socket.Poll(Left(until) * MicrosecondsPerMs, SelectMode.SelectRead))
                {
                    throw new TransportFault("no answer to the handshake", 0);
                }
                have += Read(new ArraySegment<byte>(answer, have, answer.Length - have));
                head = handshake.Judge(answer, have);
            }
            _reader.Add(answer, head, have - head);
        }

        /// <summary>Wait for a text, and do meanwhile what control frames want.</summary>
        /// <returns>False: the server has closed the connection.</returns>
        private bool HasText()
        {
            while (true)
            {
                while (_reader.Next())
                {
                    switch (_reader.Kind)
                    {
                        case WebSocketEvent.Text:
                            return true;
                        case WebSocketEvent.Binary:
                            throw new JsonFault("bad_type", null);
                        case WebSocketEvent.Ping:
                            Volatile.Write(ref _pong, _reader.Payload);
                            Answer();
                            break;
                        case WebSocketEvent.Close:
                            CloseCode = _reader.CloseCode;
                            CloseReason = _reader.Reason;
                            End(CloseCode == 0 ? NormalClosure : CloseCode);
                            return false;
                    }
                }
                _reader.Took(Read(_reader.Room()));
            }
        }

        private int Read(ArraySegment<byte> room)
        {
            int count;
            try
            {
                count = _socket.Receive(room.Array, room.Offset, room.Count, SocketFlags.None);
            }
            catch (SocketException cause)
            {
                throw new TransportFault(cause.Message, 0);
            }
            catch (ObjectDisposedException)
            {
                throw Gone();
            }
            if (count == 0)
            {
                throw new TransportFault("the server has ended the connection", 0);
            }
            return count;
        }

        private void Send(int opcode, byte[] payload, int count)
        {
            lock (_sending)
            {
                Put(opcode, payload, count);
            }
            Answer();
        }

        /// <summary>Answer the newest ping, unless a message is on its way: whoever sends that does it afterwards.</summary>
        private void Answer()
        {
            while (Volatile.Read(ref _pong) != null && Monitor.TryEnter(_sending))
            {
                try
                {
                    var payload = Interlocked.Exchange(ref _pong, null);
                    if (payload != null)
                    {
                        Put(WebSocketWriter.Pong, payload, payload.Length);
                    }
                }
                finally
                {
                    Monitor.Exit(_sending);
                }
            }
        }

        /// <summary>Say the last word, if nobody did and the socket takes it.</summary>
        /// <returns>Whether it was said now.</returns>
        private bool End(int code)
        {
            if (_socket == null || !Monitor.TryEnter(_sending))
            {
                return false;
            }
            try
            {
                if (_ended)
                {
                    return false;
                }
                _socket.SendTimeout = CloseMs;
                Put(WebSocketWriter.Close, new[] { (byte)(code >> 8), (byte)code }, 2);
                return true;
            }
            catch (Exception)
            {
                // It is being ended: however it ends, it ends.
                return false;
            }
            finally
            {
                _ended = true;
                Monitor.Exit(_sending);
            }
        }

        /// <summary>Under the lock.</summary>
        private void Put(int opcode, byte[] payload, int count)
        {
            if (_ended)
            {
                throw Gone();
            }
            var size = _writer.Write(opcode, payload, count, NextKey());
            SendAll(_writer.Buffer, size);
        }

        private void SendAll(byte[] data, int count)
        {
            try
            {
                for (var sent = 0; sent < count;)
                {
                    sent += _socket.Send(data, sent, count - sent, SocketFlags.None);
                }
            }
            catch (SocketException cause)
            {
                Drop();
                throw new TransportFault(Late(cause) ? "the server does not read" : cause.Message, 0);
            }
            catch (ObjectDisposedException)
            {
                throw Gone();
            }
        }

        private uint NextKey()
        {
            if (_keysUsed == KeysAtOnce)
            {
                Random.GetBytes(_keys);
                _keysUsed = 0;
            }
            return BitConverter.ToUInt32(_keys, 4 * _keysUsed++);
        }

        private void Drop()
        {
            if (Interlocked.Exchange(ref _closed, 1) != 0 || _socket == null)
            {
                return;
            }
            try
            {
                // Ends a Receive of the other thread, which closing alone does not everywhere.
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (Exception)
            {
                // It is not connected any more.
            }
            _socket.Close();
        }

        private static bool Late(SocketException cause)
        {
            return cause.SocketErrorCode == SocketError.TimedOut || cause.SocketErrorCode == SocketError.WouldBlock;
        }

        private static TransportFault Gone()
        {
            return new TransportFault("the connection is closed", 0);
        }
    }
}
