using System;

namespace Depthbridge
{
    /// <summary>A text is not the JSON that the protocol allows, or not the message that it should be.</summary>
    public sealed class JsonFault : Exception
    {
        /// <summary>Refuse a text.</summary>
        /// <param name="code">A word of PROTOCOL.md's table of codes.</param>
        /// <param name="field">Name of the offending member, or null.</param>
        public JsonFault(string code, string field)
            : base(code + (field == null ? "" : " " + field))
        {
            Code = code;
            Field = field;
        }

        /// <summary>A word of PROTOCOL.md's table of codes.</summary>
        public string Code { get; private set; }

        /// <summary>Name of the offending member, or null.</summary>
        public string Field { get; private set; }
    }
}
