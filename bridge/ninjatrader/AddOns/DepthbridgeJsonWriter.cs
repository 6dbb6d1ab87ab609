using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Depthbridge
{
    /// <summary>Appends JSON to a text, the same in every culture. Commas come by themselves.</summary>
    /// <remarks>The caller closes what it opens and names what stands in an object.</remarks>
    public sealed class JsonWriter
    {
        private readonly StringBuilder _target;
        private bool _follows;

        /// <summary>Append to a text.</summary>
        public JsonWriter(StringBuilder target)
        {
            _target = target;
        }

        /// <summary>Open an object.</summary>
        public JsonWriter BeginObject()
        {
            return Open('{');
        }

        /// <summary>Close an object.</summary>
        public JsonWriter EndObject()
        {
            return Close('}');
        }

        /// <summary>Open an array.</summary>
        public JsonWriter BeginList()
        {
            return Open('[');
        }

        /// <summary>Close an array.</summary>
        public JsonWriter EndList()
        {
            return Close(']');
        }

        /// <summary>The name of the member that comes next.</summary>
        public JsonWriter Name(string name)
        {
            Separate();
            AppendText(name);
            _target.Append(':');
            _follows = false;
            return this;
        }

        /// <summary><c>null</c>.</summary>
        public JsonWriter Null()
        {
            return Raw("null");
        }

        /// <summary>A string; null is <c>null</c>.</summary>
        public JsonWriter Value(string value)
        {
            if (value == null)
            {
                return Null();
            }
            Separate();
            AppendText(value);
            _follows = true;
            return this;
        }

        /// <summary>A boolean.</summary>
        public JsonWriter Value(bool value)
        {
            return Raw(value ? "true" : "false");
        }

        /// <summary>An integer.</summary>
        public JsonWriter Value(int value)
        {
            return Value((long)value);
        }

        /// <summary>An integer.</summary>
        public JsonWriter Value(long value)
        {
            return Raw(value.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>An integer.</summary>
        public JsonWriter Value(uint value)
        {
            return Value((long)value);
        }

        /// <summary>An integer.</summary>
        public JsonWriter Value(ulong value)
        {
            return Raw(value.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>A number that reads back as the same one; NaN and infinities are <c>null</c>.</summary>
        public JsonWriter Value(double value)
        {
            if (double.IsNaN(value) || double.IsInfinity(value))
            {
                return Null();
            }
            return Raw(ShortestText(value));
        }

        /// <summary>A value that was read.</summary>
        public JsonWriter Value(JsonValue value)
        {
            switch (value.Kind)
            {
                case JsonKind.Object:
                    return Object(value);
                case JsonKind.List:
                    return List(value.Items);
                case JsonKind.Text:
                    return Value(value.AsText(null));
                case JsonKind.Boolean:
                    return Value(value.AsBoolean(null));
                case JsonKind.Number:
                    return Value(value.AsDouble(null));
                case JsonKind.Integer:
                    return value.IsNegative ? Value(value.AsLong(null)) : Value(value.AsUnsigned(null));
                default:
                    return Null();
            }
        }

        /// <summary>A value of any type that the other overloads take, a dictionary by name, or a sequence of such values.</summary>
        /// <exception cref="ArgumentException">Another type.</exception>
        public JsonWriter Value(object value)
        {
            var members = value as IDictionary<string, object>;
            if (members != null)
            {
                return Object(members);
            }
            if (value == null || value is string)
            {
                return Value((string)value);
            }
            var read = value as JsonValue;
            if (read != null)
            {
                return Value(read);
            }
            var items = value as IEnumerable;
            return items != null ? List(items) : Scalar(value);
        }

        /// <summary>A named string.</summary>
        public JsonWriter Member(string name, string value)
        {
            return Name(name).Value(value);
        }

        /// <summary>A named boolean.</summary>
        public JsonWriter Member(string name, bool value)
        {
            return Name(name).Value(value);
        }

        /// <summary>A named integer.</summary>
        public JsonWriter Member(string name, long value)
        {
            return Name(name).Value(value);
        }

        /// <summary>A named number.</summary>
        public JsonWriter Member(string name, double value)
        {
            return Name(name).Value(value);
        }

        private JsonWriter Object(IDictionary<string, object> members)
        {
            BeginObject();
            foreach (var member in members)
            {
                Name(member.Key).Value(member.Value);
            }
            return EndObject();
        }

        private JsonWriter Object(JsonValue value)
        {
            BeginObject();
            foreach (var member in value.Members)
            {
                Name(member.Key).Value(member.Value);
            }
            return EndObject();
        }

        private JsonWriter List(IEnumerable items)
        {
            BeginList();
            foreach (var item in items)
            {
                Value(item);
            }
            return EndList();
        }

        private JsonWriter Scalar(object value)
        {
            if (value is bool)
            {
                return Value((bool)value);
            }
            if (value is int || value is long || value is uint || value is short || value is byte)
            {
                return Value(Convert.ToInt64(value, CultureInfo.InvariantCulture));
            }
            if (value is ulong)
            {
                return Value((ulong)value);
            }
            if (value is double || value is float)
            {
                return Value(Convert.ToDouble(value, CultureInfo.InvariantCulture));
            }
            throw new ArgumentException("JSON has no " + value.GetType().Name);
        }

        private JsonWriter Open(char mark)
        {
            Separate();
            _target.Append(mark);
            _follows = false;
            return this;
        }

        private JsonWriter Close(char mark)
        {
            _target.Append(mark);
            _follows = true;
            return this;
        }

        private JsonWriter Raw(string text)
        {
            Separate();
            _target.Append(text);
            _follows = true;
            return this;
        }

        private void Separate()
        {
            if (_follows)
            {
                _target.Append(',');
            }
        }

        private void AppendText(string text)
        {
            _target.Append('"');
            foreach (var c in text)
            {
                AppendCharacter(c);
            }
            _target.Append('"');
        }

        private void AppendCharacter(char c)
        {
            if (c == '"' || c == '\\')
            {
                _target.Append('\\').Append(c);
            }
            else if (c < ' ' || c >= 0x7f)
            {
                _target.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                _target.Append(c);
            }
        }

        // "R" does not always read back as the same number on 64-bit .NET Framework; 17 digits do.
        private static string ShortestText(double value)
        {
            var text = value.ToString("R", CultureInfo.InvariantCulture);
            return double.Parse(text, CultureInfo.InvariantCulture) == value
                ? text
                : value.ToString("G17", CultureInfo.InvariantCulture);
        }
    }
}
