using System;
using System.Text;

namespace Depthbridge
{
    /// <summary>What a server sends, to messages: RFC 6455, section 5. Strict, bounded, no I/O.</summary>
    /// <remarks>
    /// Whoever reads the socket puts bytes into <see cref="Room"/>, says how many (<see cref="Took"/>), and asks for
    /// <see cref="Next"/> until there is nothing more. A length that is only announced costs no memory: the
    /// buffer grows with what has come.
    /// </remarks>
    public sealed class WebSocketReader
    {
        /// <summary>Most bytes of a message.</summary>
        public const int MostBytes = 1 << 26;

        /// <summary>Close code of a server that breaks the rules.</summary>
        public const int ProtocolError = 1002;

        private const int InvalidData = 1007;
        private const int TooBig = 1009;
        private const int NoCode = 1005;
        private const int FirstBytes = 1 << 16;
        private const int LengthOf16 = 126;
        private const int Lengths = 0x7f;
        private const int Opcodes = 0x0f;
        private const int Final = 0x80;
        private const int Masked = 0x80;
        private const int Reserved = 0x70;
        private const int Continuation = 0;
        private const int TextFrame = 1;
        private const int BinaryFrame = 2;
        private const int CloseFrame = 8;
        private const int PingFrame = 9;
        private const int PongFrame = 10;
        private const int MostOfControl = 125;
        private const ulong BeyondAscii = 0x8080808080808080;

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        private byte[] _data = new byte[FirstBytes];
        private int _begin;
        private int _end;
        private byte[] _message = new byte[0];
        private int _messageSize;
        private int _messageType;
        private int _type;
        private bool _final;
        private int _start;
        private int _size;

        /// <summary>What <see cref="Next"/> has found.</summary>
        public WebSocketEvent Kind { get; private set; }

        /// <summary>A text message, valid UTF-8; until the next call.</summary>
        public ArraySegment<byte> Text { get; private set; }

        /// <summary>Of a close, in words.</summary>
        public string Reason { get; private set; }

        /// <summary>Bytes of a ping or a pong.</summary>
        public byte[] Payload { get; private set; }

        /// <summary>Of a close; 0: it has none.</summary>
        public int CloseCode { get; private set; }

        /// <summary>Where the next bytes go, at least one.</summary>
        public ArraySegment<byte> Room()
        {
            if (_begin == _end)
            {
                _begin = 0;
                _end = 0;
            }
            if (_end == _data.Length)
            {
                MakeRoom();
            }
            return new ArraySegment<byte>(_data, _end, _data.Length - _end);
        }

        /// <summary>So many bytes were put into the room.</summary>
        public void Took(int count)
        {
            _end += count;
        }

        /// <summary>Take bytes in that came before anybody read frames.</summary>
        /// <param name="data">Holds them.</param>
        /// <param name="start">The first.</param>
        /// <param name="count">How many.</param>
        public void Add(byte[] data, int start, int count)
        {
            while (count > 0)
            {
                var room = Room();
                var part = Math.Min(count, room.Count);
                Buffer.BlockCopy(data, start, room.Array, room.Offset, part);
                Took(part);
                start += part;
                count -= part;
            }
        }

        /// <summary>Find the next message or control frame.</summary>
        /// <returns>False: it is not whole yet.</returns>
        /// <exception cref="WebSocketFault">What came breaks the protocol; nothing more can be read.</exception>
        public bool Next()
        {
            while (true)
            {
                if (!NextFrame())
                {
                    return false;
                }
                if (_type >= CloseFrame)
                {
                    TakeControl();
                    return true;
                }
                if (TakeData())
                {
                    return true;
                }
            }
        }

        /// <summary>Whether a close code may stand in a frame: section 7.4.</summary>
        public static bool IsCloseCode(int code)
        {
            return (code >= 1000 && code <= 1014 && code != 1004 && code != NoCode && code != 1006) || (code >= 3000 && code <= 4999);
        }

        private void MakeRoom()
        {
            if (_begin > _data.Length / 2)
            {
                Buffer.BlockCopy(_data, _begin, _data, 0, _end - _begin);
            }
            else
            {
                var larger = new byte[_data.Length * 2];
                Buffer.BlockCopy(_data, _begin, larger, 0, _end - _begin);
                _data = larger;
            }
            _end -= _begin;
            _begin = 0;
        }

