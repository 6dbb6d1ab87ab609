namespace Depthbridge
{
    /// <summary>What a message of the server is.</summary>
    public enum ServerMessageType
    {
        /// <summary>A type that this version does not know; it has no part.</summary>
        Unknown,

        /// <summary>The answer to <c>hello</c>.</summary>
        Welcome,

        /// <summary>What the server has.</summary>
        Ack,

        /// <summary>The server needs records again, or a snapshot.</summary>
        Resync,

        /// <summary>The measures of an instrument.</summary>
        Metrics,

        /// <summary>Clusters that came, changed or went.</summary>
        Clusters,

        /// <summary>A rule has fired.</summary>
        Signal,

        /// <summary>The best rows of a book.</summary>
        Book,

        /// <summary>Something was refused.</summary>
        Error,

        /// <summary>A sign of life.</summary>
        Heartbeat
    }
}
