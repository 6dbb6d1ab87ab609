namespace Depthbridge
{
    /// <summary>What stands in a ring beside its records.</summary>
    public enum RingMarkKind
    {
        /// <summary>A book that the records from this number on change; it goes out before them.</summary>
        Book,

        /// <summary>This number was given to nothing: the server then knows that something was missed.</summary>
        Hole,

        /// <summary>This number is a bar's.</summary>
        Bar
    }
}
