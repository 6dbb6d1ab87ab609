using Depthbridge;
using NinjaTrader.Cbi;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>What a chart or strategy holds while it looks at an instrument.</summary>
    /// <remarks>The stream behind it changes when NinjaTrader goes from live data to Playback or back; read it each time.</remarks>
    public sealed class DepthbridgeLease
    {
        private volatile DepthbridgeInstrumentFeed _feed;

        internal DepthbridgeLease(Instrument instrument, HubSettings settings, IBridgeListener listener)
        {
            Instrument = instrument;
            Settings = settings;
            Listener = listener;
        }

        /// <summary>At what it looks.</summary>
        public Instrument Instrument { get; private set; }

        /// <summary>As they were wanted.</summary>
        public HubSettings Settings { get; private set; }

        /// <summary>Who looks.</summary>
        public IBridgeListener Listener { get; private set; }

        /// <summary>The feed, for time and prices; null once it was given back.</summary>
        public DepthbridgeInstrumentFeed Feed
        {
            get { return _feed; }
            internal set { _feed = value; }
        }

        /// <summary>The stream; null once it was given back.</summary>
        public HubStream Stream
        {
            get
            {
                var feed = _feed;
                return feed == null ? null : feed.Hub;
            }
        }
    }
}
