namespace Depthbridge
{
    /// <summary>A value of a <see cref="JsonDocument"/>, or the name of a member. What its kind has no use for is left from another text.</summary>
    /// <remarks>32 bytes: a message comes when the caches hold something else, and each line of them that it needs is waited for.</remarks>
    internal struct JsonToken
    {
        /// <summary>What it is; a name is a text.</summary>
        public JsonKind Kind;

        /// <summary>Of a text: whether it had escapes. Of an integer: whether it is below 0. Of a boolean: its value.</summary>
        public bool Flag;

        /// <summary>Of a name: whether somebody has asked for the member.</summary>
        public bool Asked;

        /// <summary>Of a text: its first byte, in the message or, if it had escapes, among what was unescaped.</summary>
        public int Start;

        /// <summary>Of a text: its bytes of UTF-8. Of an object or an array: its members or items.</summary>
        public int Size;

        /// <summary>The token behind it and all that is in it. Of a name: the object that it belongs to.</summary>
        public int Next;

        /// <summary>Of a text: a hash of its bytes.</summary>
        public uint Hash;

        /// <summary>Of an integer: its value, or the two's complement of a negative one. Of another number: the bits of the double.</summary>
        public long Bits;
    }
}
