using System;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>A real connection to the server for the hub.</summary>
    public sealed class HubConnection : IHubConnection
    {
        private readonly BridgeConnection _bridge;

        private HubConnection(BridgeConnection bridge)
        {
            _bridge = bridge;
        }

        /// <summary>A connection of its own session, not started.</summary>
        /// <param name="source"><c>live</c> or <c>playback</c>.</param>
        /// <param name="settings">Where to, and what to say in hello.</param>
        /// <param name="log">Where events go.</param>
        public static IHubConnection Open(string source, HubSettings settings, IBridgeLog log)
        {
            return Open(source, settings, log, false);
        }

        /// <summary>A connection of its own session, not started.</summary>
        /// <param name="source"><c>live</c> or <c>playback</c>.</param>
        /// <param name="settings">Where to, and what to say in hello.</param>
        /// <param name="log">Where events go.</param>
        /// <param name="takeover">Whether to supersede a session that holds an instrument: see <see cref="RunMark"/>.</param>
        public static IHubConnection Open(string source, HubSettings settings, IBridgeLog log, bool takeover)
        {
            var hello = new Hello(Guid.NewGuid().ToString("D", CultureInfo.InvariantCulture), source);
            hello.Takeover = takeover;
            hello.Client = "NinjaTrader-bridge/" + BridgeVersion.Text;
            settings.Fill(hello);
            hello.Topics.Add("metrics");
            hello.Topics.Add("clusters");
            if (!settings.HistoricalOnly)
            {
                hello.Topics.Add("signals");
            }
            var options = new BridgeOptions(hello);
            options.Host = settings.Host;
            options.Port = settings.Port;
            options.TokenFile = settings.TokenFile;
            return new HubConnection(new BridgeConnection(options, log));
        }

        /// <inheritdoc/>
        public void Add(PublishedStream stream)
        {
            _bridge.Add(stream);
        }

        /// <inheritdoc/>
        public void Remove(PublishedStream stream)
        {
            _bridge.Remove(stream);
        }

        /// <inheritdoc/>
        public void AddListener(IBridgeListener listener)
        {
            _bridge.AddListener(listener);
        }

        /// <inheritdoc/>
        public void Start()
        {
            _bridge.Start();
        }

        /// <inheritdoc/>
        public void Stop(int milliseconds)
        {
            _bridge.Stop(milliseconds);
        }

        /// <inheritdoc/>
        public void Report(string text)
        {
            _bridge.Report(text);
        }

        /// <inheritdoc/>
        public void SetLevelTwo(string symbol, bool has)
        {
            _bridge.SetLevelTwo(symbol, has);
        }

        /// <inheritdoc/>
        public BridgeStatus Status(string symbol)
        {
            return _bridge.Status(symbol);
        }

        /// <inheritdoc/>
        public ClusterStore Clusters(string symbol)
        {
            return _bridge.Clusters(symbol);
        }
    }
}
