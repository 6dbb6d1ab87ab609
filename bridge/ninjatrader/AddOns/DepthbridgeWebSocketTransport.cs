using System;
using System.IO;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Threading;
using System.Threading.Tasks;

namespace Depthbridge
{
    /// <summary>One WebSocket of the server.</summary>
    /// <remarks>
    /// A ClientWebSocket allows one send and one receive in flight, which is why sending and receiving belong to one
    /// thread each. A call that takes too long ends the connection: cancelling it would abort the socket anyway.
    /// </remarks>
    public sealed class WebSocketTransport : ITransport
    {
        private const int SendMs = 15000;
        private const int CloseMs = 1000;
        private const int MostBytes = 1 << 26;
        private const int FirstBytes = 1 << 16;

        private readonly string _address;
        private readonly string _token;
        private readonly ClientWebSocket _socket = new ClientWebSocket();
        private byte[] _incoming = new byte[FirstBytes];
        private byte[] _text = new byte[FirstBytes];
        private int _sending;
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
            Guard(delegate
            {
                HttpTransport.Prepare(_address);
                _socket.Options.AddSubProtocol(Wire.Subprotocol);
                _socket.Options.Proxy = new WebProxy();
                if (!string.IsNullOrEmpty(_token))
                {
                    _socket.Options.SetRequestHeader("Authorization", "Bearer " + _token);
                }
                using (var limit = new CancellationTokenSource(milliseconds))
                {
                    var opening = _socket.ConnectAsync(new Uri("ws://" + _address + "/ws"), limit.Token);
                    Finish(opening, milliseconds, "no answer to the handshake");
                }
            });
        }

        /// <summary>Send a JSON message.</summary>
        public void SendText(string text)
        {
            var most = Encoding.UTF8.GetMaxByteCount(text.Length);
            if (_text.Length < most)
            {
                _text = new byte[most];
            }
            Send(_text, Encoding.UTF8.GetBytes(text, 0, text.Length, _text, 0), WebSocketMessageType.Text);
        }

        /// <summary>Send a frame.</summary>
        public void SendFrame(byte[] buffer, int count)
        {
            Send(buffer, count, WebSocketMessageType.Binary);
        }

        /// <summary>Wait for the next message.</summary>
        public ServerMessage Receive()
        {
            string text = null;
            Guard(delegate { text = ReceiveText(); });
            return text == null ? null : ServerMessages.Parse(text);
        }

        /// <summary>End the connection.</summary>
        public void Close()
        {
            if (Interlocked.Exchange(ref _closed, 1) != 0)
            {
                return;
            }
            try
            {
                if (_socket.State == WebSocketState.Open && Interlocked.Exchange(ref _sending, 1) == 0)
                {
                    _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).Wait(CloseMs);
                    WaitForPeer();
                }
            }
            catch (Exception)
            {
                // It is being closed: however it ends, it ends.
            }
            Drop();
        }

        private void Send(byte[] buffer, int count, WebSocketMessageType type)
        {
            if (Interlocked.Exchange(ref _sending, 1) != 0)
            {
                throw new TransportFault("the connection is closed", 0);
            }
            Guard(delegate
            {
                var part = new ArraySegment<byte>(buffer, 0, count);
                Finish(_socket.SendAsync(part, type, true, CancellationToken.None), SendMs, "the server does not read");
            });
            Volatile.Write(ref _sending, 0);
        }

        private string ReceiveText()
        {
            var count = 0;
            while (true)
            {
                var room = new ArraySegment<byte>(_incoming, count, _incoming.Length - count);
                var part = _socket.ReceiveAsync(room, CancellationToken.None).GetAwaiter().GetResult();
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    CloseCode = (int)(part.CloseStatus ?? 0);
                    CloseReason = part.CloseStatusDescription ?? "";
                    return null;
                }
                count += part.Count;
                if (part.EndOfMessage)
                {
                    return Encoding.UTF8.GetString(_incoming, 0, count);
                }
                if (count == _incoming.Length)
                {
                    Grow();
                }
            }
        }

        private void Grow()
        {
            if (_incoming.Length >= MostBytes)
            {
                throw new TransportFault("the server's message is too large", 0);
            }
            Array.Resize(ref _incoming, _incoming.Length * 2);
        }

        /// <summary>Let the receiving thread see the server's close frame.</summary>
        private void WaitForPeer()
        {
            for (var waited = 0; waited < CloseMs && _socket.State == WebSocketState.CloseSent; waited += 10)
            {
                Thread.Sleep(10);
            }
        }

        private void Drop()
        {
            try
            {
                _socket.Abort();
                _socket.Dispose();
            }
            catch (Exception)
            {
                // Nothing is left to be ended.
            }
        }

        private void Finish(Task task, int milliseconds, string late)
        {
            if (!task.Wait(milliseconds))
            {
                Drop();
                throw new TransportFault(late, 0);
            }
        }

        /// <summary>Whatever a socket throws becomes a <see cref="TransportFault"/>.</summary>
        private static void Guard(Action work)
        {
            try
            {
                work();
            }
            catch (TransportFault)
            {
                throw;
            }
            catch (Exception cause)
            {
                throw FaultOf(cause);
            }
        }

        private static TransportFault FaultOf(Exception cause)
        {
            var message = cause.Message;
            for (var inner = cause; inner != null; inner = inner.InnerException)
            {
                message = inner.Message;
                var web = inner as WebException;
                var answer = web == null ? null : web.Response as HttpWebResponse;
                if (answer != null)
                {
                    return new TransportFault(web.Message, (int)answer.StatusCode);
                }
                if (inner is IOException)
                {
                    break;
                }
            }
            return new TransportFault(message, 0);
        }
    }
}
