using System.Globalization;

namespace Depthbridge
{
    /// <summary>State of one instrument's stream, for chart and scripts. It never changes.</summary>
    public sealed class BridgeStatus
    {
        /// <summary>Say how it stands.</summary>
        /// <param name="state">In one word.</param>
        /// <param name="reason">Why, in words; empty when all is well.</param>
        /// <param name="since">When the state began, on the bridge's monotonic clock, ns.</param>
        /// <param name="serverVersion">Of the server, or empty.</param>
        /// <param name="lag">Between a record's own time and its sending, ns; <see cref="long.MinValue"/>: not known.</param>
        /// <param name="roundTrip">Between a frame and its answer, ns; -1: not known.</param>
        public BridgeStatus(BridgeState state, string reason, long since, string serverVersion, long lag, long roundTrip)
        {
            State = state;
            Reason = reason ?? "";
            Since = since;
            ServerVersion = serverVersion ?? "";
            Lag = lag;
            RoundTrip = roundTrip;
        }

        /// <summary>In one word.</summary>
        public BridgeState State { get; private set; }

        /// <summary>Why, in words; empty when all is well.</summary>
        public string Reason { get; private set; }

        /// <summary>When the state began, on the bridge's monotonic clock, ns.</summary>
        public long Since { get; private set; }

        /// <summary>Of the server, or empty.</summary>
        public string ServerVersion { get; private set; }

        /// <summary>Between the newest sent record's own time and its sending, ns; <see cref="long.MinValue"/>: not known.</summary>
        public long Lag { get; private set; }

        /// <summary>Between a frame and its answer, ns; -1: not known.</summary>
        public long RoundTrip { get; private set; }

        /// <summary>The state as it stands on the chart.</summary>
        public string Title
        {
            get { return TitleOf(State); }
        }

        /// <summary>A state as it stands on the chart.</summary>
        public static string TitleOf(BridgeState state)
        {
            switch (state)
            {
                case BridgeState.Live:
                    return "LIVE";
                case BridgeState.Closed:
                    return "CLOSED";
                case BridgeState.NoLevelTwo:
                    return "NO LEVEL II";
                case BridgeState.Stale:
                    return "STALE";
                default:
                    return "NO SERVER";
            }
        }

        /// <summary>For people.</summary>
        public override string ToString()
        {
            return string.Format(CultureInfo.InvariantCulture, Reason.Length == 0 ? "{0}" : "{0}: {1}", Title, Reason);
        }
    }
}
