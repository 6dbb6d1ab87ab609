using System;

namespace Depthbridge
{
    /// <summary>A JSON text that was read: its values in their order, each knowing which one stands behind it. No value is an object of its own.</summary>
    /// <remarks>
    /// In an object each name is followed by its value. The text's bytes must not change while this is in use; all arrays
    /// are used again for the next text. Not thread-safe. What is read as another type than it is, is refused with
    /// <see cref="JsonFault"/> <c>bad_type</c>; nothing is converted.
    /// </remarks>
    internal sealed class JsonDocument
    {
        /// <summary>No token.</summary>
        public const int None = -1;

        private const int FirstTokens = 16;
        private const int MostKept = 1 << 14;

        private readonly JsonTexts _texts = new JsonTexts();
        private JsonToken[] _tokens = new JsonToken[FirstTokens];
        private int _count;
        private byte[] _data;
        private byte[] _unescaped = new byte[0];
        private int _unescapedSize;

        /// <summary>How many tokens there are.</summary>
        public int Count
        {
            get { return _count; }
        }

        /// <summary>Bytes that were unescaped so far.</summary>
        public int Unescaped
        {
            get { return _unescapedSize; }
        }

        /// <summary>The tokens, of which the first is the whole text; the array changes when one is added.</summary>
        public JsonToken[] Tokens
        {
            get { return _tokens; }
        }

        /// <summary>Begin anew with another text.</summary>
        public void Begin(byte[] data)
        {
            _data = data;
            _count = 0;
            _unescapedSize = 0;
            if (_tokens.Length > MostKept || _unescaped.Length > MostKept)
            {
                _tokens = new JsonToken[FirstTokens];
                _unescaped = new byte[0];
            }
        }

        /// <summary>Add a token behind the others.</summary>
        /// <returns>Its place.</returns>
        public int Add(JsonKind kind)
        {
            if (_count == _tokens.Length)
            {
                Array.Resize(ref _tokens, _count * 2);
            }
            var place = _count++;
            var tokens = _tokens;
            tokens[place].Kind = kind;
            tokens[place].Flag = false;
            tokens[place].Asked = false;
            tokens[place].Next = _count;
            return place;
        }

        /// <summary>Add <c>true</c>, <c>false</c> or <c>null</c>.</summary>
        public void AddWord(JsonKind kind, bool value)
        {
            var place = Add(kind);
            _tokens[place].Flag = value;
        }

        /// <summary>Add an integer: its value, or the two's complement of a negative one.</summary>
        public void AddInteger(long bits, bool negative)
        {
            var place = Add(JsonKind.Integer);
            _tokens[place].Bits = bits;
            _tokens[place].Flag = negative;
        }

        /// <summary>Add a number with point or exponent.</summary>
        public void AddNumber(double number)
        {
            var place = Add(JsonKind.Number);
            _tokens[place].Bits = BitConverter.DoubleToInt64Bits(number);
        }

        /// <summary>Add a text, or the name of a member.</summary>
        /// <param name="start">Its first byte, in the message or among what was unescaped.</param>
        /// <param name="size">How many bytes.</param>
        /// <param name="hash">Of them.</param>
        /// <param name="escaped">Whether it was unescaped.</param>
        /// <returns>Its place.</returns>
        public int AddText(int start, int size, uint hash, bool escaped)
        {
            var place = Add(JsonKind.Text);
            var tokens = _tokens;
            tokens[place].Start = start;
            tokens[place].Size = size;
            tokens[place].Hash = hash;
            tokens[place].Flag = escaped;
            return place;
        }

        /// <summary>Add a byte of an escaped text.</summary>
        public void Unescape(byte value)
        {
            if (_unescapedSize == _unescaped.Length)
            {
                Array.Resize(ref _unescaped, Math.Max(_unescapedSize * 2, FirstTokens));
            }
            _unescaped[_unescapedSize++] = value;
        }

        /// <summary>The hash of what was unescaped from a byte on.</summary>
        public uint HashFrom(int first)
        {
            var hash = JsonTexts.HashBegin;
            for (var i = first; i < _unescapedSize; i++)
            {
                hash = (hash ^ _unescaped[i]) * JsonTexts.HashPrime;
            }
            return hash;
        }