        /// <summary>Take the next frame out of the buffer, if it is whole.</summary>
        private bool NextFrame()
        {
            var have = _end - _begin;
            if (have < 2)
            {
                return false;
            }
            ReadHead(_data[_begin], _data[_begin + 1]);
            var length = _data[_begin + 1] & Lengths;
            var head = length <= MostOfControl ? 2 : length == LengthOf16 ? 4 : 10;
            if (have < head)
            {
                return false;
            }
            var announced = head == 2 ? length : LengthAt(_begin + 2, head - 2);
            if (announced > MostBytes - (_type == Continuation ? _messageSize : 0))
            {
                throw new WebSocketFault(TooBig, "the server's message is too large");
            }
            if (have - head < announced)
            {
                return false;
            }
            _size = (int)announced;
            _start = _begin + head;
            _begin = _start + _size;
            return true;
        }

        private void ReadHead(byte first, byte second)
        {
            _type = first & Opcodes;
            _final = (first & Final) != 0;
            var control = _type >= CloseFrame;
            Require((first & Reserved) == 0, "a reserved bit is set");
            Require((second & Masked) == 0, "a server's frame is masked");
            Require(_type <= BinaryFrame || (control && _type <= PongFrame), "unknown opcode");
            Require(!control || (_final && second <= MostOfControl), "a control frame that is long, or in parts");
            Require(control || (_type == Continuation) == (_messageType != 0), "parts of messages in disorder");
        }

        private long LengthAt(int at, int bytes)
        {
            long length = 0;
            for (var i = 0; i < bytes; i++)
            {
                length = length << 8 | _data[at + i];
            }
            Require(length > (bytes == 2 ? MostOfControl : ushort.MaxValue), "a length that is none, or has a shorter form");
            return length;
        }

        private void TakeControl()
        {
            Payload = new byte[_size];
            Buffer.BlockCopy(_data, _start, Payload, 0, _size);
            Kind = _type == PingFrame ? WebSocketEvent.Ping : _type == PongFrame ? WebSocketEvent.Pong : WebSocketEvent.Close;
            if (_type != CloseFrame)
            {
                return;
            }
            Require(_size != 1, "half a close code");
            CloseCode = _size == 0 ? 0 : Payload[0] << 8 | Payload[1];
            Require(_size == 0 || IsCloseCode(CloseCode), "a close code that nobody may send");
            Reason = _size == 0 ? "" : Decode(Payload, 2, _size - 2);
        }

        /// <summary>Take a part of a message, or a whole one.</summary>
        /// <returns>Whether the message is whole.</returns>
        private bool TakeData()
        {
            if (_type != Continuation && _final)
            {
                Found(_type, _data, _start, _size);
                return true;
            }
            _messageType = _type == Continuation ? _messageType : _type;
            Append();
            if (!_final)
            {
                return false;
            }
            Found(_messageType, _message, 0, _messageSize);
            _messageType = 0;
            _messageSize = 0;
            return true;
        }

        private void Append()
        {
            if (_message.Length - _messageSize < _size)
            {
                Array.Resize(ref _message, Math.Max(_message.Length * 2, _messageSize + _size));
            }
            Buffer.BlockCopy(_data, _start, _message, _messageSize, _size);
            _messageSize += _size;
        }

        private void Found(int type, byte[] data, int start, int size)
        {
            Kind = type == TextFrame ? WebSocketEvent.Text : WebSocketEvent.Binary;
            if (type == TextFrame && !IsAscii(data, start, size))
            {
                Judge(data, start, size);
            }
            Text = new ArraySegment<byte>(data, start, size);
        }

        // Nearly every text is, and eight bytes at a time tell it.
        private static bool IsAscii(byte[] data, int start, int size)
        {
            var end = start + size;
            for (; end - start >= 8; start += 8)
            {
                if ((BitConverter.ToUInt64(data, start) & BeyondAscii) != 0)
                {
                    return false;
                }
            }
            for (; start < end; start++)
            {
                if (data[start] > 0x7f)
                {
                    return false;
                }
            }
            return true;
        }

        private static string Decode(byte[] data, int start, int size)
        {
            Judge(data, start, size);
            return Utf8.GetString(data, start, size);
        }

        private static void Judge(byte[] data, int start, int size)
        {
            try
            {
                Utf8.GetCharCount(data, start, size);
            }
            catch (DecoderFallbackException)
            {
                throw new WebSocketFault(InvalidData, "a text that is not UTF-8");
            }
        }

        private static void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                throw new WebSocketFault(ProtocolError, otherwise);
            }
        }
    }
}
