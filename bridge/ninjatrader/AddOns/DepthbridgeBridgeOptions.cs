namespace Depthbridge
{
    /// <summary>What a connection needs to know. Not changed after it was started.</summary>
    public sealed class BridgeOptions
    {
        /// <summary>Options with defaults.</summary>
        /// <param name="hello">Session, source, flags, settings and topics; instruments come from the streams.</param>
        public BridgeOptions(Hello hello)
        {
            Hello = hello;
            Host = "127.0.0.1";
            Port = 8765;
            TokenFile = "";
            ReplyNow = true;
        }

        /// <summary>Session, source, flags, settings and topics.</summary>
        public Hello Hello { get; private set; }

        /// <summary>Of the server. <c>localhost</c> is taken as 127.0.0.1: it may mean an IPv6 address where nobody listens.</summary>
        public string Host { get; set; }

        /// <summary>Of the server.</summary>
        public int Port { get; set; }

        /// <summary>Path of a file with the token; empty: none is needed.</summary>
        public string TokenFile { get; set; }

        /// <summary>Whether to ask for ack and metrics with every frame after which nothing waits.</summary>
        public bool ReplyNow { get; set; }

        /// <summary>Host and port as they go into an address.</summary>
        public string Address
        {
            get
            {
                var host = string.Equals(Host, "localhost", System.StringComparison.OrdinalIgnoreCase) ? "127.0.0.1" : Host;
                return host + ":" + Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
        }
    }
}
