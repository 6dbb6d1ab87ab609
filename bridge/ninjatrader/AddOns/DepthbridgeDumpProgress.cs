using System;

namespace Depthbridge
{
    /// <summary>How far an export is, after each day.</summary>
    public sealed class DumpProgress
    {
        /// <summary>The day just done.</summary>
        public DateTime Day;

        /// <summary>What became of it.</summary>
        public DumpOutcome Outcome;

        /// <summary>Its file.</summary>
        public string Path = "";

        /// <summary>Why it failed, in words.</summary>
        public string Text = "";

        /// <summary>Days done.</summary>
        public int Done;

        /// <summary>Days in all.</summary>
        public int All;
    }
}
