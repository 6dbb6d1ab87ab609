using System;

namespace Depthbridge
{
    /// <summary>A connection could not be opened, or is gone.</summary>
    public sealed class TransportFault : Exception
    {
        /// <summary>Say what happened.</summary>
        /// <param name="message">In words.</param>
        /// <param name="status">HTTP status that refused the connection, or 0.</param>
        public TransportFault(string message, int status)
            : base(message)
        {
            Status = status;
        }

        /// <summary>HTTP status that refused the connection, or 0.</summary>
        public int Status { get; private set; }
    }
}
