using System.Globalization;
using System.Text;

namespace Depthbridge
{
    /// <summary>JSON text to values, as strict as the server: it shares the server's rules and their codes.</summary>
    /// <remarks>
    /// Refused are: a repeated name, nesting deeper than 32, an integer beyond 64 bits, NaN and infinities,
    /// and everything that RFC 8259 does not have. A whole text is judged before anything of it is told. Not thread-safe.
    /// </remarks>
    public sealed class JsonParser
    {
        private const int MaxDepth = 32;
        private const int End = -1;

        // The largest integer but its last digit.
        private const ulong MostTenth = ulong.MaxValue / 10;
        private const uint MostLast = (uint)(ulong.MaxValue % 10);
        private const int MostExponent = 9999;

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);
        private static readonly byte[] True = Encoding.ASCII.GetBytes("true");
        private static readonly byte[] False = Encoding.ASCII.GetBytes("false");
        private static readonly byte[] Null = Encoding.ASCII.GetBytes("null");
        private static readonly byte[] NotANumber = Encoding.ASCII.GetBytes("NaN");
        private static readonly byte[] Infinity = Encoding.ASCII.GetBytes("Infinity");

        private readonly JsonDocument _document = new JsonDocument();
        private readonly JsonNames _names;
        private byte[] _data;
        private int _at;
        private int _end;
        private int _depth;
        private int _field;
        private ulong _digits;
        private bool _tooMany;

        /// <summary>Prepare.</summary>
        public JsonParser()
        {
            _names = new JsonNames(_document);
        }

        /// <summary>The value of a text.</summary>
        /// <exception cref="JsonFault"><c>bad_json</c>, <c>repeated_key</c>, <c>too_deep</c> or <c>bad_number</c>.</exception>
        public static JsonValue Parse(string text)
        {
            try
            {
                var data = Utf8.GetBytes(text);
                return new JsonParser().Read(data, 0, data.Length);
            }
            catch (EncoderFallbackException)
            {
                // One half of a surrogate pair is no character.
                throw BadJson();
            }
        }

        /// <summary>The value of a text, to be used until the next call.</summary>
        /// <param name="data">Holds it, valid UTF-8; not to be changed until then.</param>
        /// <param name="start">Its first byte.</param>
        /// <param name="count">How many bytes.</param>
        /// <exception cref="JsonFault"><c>bad_json</c>, <c>repeated_key</c>, <c>too_deep</c> or <c>bad_number</c>.</exception>
        public JsonValue Read(byte[] data, int start, int count)
        {
            _document.Begin(data);
            _names.Begin();
            _data = data;
            _at = start;
            _end = start + count;
            _depth = 0;
            _field = JsonDocument.None;
            ReadValue();
            Require(Next() == End);
            return new JsonValue(_document, 0);
        }

        private void ReadValue()
        {
            switch (Next())
            {
                case '{':
                    ReadObject();
                    break;
                case '[':
                    ReadList();
                    break;
                case '"':
                    ReadText();
                    break;
                case 't':
                    ReadWord(True, JsonKind.Boolean);
                    break;
                case 'f':
                    ReadWord(False, JsonKind.Boolean);
                    break;
                case 'n':
                    ReadWord(Null, JsonKind.Null);
                    break;
                default:
                    ReadNumber();
                    break;
            }
        }

        private void ReadObject()
        {
            var field = _field;
            var place = Open(JsonKind.Object);
            var count = 0;
            for (var more = Begins('}'); more; more = Continues('}'))
            {
                ReadMember(place);
                count++;
            }
            Close(place, count);
            _field = field;
        }

        private void ReadMember(int owner)
        {
            Require(Next() == '"');
            var name = ReadText();
            _document.Tokens[name].Next = owner;
            if (!_names.Add(name))
            {
                throw new JsonFault("repeated_key", _document.String(name));
            }
            Require(Next() == ':');
            _at++;
            _field = name;
            ReadValue();
        }

