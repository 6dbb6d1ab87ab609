namespace Depthbridge
{
    /// <summary>Where a pump gets its connections.</summary>
    public interface ITransportFactory
    {
        /// <summary>A WebSocket that is not open yet.</summary>
        ITransport WebSocket();

        /// <summary>Single requests instead.</summary>
        ITransport Http();

        /// <summary>Whether the server answers requests at all; may take a moment.</summary>
        bool IsHealthy();
    }
}
