namespace Depthbridge
{
    /// <summary>Hears what happens to a pump's connections. Called on its threads, never under a lock of the bridge.</summary>
    public interface IPumpObserver
    {
        /// <summary>A message came, and the publisher has acted on it.</summary>
        void OnMessage(ServerMessage message);

        /// <summary>The connection is gone, or did not come about.</summary>
        /// <param name="reason">Why, in words.</param>
        void OnDown(string reason);

        /// <summary>Comes at least once a second while the pump runs.</summary>
        void OnTick();
    }
}
