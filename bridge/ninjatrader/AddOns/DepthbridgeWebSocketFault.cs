using System;

namespace Depthbridge
{
    /// <summary>The server broke the WebSocket protocol; its connection must be ended.</summary>
    public sealed class WebSocketFault : Exception
    {
        /// <summary>Say what was broken.</summary>
        /// <param name="code">To close with: RFC 6455, section 7.4.1.</param>
        /// <param name="message">In words.</param>
        public WebSocketFault(int code, string message)
            : base(message)
        {
            Code = code;
        }

        /// <summary>To close with.</summary>
        public int Code { get; private set; }
    }
}
