using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Depthbridge
{
    /// <summary>JSON text to values, as strict as the server: it shares the server's rules and their codes.</summary>
    /// <remarks>
    /// Refused are: a repeated name, nesting deeper than 32, an integer beyond 64 bits, NaN and infinities,
    /// and everything that RFC 8259 does not have.
    /// </remarks>
    public sealed class JsonParser
    {
        private const int MaxDepth = 32;

        private readonly string _text;
        private readonly StringBuilder _unescaped = new StringBuilder();
        private int _at;
        private int _depth;
        private string _field;

        private JsonParser(string text)
        {
            _text = text;
        }

        /// <summary>The value of a text.</summary>
        /// <exception cref="JsonFault"><c>bad_json</c>, <c>repeated_key</c>, <c>too_deep</c> or <c>bad_number</c>.</exception>
        public static JsonValue Parse(string text)
        {
            var parser = new JsonParser(text);
            parser.SkipSpace();
            var value = parser.ReadValue();
            parser.SkipSpace();
            if (parser._at != text.Length)
            {
                throw BadJson();
            }
            return value;
        }

        private JsonValue ReadValue()
        {
            switch (Peek())
            {
                case '{':
                    return Nested(ReadObject);
                case '[':
                    return Nested(ReadList);
                case '"':
                    return new JsonValue(ReadText());
                case 't':
                    return Word("true", JsonValue.True);
                case 'f':
                    return Word("false", JsonValue.False);
                case 'n':
                    return Word("null", JsonValue.Null);
                default:
                    return ReadNumber();
            }
        }

        private JsonValue Nested(Func<JsonValue> read)
        {
            if (++_depth > MaxDepth)
            {
                throw new JsonFault("too_deep", null);
            }
            _at++;
            SkipSpace();
            var field = _field;
            var value = read();
            _field = field;
            _depth--;
            return value;
        }

        private JsonValue ReadObject()
        {
            var members = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
            if (Ends('}'))
            {
                return new JsonValue(members);
            }
            do
            {
                ReadMember(members);
            }
            while (Continues('}'));
            return new JsonValue(members);
        }

        private void ReadMember(Dictionary<string, JsonValue> members)
        {
            Require(Peek() == '"');
            var name = ReadText();
            if (members.ContainsKey(name))
            {
                throw new JsonFault("repeated_key", name);
            }
            SkipSpace();
            Require(Peek() == ':');
            _at++;
            SkipSpace();
            _field = name;
            members.Add(name, ReadValue());
        }

        private JsonValue ReadList()
        {
            var items = new List<JsonValue>();
            if (Ends(']'))
            {
                return new JsonValue(items);
            }
            do
            {
                items.Add(ReadValue());
            }
            while (Continues(']'));
            return new JsonValue(items);
        }

        private bool Ends(char end)
        {
            if (Peek() != end)
            {
                return false;
            }
            _at++;
            return true;
        }

        // Behind an item: true behind a comma, false behind the end.
        private bool Continues(char end)
        {
            SkipSpace();
            if (Ends(end))
            {
                return false;
            }
            Require(Peek() == ',');
            _at++;
            SkipSpace();
            return true;
        }

        private JsonValue Word(string word, JsonValue value)
        {
            Require(string.CompareOrdinal(_text, _at, word, 0, word.Length) == 0);
            _at += word.Length;
            return value;
        }

        private string ReadText()
        {
            var start = ++_at;
            for (; ; _at++)
            {
                var c = Peek();
                if (c == '"')
                {
                    return _text.Substring(start, _at++ - start);
                }
                if (c == '\\')
                {
                    return ReadEscapedText(start);
                }
                Require(c >= ' ' && !char.IsSurrogate(c) || IsPair());
            }
        }

        private string ReadEscapedText(int start)
        {
            _unescaped.Length = 0;
            _unescaped.Append(_text, start, _at - start);
            for (; ; _at++)
            {
                var c = Peek();
                if (c == '"')
                {
                    _at++;
                    return _unescaped.ToString();
                }
                if (c == '\\')
                {
                    AppendEscape();
                    continue;
                }
                Require(c >= ' ' && !char.IsSurrogate(c) || IsPair());
                _unescaped.Append(c);
            }
        }

        // One half of a pair is no character: the text could not be told as UTF-8.
        private bool IsPair()
        {
            var c = _text[_at];
            return char.IsHighSurrogate(c) && _at + 1 < _text.Length && char.IsLowSurrogate(_text[_at + 1])
                || char.IsLowSurrogate(c) && char.IsHighSurrogate(_text[_at - 1]);
        }

        private void AppendEscape()
        {
            _at++;
            switch (Peek())
            {
                case 'b':
                    _unescaped.Append('\b');
                    break;
                case 'f':
                    _unescaped.Append('\f');
                    break;
                case 'n':
                    _unescaped.Append('\n');
                    break;
                case 'r':
                    _unescaped.Append('\r');
                    break;
                case 't':
                    _unescaped.Append('\t');
                    break;
                case 'u':
                    AppendCode();
                    break;
                default:
                    Require("\"\\/".IndexOf(_text[_at]) >= 0);
                    _unescaped.Append(_text[_at]);
                    break;
            }
        }

        private void AppendCode()
        {
            var code = ReadCode();
            _unescaped.Append(code);
            if (!char.IsSurrogate(code))
            {
                return;
            }
            Require(char.IsHighSurrogate(code) && _at + 2 < _text.Length && _text[_at + 1] == '\\' && _text[_at + 2] == 'u');
            _at += 2;
            var second = ReadCode();
            Require(char.IsLowSurrogate(second));
            _unescaped.Append(second);
        }

        // From the u to the last of its four digits.
        private char ReadCode()
        {
            var code = 0;
            for (var i = 0; i < 4; i++)
            {
                _at++;
                var digit = "0123456789abcdef".IndexOf(char.ToLowerInvariant(Peek()));
                Require(digit >= 0);
                code = code << 4 | digit;
            }
            return (char)code;
        }

        private JsonValue ReadNumber()
        {
            var start = _at;
            var negative = Peek() == '-';
            if (negative)
            {
                _at++;
            }
            RefuseNotANumber();
            var first = _at;
            ReadDigits();
            Require(_text[first] != '0' || _at == first + 1);
            var last = _at;
            SkipFraction();
            SkipExponent();
            return _at == last ? Integer(first, last, negative) : Fraction(start);
        }

        private void RefuseNotANumber()
        {
            foreach (var word in new[] { "NaN", "Infinity" })
            {
                if (string.CompareOrdinal(_text, _at, word, 0, word.Length) == 0)
                {
                    throw new JsonFault("bad_number", _field);
                }
            }
        }

        private void SkipFraction()
        {
            if (_at < _text.Length && _text[_at] == '.')
            {
                _at++;
                ReadDigits();
            }
        }

        private void SkipExponent()
        {
            if (_at == _text.Length || (_text[_at] != 'e' && _text[_at] != 'E'))
            {
                return;
            }
            _at++;
            if (Peek() == '+' || Peek() == '-')
            {
                _at++;
            }
            ReadDigits();
        }

        private void ReadDigits()
        {
            Require(IsDigit(Peek()));
            while (_at < _text.Length && IsDigit(_text[_at]))
            {
                _at++;
            }
        }

        private JsonValue Integer(int first, int last, bool negative)
        {
            ulong value = 0;
            for (var i = first; i < last; i++)
            {
                var digit = (ulong)(_text[i] - '0');
                if (value > (ulong.MaxValue - digit) / 10)
                {
                    throw new JsonFault("bad_number", _field);
                }
                value = value * 10 + digit;
            }
            if (!negative)
            {
                return new JsonValue(value, false);
            }
            if (value > 1UL << 63)
            {
                throw new JsonFault("bad_number", _field);
            }
            return new JsonValue(unchecked(0UL - value), value != 0);
        }

        // What is too large for a double is refused by TryParse itself.
        private JsonValue Fraction(int start)
        {
            double number;
            var text = _text.Substring(start, _at - start);
            if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
            {
                throw new JsonFault("bad_number", _field);
            }
            return new JsonValue(number);
        }

        private void SkipSpace()
        {
            while (_at < _text.Length && " \t\r\n".IndexOf(_text[_at]) >= 0)
            {
                _at++;
            }
        }

        private char Peek()
        {
            Require(_at < _text.Length);
            return _text[_at];
        }

        private static bool IsDigit(char c)
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

        private static JsonFault BadJson()
        {
            return new JsonFault("bad_json", null);
        }
    }
}
