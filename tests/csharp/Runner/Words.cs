using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>A command and its arguments, from a JSON list.</summary>
    public sealed class Words
    {
        private readonly IList<JsonValue> _items;

        public Words(IList<JsonValue> items)
        {
            _items = items;
        }

        public JsonValue this[int index]
        {
            get { return _items[index]; }
        }

        public bool Has(int index)
        {
            return index < _items.Count;
        }

        public string Text(int index)
        {
            return _items[index].AsText("text");
        }

        public long Long(int index)
        {
            return _items[index].AsLong("number");
        }

        public bool Flag(int index)
        {
            return _items[index].AsBoolean("flag");
        }

        public IList<JsonValue> List(int index)
        {
            return _items[index].AsList("list");
        }
    }
}
