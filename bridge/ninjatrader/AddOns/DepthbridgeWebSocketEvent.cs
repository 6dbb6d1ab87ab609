namespace Depthbridge
{
    /// <summary>What a <see cref="WebSocketReader"/> has found.</summary>
    public enum WebSocketEvent
    {
        /// <summary>A whole text message.</summary>
        Text,

        /// <summary>A whole binary message.</summary>
        Binary,

        /// <summary>A ping, which wants its bytes back.</summary>
        Ping,

        /// <summary>A pong; nobody asked for one.</summary>
        Pong,

        /// <summary>The end: nothing may follow.</summary>
        Close
    }
}
