using System.Text;

namespace Depthbridge
{
    /// <summary>Makes strings of bytes; short ones that come again and again are made once. Bounded.</summary>
    internal sealed class JsonTexts
    {
        // Fowler, Noll and Vo's hash, variant 1a: of the hash so far, exclusive-or the next byte, times the prime.
        public const uint HashBegin = 2166136261;
        public const uint HashPrime = 16777619;

        private const int Ascii = 0x7f;
        private const int Slots = 64;
        private const int Longest = 32;

        private string[] _known;

        /// <summary>The string of valid UTF-8.</summary>
        /// <param name="data">Holds it.</param>
        /// <param name="start">Its first byte.</param>
        /// <param name="size">How many bytes.</param>
        /// <param name="hash">Of its bytes.</param>
        public string Of(byte[] data, int start, int size, uint hash)
        {
            if (size > Longest)
            {
                return Encoding.UTF8.GetString(data, start, size);
            }
            _known = _known ?? new string[Slots];
            var slot = (int)(hash % Slots);
            var known = _known[slot];
            if (known != null && Is(data, start, size, known))
            {
                return known;
            }
            return _known[slot] = Encoding.UTF8.GetString(data, start, size);
        }

        /// <summary>Whether bytes are those of a string of ASCII characters.</summary>
        public static bool Is(byte[] data, int start, int size, string text)
        {
            if (text.Length != size)
            {
                return false;
            }
            for (var i = 0; i < text.Length; i++)
            {
                // Beyond ASCII, bytes and characters are not the same even where their numbers are.
                if (data[start + i] != text[i] || text[i] > Ascii)
                {
                    return false;
                }
            }
            return true;
        }
    }
}
