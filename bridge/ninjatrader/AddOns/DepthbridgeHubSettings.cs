using System.Globalization;

namespace Depthbridge
{
    /// <summary>How a stream is published: where to, and with which settings of the analytics. Filled once, then only read.</summary>
    /// <remarks>
    /// A setting below its range means: as the server's configuration says. It is not sent, so a bridge that was
    /// never configured does not overrule the server's file. The opacity threshold only hides things from one
    /// chart or strategy; it is applied there and is no part of the streams' settings.
    /// </remarks>
    public sealed class HubSettings
    {
        /// <summary>What a setting is when the server decides.</summary>
        public const int Server = -1;

        /// <summary>A server on this machine, nothing overruled.</summary>
        public HubSettings()
        {
            Host = "127.0.0.1";
            Port = 8765;
            TokenFile = "";
            OrderBookGranularity = Server;
            ClusterIncrement = Server;
            OrderBookVolumeThreshold = Server;
            ClusterBuffer = Server;
        }

        /// <summary>Address of the server. Not <c>localhost</c>: Windows tries IPv6 first and waits.</summary>
        public string Host { get; set; }

        /// <summary>Its port.</summary>
        public int Port { get; set; }

        /// <summary>File with the token, or an empty string.</summary>
        public string TokenFile { get; set; }

        /// <summary>Rows of market makers are kept apart.</summary>
        public bool UseL3 { get; set; }

        /// <summary>Only bars and trades of Tick Replay are sent.</summary>
        public bool HistoricalOnly { get; set; }

        /// <summary>More checks and more lines in the log, on both sides.</summary>
        public bool DebugMode { get; set; }

        /// <summary>Ticks per displayed row, from 1.</summary>
        public int OrderBookGranularity { get; set; }

        /// <summary>Height of a bucket in ticks, from 1.</summary>
        public int ClusterIncrement { get; set; }

        /// <summary>Least base that densities are measured against, size steps, from 0.</summary>
        public double OrderBookVolumeThreshold { get; set; }

        /// <summary>What still counts as at a cluster, ticks, from 0.</summary>
        public int ClusterBuffer { get; set; }

        /// <summary>Everything in one text: equal settings have equal keys, and may share a connection.</summary>
        public string Key
        {
            get
            {
                return string.Format(
                    CultureInfo.InvariantCulture,
                    "{0}|{1}|{2}|{3}|{4}|{5}|{6}|{7}|{8:R}|{9}",
                    Host,
                    Port,
                    TokenFile,
                    UseL3,
                    HistoricalOnly,
                    DebugMode,
                    OrderBookGranularity,
                    ClusterIncrement,
                    OrderBookVolumeThreshold,
                    ClusterBuffer);
            }
        }

        /// <summary>Puts flags and settings into a hello.</summary>
        public void Fill(Hello hello)
        {
            hello.UseL3 = UseL3;
            hello.HistoricalOnly = HistoricalOnly;
            hello.DebugMode = DebugMode;
            Set(hello, "OrderBookGranularity", OrderBookGranularity, 1);
            Set(hello, "ClusterIncrement", ClusterIncrement, 1);
            Set(hello, "ClusterBuffer", ClusterBuffer, 0);
            if (OrderBookVolumeThreshold >= 0)
            {
                hello.Set("clusters", "OrderBookVolumeThreshold", OrderBookVolumeThreshold);
            }
        }

        private static void Set(Hello hello, string key, int value, int least)
        {
            if (value >= least)
            {
                hello.Set("clusters", key, value);
            }
        }
    }
}
