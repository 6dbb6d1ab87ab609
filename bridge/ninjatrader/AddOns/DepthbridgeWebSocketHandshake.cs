using System;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Depthbridge
{
    /// <summary>How a client opens a WebSocket: RFC 6455, section 4. Text out, a verdict on what comes back; no I/O.</summary>
    public sealed class WebSocketHandshake
    {
        /// <summary>Most bytes of the server's answer.</summary>
        public const int MostBytes = 1 << 14;

        /// <summary>Bytes of a nonce.</summary>
        public const int NonceSize = 16;

        private const string Identifier = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        private const int Switching = 101;

        private readonly string _accept;

        /// <summary>Prepare.</summary>
        /// <param name="address">Host and port.</param>
        /// <param name="token">For the Authorization header; null or empty: none.</param>
        /// <param name="nonce"><see cref="NonceSize"/> random bytes.</param>
        /// <exception cref="TransportFault">The token cannot stand in a header.</exception>
        public WebSocketHandshake(string address, string token, byte[] nonce)
        {
            var key = Convert.ToBase64String(nonce);
            _accept = AcceptOf(key);
            var request = new StringBuilder("GET /ws HTTP/1.1\r\n");
            request.Append("Host: ").Append(address).Append("\r\n");
            request.Append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
            request.Append("Sec-WebSocket-Key: ").Append(key).Append("\r\n");
            request.Append("Sec-WebSocket-Protocol: ").Append(Wire.Subprotocol).Append("\r\n");
            if (!string.IsNullOrEmpty(token))
            {
                RequireVisible(token);
                request.Append("Authorization: Bearer ").Append(token).Append("\r\n");
            }
            Request = Encoding.ASCII.GetBytes(request.Append("\r\n").ToString());
        }

        /// <summary>What to send.</summary>
        public byte[] Request { get; private set; }

        /// <summary>What the server must make of a key.</summary>
        public static string AcceptOf(string key)
        {
            using (var hash = SHA1.Create())
            {
                return Convert.ToBase64String(hash.ComputeHash(Encoding.ASCII.GetBytes(key + Identifier)));
            }
        }

        /// <summary>Judge the server's answer.</summary>
        /// <param name="data">What has come so far.</param>
        /// <param name="count">Bytes of it.</param>
        /// <returns>Bytes of the answer, frames may follow it; 0: it is not whole yet.</returns>
        /// <exception cref="TransportFault">It is no consent; with the status, if there is one.</exception>
        public int Judge(byte[] data, int count)
        {
            var end = EndOf(data, count);
            if (end == 0)
            {
                if (count >= MostBytes)
                {
                    throw new TransportFault("the server's answer to the handshake is too long", 0);
                }
                return 0;
            }
            var lines = Encoding.ASCII.GetString(data, 0, end - 4).Split(new[] { "\r\n" }, StringSplitOptions.None);
            RequireConsent(lines[0]);
            Require(Says(Only(lines, "Upgrade"), "websocket"), "does not upgrade to a WebSocket");
            Require(Says(Only(lines, "Connection"), "upgrade"), "does not upgrade the connection");
            Require(Only(lines, "Sec-WebSocket-Accept") == _accept, "accepts another handshake");
            Require(Only(lines, "Sec-WebSocket-Extensions") == null, "uses an extension that nobody offered");
            Require((Only(lines, "Sec-WebSocket-Protocol") ?? Wire.Subprotocol) == Wire.Subprotocol, "speaks another subprotocol");
            return end;
        }

        private static int EndOf(byte[] data, int count)
        {
            for (var i = 3; i < count; i++)
            {
                if (data[i] == '\n' && data[i - 1] == '\r' && data[i - 2] == '\n' && data[i - 3] == '\r')
                {
                    return i + 1;
                }
            }
            return 0;
        }

        private static void RequireConsent(string line)
        {
            var words = line.Split(new[] { ' ' }, 3);
            var status = 0;
            var read = words.Length > 1 && words[0].StartsWith("HTTP/1.", StringComparison.Ordinal)
                && words[1].Length == 3 && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out status);
            Require(read, "does not speak HTTP");
            if (status != Switching)
            {
                throw new TransportFault("the server answers " + words[1] + (words.Length > 2 ? " " + words[2] : ""), status);
            }
        }

        /// <summary>The value of a field, or null; one that stands twice is none of these that may.</summary>
        private static string Only(string[] lines, string name)
        {
            string found = null;
            for (var i = 1; i < lines.Length; i++)
            {
                var colon = lines[i].IndexOf(':');
                if (colon < 0 || !string.Equals(lines[i].Substring(0, colon), name, StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }
                Require(found == null, "says " + name + " twice");
                found = lines[i].Substring(colon + 1).Trim(' ', '\t');
            }
            return found;
        }

        private static bool Says(string value, string word)
        {
            if (value == null)
            {
                return false;
            }
            foreach (var part in value.Split(','))
            {
                if (string.Equals(part.Trim(' ', '\t'), word, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
            return false;
        }

        private static void Require(bool holds, string what)
        {
            if (!holds)
            {
                throw new TransportFault("the server " + what, 0);
            }
        }

        private static void RequireVisible(string token)
        {
            foreach (var c in token)
            {
                if (c <= ' ' || c > '~')
                {
                    throw new TransportFault("the token has a character that no header can carry", 0);
                }
            }
        }
    }
}