        private void ReadList()
        {
            var place = Open(JsonKind.List);
            var count = 0;
            for (var more = Begins(']'); more; more = Continues(']'))
            {
                ReadValue();
                count++;
            }
            Close(place, count);
        }

        private int Open(JsonKind kind)
        {
            if (++_depth > MaxDepth)
            {
                throw new JsonFault("too_deep", null);
            }
            _at++;
            return _document.Add(kind);
        }

        private void Close(int place, int count)
        {
            _depth--;
            _document.Tokens[place].Size = count;
            _document.Tokens[place].Next = _document.Count;
        }

        // In front of the first item: false behind the end.
        private bool Begins(char end)
        {
            if (Next() != end)
            {
                return true;
            }
            _at++;
            return false;
        }

        // Behind an item: true behind a comma, false behind the end.
        private bool Continues(char end)
        {
            var mark = Next();
            Require(mark == end || mark == ',');
            _at++;
            return mark != end;
        }

        private void ReadWord(byte[] word, JsonKind kind)
        {
            Require(Stands(word));
            _at += word.Length;
            _document.AddWord(kind, word == True);
        }

        private bool Stands(byte[] word)
        {
            if (_end - _at < word.Length)
            {
                return false;
            }
            for (var i = 0; i < word.Length; i++)
            {
                if (_data[_at + i] != word[i])
                {
                    return false;
                }
            }
            return true;
        }

        private int ReadText()
        {
            var data = _data;
            var end = _end;
            var start = _at + 1;
            var hash = JsonTexts.HashBegin;
            for (var at = start; at < end; at++)
            {
                var c = data[at];
                if (c == '"')
                {
                    _at = at + 1;
                    return _document.AddText(start, at - start, hash, false);
                }
                if (c == '\\')
                {
                    return ReadEscapedText(start);
                }
                if (c < ' ')
                {
                    break;
                }
                hash = (hash ^ c) * JsonTexts.HashPrime;
            }
            throw BadJson();
        }

        private int ReadEscapedText(int start)
        {
            var first = _document.Unescaped;
            for (_at = start; ; _at++)
            {
                var c = Peek();
                if (c == '"')
                {
                    _at++;
                    return _document.AddText(first, _document.Unescaped - first, _document.HashFrom(first), true);
                }
                Require(c >= ' ');
                if (c == '\\')
                {
                    ReadEscape();
                }
                else
                {
                    _document.Unescape((byte)c);
                }
            }
        }

        private void ReadEscape()
        {
            _at++;
            var c = Peek();
            if (c == 'u')
            {
                ReadCode();
                return;
            }
            var which = "bfnrt\"\\/".IndexOf((char)(c & byte.MaxValue));
            Require(which >= 0);
            _document.Unescape((byte)"\b\f\n\r\t\"\\/"[which]);
        }

        private void ReadCode()
        {
            var code = ReadHalf();
            if (!char.IsSurrogate(code))
            {
                Unescape(code);
                return;
            }
            Require(char.IsHighSurrogate(code));
            _at++;
            Require(Peek() == '\\');
            _at++;
            Require(Peek() == 'u');
            var second = ReadHalf();
            Require(char.IsLowSurrogate(second));
            Unescape(char.ConvertToUtf32(code, second));
        }

        // From the u to the last of its four digits.
        private char ReadHalf()
        {
            var code = 0;
            for (var i = 0; i < 4; i++)
            {
                _at++;
                code = code << 4 | HexDigit(Peek());
            }
            return (char)code;
        }

        private static int HexDigit(int c)
        {
            if (IsDigit(c))
            {
                return c - '0';
            }
            var letter = c | 0x20;
            Require(letter >= 'a' && letter <= 'f');
            return letter - 'a' + 10;
        }

