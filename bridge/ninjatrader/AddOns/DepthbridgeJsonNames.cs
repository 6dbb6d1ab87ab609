using System;

namespace Depthbridge
{
    /// <summary>Finds a name that an object has twice, at the same cost for each, however many there are.</summary>
    internal sealed class JsonNames
    {
        private const int FirstSlots = 16;
        private const int MostKept = 1 << 12;
        private const uint Spread = 0x9E3779B1;

        private readonly JsonDocument _document;
        private int[] _slots = new int[FirstSlots];
        private int _count;

        /// <summary>For the names of a document.</summary>
        public JsonNames(JsonDocument document)
        {
            _document = document;
        }

        /// <summary>Begin anew.</summary>
        public void Begin()
        {
            if (_slots.Length > MostKept)
            {
                _slots = new int[FirstSlots];
            }
            Array.Clear(_slots, 0, _slots.Length);
            _count = 0;
        }

        /// <summary>Take a name in.</summary>
        /// <param name="place">Of the name, whose owner is known.</param>
        /// <returns>False: its object has this name already.</returns>
        public bool Add(int place)
        {
            if (++_count * 2 > _slots.Length)
            {
                Grow();
            }
            return Put(place);
        }

        // A slot holds the place and one, so that 0 is none.
        private bool Put(int place)
        {
            var tokens = _document.Tokens;
            var owner = tokens[place].Next;
            var mask = (uint)_slots.Length - 1;
            for (var slot = tokens[place].Hash + (uint)owner * Spread; ; slot++)
            {
                var other = _slots[slot & mask] - 1;
                if (other < 0)
                {
                    _slots[slot & mask] = place + 1;
                    return true;
                }
                if (tokens[other].Next == owner && _document.Same(place, other))
                {
                    return false;
                }
            }
        }

        private void Grow()
        {
            var before = _slots;
            _slots = new int[before.Length * 2];
            foreach (var taken in before)
            {
                if (taken != 0)
                {
                    Put(taken - 1);
                }
            }
        }
    }
}
