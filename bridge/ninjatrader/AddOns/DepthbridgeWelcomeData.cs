using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The answer to <c>hello</c>.</summary>
    public sealed class WelcomeData
    {
        /// <summary>Version of the protocol in use.</summary>
        public int Protocol { get; set; }

        /// <summary>Version of the server.</summary>
        public string Server { get; set; }

        /// <summary>Index by symbol, for frames and messages of this connection.</summary>
        public IDictionary<string, int> Streams { get; set; }

        /// <summary>Next number expected, by index.</summary>
        public IDictionary<int, long> ResumeFrom { get; set; }

        /// <summary>Most records of a frame, 1 to <see cref="Wire.MaxRecords"/>.</summary>
        public int MaxBatch { get; set; }

        /// <summary>Seconds between heartbeats, above 0.</summary>
        public double HeartbeatSeconds { get; set; }

        /// <summary>Hash of the settings in force.</summary>
        public string Config { get; set; }
    }
}
