using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>A JSON value. It never changes.</summary>
    /// <remarks>What is read as another type than it is, is refused with <see cref="JsonFault"/> <c>bad_type</c>; nothing is converted.</remarks>
    public sealed class JsonValue
    {
        private static readonly JsonValue[] NoItems = new JsonValue[0];
        private static readonly Dictionary<string, JsonValue> NoMembers = new Dictionary<string, JsonValue>();

        /// <summary><c>null</c>.</summary>
        public static readonly JsonValue Null = new JsonValue(JsonKind.Null);

        /// <summary><c>true</c>.</summary>
        public static readonly JsonValue True = new JsonValue(JsonKind.Boolean);

        /// <summary><c>false</c>.</summary>
        public static readonly JsonValue False = new JsonValue(JsonKind.Boolean);


        /// <summary>An object without members.</summary>
        public static readonly JsonValue Empty = new JsonValue(NoMembers);

        private readonly JsonKind _kind;
        private readonly ulong _bits;
        private readonly bool _negative;
        private readonly double _number;
        private readonly string _text;
        private readonly IList<JsonValue> _items = NoItems;
        private readonly Dictionary<string, JsonValue> _members = NoMembers;

        /// <summary>An integer.</summary>
        /// <param name="bits">Its value, or the two's complement of a negative one.</param>
        /// <param name="negative">Whether it is below 0.</param>
        public JsonValue(ulong bits, bool negative)
        {
            _kind = JsonKind.Integer;
            _bits = bits;
            _negative = negative;
            _number = negative ? (double)(long)bits : bits;
        }

        /// <summary>A number with point or exponent.</summary>
        public JsonValue(double number)
        {
            _kind = JsonKind.Number;
            _number = number;
        }

        /// <summary>A string.</summary>
        public JsonValue(string text)
        {
            _kind = JsonKind.Text;
            _text = text;
        }

        /// <summary>An array, which must not change any more.</summary>
        public JsonValue(IList<JsonValue> items)
        {
            _kind = JsonKind.List;
            _items = items;
        }

        /// <summary>An object, which must not change any more.</summary>
        public JsonValue(Dictionary<string, JsonValue> members)
        {
            _kind = JsonKind.Object;
            _members = members;
        }

        private JsonValue(JsonKind kind)
        {
            _kind = kind;
        }

        /// <summary>What it is.</summary>
        public JsonKind Kind
        {
            get { return _kind; }
        }

        /// <summary>Whether it is <c>null</c>.</summary>
        public bool IsNull
        {
            get { return _kind == JsonKind.Null; }
        }

        /// <summary>Whether it is an integer below 0.</summary>
        public bool IsNegative
        {
            get { return _negative; }
        }

        /// <summary>Its items; none if it is no array.</summary>
        public IList<JsonValue> Items
        {
            get { return _items; }
        }

        /// <summary>Its members by name; none if it is no object. To be read only.</summary>
        public IDictionary<string, JsonValue> Members
        {
            get { return _members; }
        }

        /// <summary>A member, or null if there is none of this name.</summary>
        public JsonValue Get(string name)
        {
            JsonValue found;
            return _members.TryGetValue(name, out found) ? found : null;
        }

        /// <summary>A member that is there and not <c>null</c>, or null.</summary>
        public JsonValue Given(string name)
        {
            var found = Get(name);
            return found == null || found.IsNull ? null : found;
        }

        /// <summary>As a boolean.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public bool AsBoolean(string field)
        {
            Require(_kind == JsonKind.Boolean, field);
            return ReferenceEquals(this, True);
        }

        /// <summary>As a signed integer of 64 bits; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public long AsLong(string field)
        {
            Require(_kind == JsonKind.Integer, field);
            if (!_negative && _bits > long.MaxValue)
            {
                throw new JsonFault("out_of_range", field);
            }
            return (long)_bits;
        }

        /// <summary>As an unsigned integer of 64 bits; a negative one is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public ulong AsUnsigned(string field)
        {
            Require(_kind == JsonKind.Integer, field);
            if (_negative)
            {
                throw new JsonFault("out_of_range", field);
            }
            return _bits;
        }

        /// <summary>As an integer within bounds; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        /// <param name="least">Lower bound.</param>
        /// <param name="most">Upper bound.</param>
        public long AsLong(string field, long least, long most)
        {
            var value = AsLong(field);
            if (value < least || value > most)
            {
                throw new JsonFault("out_of_range", field);
            }
            return value;
        }

        /// <summary>As a number; an integer is one too.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public double AsDouble(string field)
        {
            Require(_kind == JsonKind.Number || _kind == JsonKind.Integer, field);
            return _number;
        }

        /// <summary>As a string.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public string AsText(string field)
        {
            Require(_kind == JsonKind.Text, field);
            return _text;
        }

        /// <summary>As an array.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public IList<JsonValue> AsList(string field)
        {
            Require(_kind == JsonKind.List, field);
            return _items;
        }

        /// <summary>As an object.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public JsonValue AsObject(string field)
        {
            Require(_kind == JsonKind.Object, field);
            return this;
        }

        /// <summary>A member that is a boolean, or false where it is absent or <c>null</c>.</summary>
        public bool BooleanOf(string name)
        {
            var value = Given(name);
            return value != null && value.AsBoolean(name);
        }

        private static void Require(bool fits, string field)
        {
            if (!fits)
            {
                throw new JsonFault("bad_type", field);
            }
        }
    }
}
