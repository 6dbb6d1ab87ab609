namespace Depthbridge
{
    /// <summary>State of a connection.</summary>
    public enum Link
    {
        /// <summary>There is none.</summary>
        Down,

        /// <summary><c>hello</c> was sent.</summary>
        Greeting,

        /// <summary>The server has said <c>welcome</c>.</summary>
        Up
    }
}
