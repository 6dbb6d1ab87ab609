namespace Depthbridge
{
    /// <summary>One connection to the server, from opening to closing; not usable again.</summary>
    /// <remarks>
    /// One thread opens and sends, another one receives; <see cref="Close"/> may come from any. Every call but
    /// <see cref="Close"/> fails with <see cref="TransportFault"/>, and then the connection is gone.
    /// </remarks>
    public interface ITransport
    {
        /// <summary>Connect.</summary>
        /// <param name="milliseconds">How long that may take.</param>
        void Open(int milliseconds);

        /// <summary>Send a JSON message.</summary>
        void SendText(string text);

        /// <summary>Send a frame; the buffer may be used again when this returns.</summary>
        void SendFrame(byte[] buffer, int count);

        /// <summary>Wait for the next message of the server.</summary>
        /// <returns>Null when the server closed the connection: see <see cref="CloseCode"/>.</returns>
        /// <exception cref="JsonFault">One message was not understood; the connection goes on.</exception>
        ServerMessage Receive();

        /// <summary>End the connection; whoever sends or receives returns soon. Never throws, may come twice.</summary>
        void Close();

        /// <summary>Why the server closed, a <c>Wire.Close...</c> number; 0: it did not say.</summary>
        int CloseCode { get; }

        /// <summary>In the server's words, or empty.</summary>
        string CloseReason { get; }
    }
}
