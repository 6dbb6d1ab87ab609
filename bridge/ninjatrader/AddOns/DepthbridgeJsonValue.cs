using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>A JSON value: a place in a text that was read, and usable as long as <see cref="JsonParser"/> says.</summary>
    /// <remarks>What is read as another type than it is, is refused with <see cref="JsonFault"/> <c>bad_type</c>; nothing is converted.</remarks>
    public sealed class JsonValue
    {
        private readonly JsonDocument _document;
        private readonly int _place;
        private IList<JsonValue> _items;
        private Dictionary<string, JsonValue> _members;

        internal JsonValue(JsonDocument document, int place)
        {
            _document = document;
            _place = place;
        }

        /// <summary>What it is.</summary>
        public JsonKind Kind
        {
            get { return _document.Tokens[_place].Kind; }
        }

        /// <summary>Whether it is <c>null</c>.</summary>
        public bool IsNull
        {
            get { return Kind == JsonKind.Null; }
        }

        /// <summary>Whether it is an integer below 0.</summary>
        public bool IsNegative
        {
            get { return Kind == JsonKind.Integer && _document.Tokens[_place].Flag; }
        }

        /// <summary>How many members or items it has; 0 if it is neither object nor array.</summary>
        public int Count
        {
            get { return IsNested ? _document.Tokens[_place].Size : 0; }
        }

        /// <summary>Its items; none if it is no array. To be read only.</summary>
        public IList<JsonValue> Items
        {
            get { return _items ?? (_items = ReadItems()); }
        }

        /// <summary>Its members by name; none if it is no object. To be read only.</summary>
        public IDictionary<string, JsonValue> Members
        {
            get { return _members ?? (_members = ReadMembers()); }
        }

        internal JsonDocument Document
        {
            get { return _document; }
        }

        internal int Place
        {
            get { return _place; }
        }

        /// <summary>A member, or null if there is none of this name.</summary>
        /// <param name="name">In ASCII.</param>
        public JsonValue Get(string name)
        {
            var found = _document.Find(_place, name, _place + 1);
            return found == JsonDocument.None ? null : new JsonValue(_document, found + 1);
        }

        /// <summary>A member that is there and not <c>null</c>, or null.</summary>
        /// <param name="name">In ASCII.</param>
        public JsonValue Given(string name)
        {
            var found = Get(name);
            return found == null || found.IsNull ? null : found;
        }

        /// <summary>As a boolean.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public bool AsBoolean(string field)
        {
            return _document.Boolean(_place, field);
        }

        /// <summary>As a signed integer of 64 bits; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public long AsLong(string field)
        {
            return _document.Long(_place, field);
        }

        /// <summary>As an unsigned integer of 64 bits; a negative one is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public ulong AsUnsigned(string field)
        {
            return _document.Unsigned(_place, field);
        }

        /// <summary>As an integer within bounds; one beyond is <c>out_of_range</c>.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        /// <param name="least">Lower bound.</param>
        /// <param name="most">Upper bound.</param>
        public long AsLong(string field, long least, long most)
        {
            return _document.Long(_place, field, least, most);
        }

        /// <summary>As a number; an integer is one too.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public double AsDouble(string field)
        {
            return _document.Double(_place, field);
        }

        /// <summary>As a string.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public string AsText(string field)
        {
            return _document.Text(_place, field);
        }

        /// <summary>As an array.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public IList<JsonValue> AsList(string field)
        {
            _document.Require(_place, JsonKind.List, field);
            return Items;
        }

        /// <summary>As an object.</summary>
        /// <param name="field">Whose value it is, for the fault.</param>
        public JsonValue AsObject(string field)
        {
            _document.Require(_place, JsonKind.Object, field);
            return this;
        }

        /// <summary>A member that is a boolean, or false where it is absent or <c>null</c>.</summary>
        public bool BooleanOf(string name)
        {
            var value = Given(name);
            return value != null && value.AsBoolean(name);
        }

        private bool IsNested
        {
            get { return Kind == JsonKind.List || Kind == JsonKind.Object; }
        }

        private JsonValue[] ReadItems()
        {
            var items = new JsonValue[Kind == JsonKind.List ? Count : 0];
            for (int i = 0, at = _place + 1; i < items.Length; i++, at = _document.Tokens[at].Next)
            {
                items[i] = new JsonValue(_document, at);
            }
            return items;
        }

        private Dictionary<string, JsonValue> ReadMembers()
        {
            var members = new Dictionary<string, JsonValue>(StringComparer.Ordinal);
            var end = Kind == JsonKind.Object ? _document.Tokens[_place].Next : _place;
            for (var at = _place + 1; at < end; at = _document.Tokens[at + 1].Next)
            {
                members.Add(_document.String(at), new JsonValue(_document, at + 1));
            }
            return members;
        }
    }
}