        /// <summary>The place of a member's name, or <see cref="None"/>; no member is looked at twice.</summary>
        /// <param name="place">Of the object; anything else has no member.</param>
        /// <param name="name">In ASCII.</param>
        /// <param name="from">The place of the name where the search begins; it goes on at the first.</param>
        public int Find(int place, string name, int from)
        {
            var tokens = _tokens;
            if (tokens[place].Kind != JsonKind.Object)
            {
                return None;
            }
            var end = tokens[place].Next;
            var at = Find(name, from, end);
            return at == None ? Find(name, place + 1, Math.Min(from, end)) : at;
        }

        /// <summary>Whether a text is one of ASCII characters.</summary>
        public bool Is(int place, string text)
        {
            var tokens = _tokens;
            return JsonTexts.Is(tokens[place].Flag ? _unescaped : _data, tokens[place].Start, tokens[place].Size, text);
        }

        /// <summary>Whether two texts are the same.</summary>
        public bool Same(int place, int other)
        {
            JsonToken one = _tokens[place], two = _tokens[other];
            if (one.Hash != two.Hash || one.Size != two.Size)
            {
                return false;
            }
            byte[] first = one.Flag ? _unescaped : _data, second = two.Flag ? _unescaped : _data;
            for (var i = 0; i < one.Size; i++)
            {
                if (first[one.Start + i] != second[two.Start + i])
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>A text, as it is.</summary>
        public string String(int place)
        {
            var token = _tokens[place];
            return _texts.Of(token.Flag ? _unescaped : _data, token.Start, token.Size, token.Hash);
        }

        /// <summary>As a string.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public string Text(int place, string field)
        {
            Require(place, JsonKind.Text, field);
            return String(place);
        }

        /// <summary>As a boolean.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public bool Boolean(int place, string field)
        {
            Require(place, JsonKind.Boolean, field);
            return _tokens[place].Flag;
        }

        /// <summary>As a signed integer of 64 bits; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public long Long(int place, string field)
        {
            Require(place, JsonKind.Integer, field);
            var bits = _tokens[place].Bits;
            if (bits < 0 && !_tokens[place].Flag)
            {
                throw new JsonFault("out_of_range", field);
            }
            return bits;
        }

        /// <summary>As an unsigned integer of 64 bits; a negative one is <c>out_of_range</c>.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public ulong Unsigned(int place, string field)
        {
            Require(place, JsonKind.Integer, field);
            if (_tokens[place].Flag)
            {
                throw new JsonFault("out_of_range", field);
            }
            return (ulong)_tokens[place].Bits;
        }

        /// <summary>As an integer within bounds; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        /// <param name="least">Lower bound.</param>
        /// <param name="most">Upper bound.</param>
        public long Long(int place, string field, long least, long most)
        {
            var value = Long(place, field);
            if (value < least || value > most)
            {
                throw new JsonFault("out_of_range", field);
            }
            return value;
        }

        /// <summary>As a number; an integer is one too.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public double Double(int place, string field)
        {
            var tokens = _tokens;
            if (tokens[place].Kind == JsonKind.Number)
            {
                return BitConverter.Int64BitsToDouble(tokens[place].Bits);
            }
            Require(place, JsonKind.Integer, field);
            var bits = tokens[place].Bits;
            return bits >= 0 || tokens[place].Flag ? bits : (double)(ulong)bits;
        }

        /// <summary>Refuse a value that is not of a kind.</summary>
        /// <param name="place">Of the value.</param>
        /// <param name="kind">What it must be.</param>
        /// <param name="field">Whose value it is, for the fault.</param>
        public void Require(int place, JsonKind kind, string field)
        {
            if (_tokens[place].Kind != kind)
            {
                throw new JsonFault("bad_type", field);
            }
        }

        private int Find(string name, int from, int end)
        {
            var tokens = _tokens;
            for (var at = from; at < end; at = tokens[at + 1].Next)
            {
                if (tokens[at].Size == name.Length && Is(at, name))
                {
                    return at;
                }
            }
            return None;
        }
    }
}
