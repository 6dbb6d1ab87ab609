using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Reads the members of a JSON object by name, and knows which of them nobody has asked for.</summary>
    /// <remarks>A member that is absent where it must be is <see cref="JsonFault"/> <c>missing_field</c>; <c>null</c> counts as absent where a fallback exists.</remarks>
    public sealed class FieldReader
    {
        private readonly JsonValue _json;
        private readonly HashSet<string> _known = new HashSet<string>();

        /// <summary>Read an object.</summary>
        public FieldReader(JsonValue json)
        {
            _json = json;
        }

        /// <summary>How many members nobody has asked for.</summary>
        public int Unread
        {
            get { return _json.Members.Count - _known.Count; }
        }

        /// <summary>All members by name.</summary>
        public IEnumerable<KeyValuePair<string, JsonValue>> All
        {
            get { return _json.Members; }
        }

        /// <summary>A member that is known and means nothing here.</summary>
        public void Skip(string name)
        {
            Take(name);
        }

        /// <summary>A string that must be there.</summary>
        public string Text(string name)
        {
            return Required(name).AsText(name);
        }

        /// <summary>A string, or the fallback.</summary>
        public string TextOr(string name, string fallback)
        {
            var value = Given(name);
            return value == null ? fallback : value.AsText(name);
        }

        /// <summary>An integer that must be there, within bounds.</summary>
        public long Long(string name, long least, long most)
        {
            return Required(name).AsLong(name, least, most);
        }

        /// <summary>An integer within bounds, or null.</summary>
        public long? LongOrNull(string name, long least, long most)
        {
            var value = Given(name);
            return value == null ? (long?)null : value.AsLong(name, least, most);
        }

        /// <summary>A number that must be there.</summary>
        public double Double(string name)
        {
            return Required(name).AsDouble(name);
        }

        /// <summary>A number, or null.</summary>
        public double? DoubleOrNull(string name)
        {
            var value = Given(name);
            return value == null ? (double?)null : value.AsDouble(name);
        }

        /// <summary>A number, or NaN.</summary>
        public double DoubleOrNaN(string name)
        {
            return DoubleOrNull(name) ?? double.NaN;
        }

        /// <summary>A boolean, or false.</summary>
        public bool Boolean(string name)
        {
            var value = Given(name);
            return value != null && value.AsBoolean(name);
        }

        /// <summary>An array that must be there.</summary>
        public IList<JsonValue> List(string name)
        {
            return Required(name).AsList(name);
        }

        /// <summary>An object, or an empty one.</summary>
        public JsonValue Object(string name)
        {
            var value = Given(name);
            return value == null ? JsonValue.Empty : value.AsObject(name);
        }

        /// <summary>A member of any type that must be there.</summary>
        public JsonValue Required(string name)
        {
            var value = Take(name);
            if (value == null)
            {
                throw new JsonFault("missing_field", name);
            }
            return value;
        }

        private JsonValue Given(string name)
        {
            var value = Take(name);
            return value == null || value.IsNull ? null : value;
        }

        private JsonValue Take(string name)
        {
            var value = _json.Get(name);
            if (value != null)
            {
                _known.Add(name);
            }
            return value;
        }
    }
}
