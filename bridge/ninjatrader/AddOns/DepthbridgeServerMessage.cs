namespace Depthbridge
{
    /// <summary>A message of the server: its type, and the one part that belongs to the type; the others are null.</summary>
    public sealed class ServerMessage
    {
        /// <summary>A message of a type.</summary>
        public ServerMessage(ServerMessageType type)
        {
            Type = type;
        }

        /// <summary>Which part is there.</summary>
        public ServerMessageType Type { get; private set; }

        /// <summary>Fields, and entries of an unknown type, that this version ignored.</summary>
        public int Ignored { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Welcome"/>.</summary>
        public WelcomeData Welcome { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Ack"/>.</summary>
        public AckData Ack { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Resync"/>.</summary>
        public ResyncData Resync { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Metrics"/>.</summary>
        public MetricsData Metrics { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Clusters"/>.</summary>
        public ClustersData Clusters { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Signal"/>.</summary>
        public SignalData Signal { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Book"/>.</summary>
        public BookData Book { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Error"/>.</summary>
        public ErrorData Error { get; set; }

        /// <summary>Of <see cref="ServerMessageType.Heartbeat"/>.</summary>
        public HeartbeatData Heartbeat { get; set; }
    }
}
