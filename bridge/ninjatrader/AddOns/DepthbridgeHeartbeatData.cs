using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>A sign of life of the server.</summary>
    public sealed class HeartbeatData
    {
        /// <summary>Last number that the server has, by index of the stream.</summary>
        public IDictionary<int, long> Last { get; set; }
    }
}
