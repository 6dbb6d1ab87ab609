namespace Depthbridge
{
    /// <summary>What a JSON value is.</summary>
    public enum JsonKind
    {
        /// <summary><c>null</c>.</summary>
        Null,

        /// <summary><c>true</c> or <c>false</c>.</summary>
        Boolean,

        /// <summary>A number without point and exponent; exact.</summary>
        Integer,

        /// <summary>A number with point or exponent.</summary>
        Number,

        /// <summary>A string.</summary>
        Text,

        /// <summary>An array.</summary>
        List,

        /// <summary>An object.</summary>
        Object
    }
}
