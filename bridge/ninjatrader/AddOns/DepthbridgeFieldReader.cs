using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Reads the members of a JSON object by name, and knows which of them nobody has asked for.</summary>
    /// <remarks>
    /// A member that is absent where it must be is <see cref="JsonFault"/> <c>missing_field</c>; <c>null</c> counts as absent
    /// where a fallback exists. Names are in ASCII. They are found quickest when asked for in the order of the text. Usable as
    /// long as <see cref="JsonParser"/> says.
    /// </remarks>
    public sealed class FieldReader
    {
        private static readonly JsonValue Nothing = JsonParser.Parse("{}");

        private readonly JsonDocument _json;
        private readonly int _object;
        private readonly int _end;
        private int _next;

        /// <summary>Read an object; anything else has no members.</summary>
        public FieldReader(JsonValue json)
        {
            _json = json.Document;
            _object = json.Place;
            _end = json.Kind == JsonKind.Object ? _json.Tokens[_object].Next : _object + 1;
            Count = json.Kind == JsonKind.Object ? json.Count : 0;
            _next = _object + 1;
        }

        /// <summary>How many members there are.</summary>
        public int Count { get; private set; }

        /// <summary>How many members nobody has asked for.</summary>
        public int Unread
        {
            get
            {
                var tokens = _json.Tokens;
                var unread = 0;
                for (var at = _object + 1; at < _end; at = tokens[at + 1].Next)
                {
                    unread += tokens[at].Asked ? 0 : 1;
                }
                return unread;
            }
        }

        /// <summary>A member that is known and means nothing here.</summary>
        public void Skip(string name)
        {
            Take(name);
        }

        /// <summary>A string that must be there.</summary>
        public string Text(string name)
        {
            return _json.Text(Needed(name), name);
        }

        /// <summary>A string, or the fallback.</summary>
        public string TextOr(string name, string fallback)
        {
            var place = Given(name);
            return place == JsonDocument.None ? fallback : _json.Text(place, name);
        }

        /// <summary>An integer that must be there, within bounds.</summary>
        public long Long(string name, long least, long most)
        {
            return _json.Long(Needed(name), name, least, most);
        }

        /// <summary>An integer within bounds, or null.</summary>
        public long? LongOrNull(string name, long least, long most)
        {
            var place = Given(name);
            return place == JsonDocument.None ? (long?)null : _json.Long(place, name, least, most);
        }

        /// <summary>A number that must be there.</summary>
        public double Double(string name)
        {
            return _json.Double(Needed(name), name);
        }

        /// <summary>A number, or null.</summary>
        public double? DoubleOrNull(string name)
        {
            var place = Given(name);
            return place == JsonDocument.None ? (double?)null : _json.Double(place, name);
        }

        /// <summary>A number, or NaN.</summary>
        public double DoubleOrNaN(string name)
        {
            var place = Given(name);
            return place == JsonDocument.None ? double.NaN : _json.Double(place, name);
        }

        /// <summary>A boolean, or false.</summary>
        public bool Boolean(string name)
        {
            var place = Given(name);
            return place != JsonDocument.None && _json.Boolean(place, name);
        }

        /// <summary>An array that must be there.</summary>
        public IList<JsonValue> List(string name)
        {
            return Required(name).AsList(name);
        }

        /// <summary>An object, or an empty one.</summary>
        public JsonValue Object(string name)
        {
            var place = Given(name);
            return place == JsonDocument.None ? Nothing : new JsonValue(_json, place).AsObject(name);
        }

        /// <summary>A member of any type that must be there.</summary>
        public JsonValue Required(string name)
        {
            return new JsonValue(_json, Needed(name));
        }

        /// <summary>The names of all members, in their order.</summary>
        public string[] Names()
        {
            var names = new string[Count];
            for (int i = 0, at = _object + 1; at < _end; i++, at = _json.Tokens[at + 1].Next)
            {
                names[i] = _json.String(at);
            }
            return names;
        }

        /// <summary>Whether these are the names of all members, in their order.</summary>
        /// <param name="names">As <see cref="Names"/> gives them.</param>
        public bool Has(string[] names)
        {
            if (names.Length != Count)
            {
                return false;
            }
            for (int i = 0, at = _object + 1; at < _end; i++, at = _json.Tokens[at + 1].Next)
            {
                if (!_json.Is(at, names[i]))
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>Every number that nobody has asked for yet, in the order of the members.</summary>
        /// <returns>NaN for a member that is none, or that was asked for; one that is <c>null</c> is known from now on.</returns>
        public double[] Numbers()
        {
            var tokens = _json.Tokens;
            var numbers = new double[Count];
            for (int i = 0, at = _object + 1; at < _end; i++, at = tokens[at + 1].Next)
            {
                var kind = tokens[at + 1].Kind;
                var number = kind == JsonKind.Integer || kind == JsonKind.Number;
                numbers[i] = number && !tokens[at].Asked ? _json.Double(at + 1, null) : double.NaN;
                tokens[at].Asked |= number || kind == JsonKind.Null;
            }
            return numbers;
        }

        private int Needed(string name)
        {
            var place = Take(name);
            if (place == JsonDocument.None)
            {
                throw new JsonFault("missing_field", name);
            }
            return place;
        }

        private int Given(string name)
        {
            var place = Take(name);
            return place == JsonDocument.None || _json.Tokens[place].Kind == JsonKind.Null ? JsonDocument.None : place;
        }

        private int Take(string name)
        {
            var found = _json.Find(_object, name, _next);
            if (found == JsonDocument.None)
            {
                return JsonDocument.None;
            }
            _json.Tokens[found].Asked = true;
            _next = _json.Tokens[found + 1].Next;
            return found + 1;
        }
    }
}
