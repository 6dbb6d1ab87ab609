using System;
using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The names of the members of a metrics message in their order, shared by all messages with the same. It never changes.</summary>
    internal sealed class MetricsNames
    {
        /// <summary>No names.</summary>
        public static readonly MetricsNames None = new MetricsNames(new string[0]);

        private const int MostKept = 1024;

        // A server says the same names in every message, so the last ones are nearly always the next ones.
        private static volatile MetricsNames _last = None;

        private readonly string[] _names;
        private readonly Dictionary<string, int> _places = new Dictionary<string, int>(StringComparer.Ordinal);

        private MetricsNames(string[] names)
        {
            _names = names;
            for (var i = 0; i < names.Length; i++)
            {
                _places.Add(names[i], i);
            }
        }

        /// <summary>The names of all members of a message.</summary>
        public static MetricsNames Of(FieldReader fields)
        {
            var last = _last;
            if (fields.Has(last._names))
            {
                return last;
            }
            var names = new MetricsNames(fields.Names());
            if (fields.Count <= MostKept)
            {
                _last = names;
            }
            return names;
        }

        /// <summary>A name by its place.</summary>
        public string this[int place]
        {
            get { return _names[place]; }
        }

        /// <summary>Where a name stands, or -1.</summary>
        public int Find(string name)
        {
            int place;
            return _places.TryGetValue(name, out place) ? place : -1;
        }
    }
}
