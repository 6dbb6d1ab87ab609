using System;

namespace Depthbridge
{
    /// <summary>A frame is refused whole.</summary>
    public sealed class FrameFault : Exception
    {
        /// <summary>Refuse a frame.</summary>
        /// <param name="code">A word of PROTOCOL.md's table of codes.</param>
        /// <param name="index">Of the offending record, or -1.</param>
        /// <param name="field">Its name, or null.</param>
        public FrameFault(string code, int index, string field)
            : base(code + (field == null ? "" : " " + field))
        {
            Code = code;
            Index = index;
            Field = field;
        }

        /// <summary>A word of PROTOCOL.md's table of codes.</summary>
        public string Code { get; private set; }

        /// <summary>Of the offending record, or -1.</summary>
        public int Index { get; private set; }

        /// <summary>Name of the offending field, or null.</summary>
        public string Field { get; private set; }
    }
}
