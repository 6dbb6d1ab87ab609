using System;
using System.IO;

namespace Depthbridge
{
    /// <summary>Connections to a real server. The token's file is read for each of them: it may be replaced.</summary>
    public sealed class TransportFactory : ITransportFactory
    {
        private const int HealthMs = 2000;
        private readonly BridgeOptions _options;
        private readonly IBridgeLog _log;

        /// <summary>Remember where the server is.</summary>
        public TransportFactory(BridgeOptions options, IBridgeLog log)
        {
            _options = options;
            _log = log;
        }

        /// <summary>A WebSocket that is not open yet.</summary>
        public ITransport WebSocket()
        {
            return new WebSocketTransport(_options.Address, Token());
        }

        /// <summary>Single requests instead.</summary>
        public ITransport Http()
        {
            return new HttpTransport(_options.Address, Token());
        }

        /// <summary>Whether the server answers requests at all.</summary>
        public bool IsHealthy()
        {
            return HttpTransport.IsHealthy(_options.Address, HealthMs);
        }

        private string Token()
        {
            if (string.IsNullOrEmpty(_options.TokenFile))
            {
                return "";
            }
            try
            {
                return File.ReadAllText(_options.TokenFile).Trim();
            }
            catch (Exception cause)
            {
                _log.Write(LogEvents.TokenFile, cause.Message);
                return "";
            }
        }
    }
}
