using System;

namespace Depthbridge.Runner
{
    /// <summary>What comes of opening a connection.</summary>
    public sealed class FakeOpening
    {
        public static readonly FakeOpening Sound = new FakeOpening(null);

        public FakeOpening(Exception fault)
        {
            Fault = fault;
        }

        /// <summary>Why it fails, or null.</summary>
        public Exception Fault { get; private set; }
    }
}