        // RFC 3629, section 3.
        private void Unescape(int code)
        {
            if (code < 0x80)
            {
                _document.Unescape((byte)code);
                return;
            }
            var more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
            _document.Unescape((byte)(0xFF00 >> more + 1 & 0xFF | code >> 6 * more));
            while (more-- > 0)
            {
                _document.Unescape((byte)(0x80 | code >> 6 * more & 0x3F));
            }
        }

        private void ReadNumber()
        {
            var start = _at;
            var negative = Peek() == '-';
            if (negative)
            {
                _at++;
            }
            var first = _at;
            _digits = 0;
            _tooMany = false;
            if (!IsDigit(Peek()))
            {
                throw Stands(NotANumber) || Stands(Infinity) ? BadNumber() : BadJson();
            }
            ReadDigits();
            Require(_data[first] != '0' || _at == first + 1);
            var last = _at;
            var exponent = -ReadFraction();
            exponent += ReadExponent();
            if (_at == last)
            {
                AddInteger(negative);
            }
            else
            {
                AddNumber(start, negative, exponent);
            }
        }

        // How many digits stand behind the point.
        private int ReadFraction()
        {
            if (Peek() != '.')
            {
                return 0;
            }
            var first = ++_at;
            Require(IsDigit(Peek()));
            ReadDigits();
            return _at - first;
        }

        private int ReadExponent()
        {
            if ((Peek() | 0x20) != 'e')
            {
                return 0;
            }
            _at++;
            var negative = Peek() == '-';
            if (negative || Peek() == '+')
            {
                _at++;
            }
            Require(IsDigit(Peek()));
            var exponent = 0;
            for (; IsDigit(Peek()); _at++)
            {
                exponent = exponent > MostExponent ? exponent : exponent * 10 + _data[_at] - '0';
            }
            return negative ? -exponent : exponent;
        }

        private void ReadDigits()
        {
            var data = _data;
            var end = _end;
            var at = _at;
            var digits = _digits;
            for (; at < end; at++)
            {
                var digit = (uint)(data[at] - '0');
                if (digit > 9)
                {
                    break;
                }
                if (digits >= MostTenth && (digits > MostTenth || digit > MostLast))
                {
                    _tooMany = true;
                }
                digits = unchecked(digits * 10 + digit);
            }
            _digits = digits;
            _at = at;
        }

        private void AddInteger(bool negative)
        {
            if (_tooMany || (negative && _digits > 1UL << 63))
            {
                throw BadNumber();
            }
            _document.AddInteger(negative ? unchecked(-(long)_digits) : (long)_digits, negative && _digits != 0);
        }

        private void AddNumber(int start, bool negative, int exponent)
        {
            var number = _tooMany ? double.NaN : JsonNumber.Nearest(_digits, exponent);
            if (double.IsNaN(number))
            {
                number = Converted(start);
            }
            else if (negative)
            {
                number = -number;
            }
            _document.AddNumber(number);
        }

        // What is too large for a double is refused by TryParse itself.
        private double Converted(int start)
        {
            double number;
            var text = Encoding.ASCII.GetString(_data, start, _at - start);
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
            {
                throw BadNumber();
            }
            return number;
        }

        // What stands behind the space.
        private int Next()
        {
            while (_at < _end)
            {
                var c = _data[_at];
                if (c > ' ' || " \t\r\n".IndexOf((char)c) < 0)
                {
                    return c;
                }
                _at++;
            }
            return End;
        }

        private int Peek()
        {
            return _at < _end ? _data[_at] : End;
        }

        private static bool IsDigit(int c)
        {
            return c >= '0' && c <= '9';
        }

        private static void Require(bool holds)
        {
            if (!holds)
            {
                throw BadJson();
            }
        }

        private JsonFault BadNumber()
        {
            return new JsonFault("bad_number", _field == JsonDocument.None ? null : _document.String(_field));
        }

        private static JsonFault BadJson()
        {
            return new JsonFault("bad_json", null);
        }
    }
}
