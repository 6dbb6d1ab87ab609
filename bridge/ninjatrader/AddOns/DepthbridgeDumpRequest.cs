using System;

namespace Depthbridge
{
    /// <summary>What is to be exported.</summary>
    public sealed class DumpRequest
    {
        /// <summary>Name of the instrument as the server knows it: ES 12-26.</summary>
        public string Symbol = "";

        /// <summary>Its tick size.</summary>
        public double TickSize;

        /// <summary>NinjaTrader's display zone, by the name that Windows gives it.</summary>
        public string Zone = "";

        /// <summary>First day.</summary>
        public DateTime First;

        /// <summary>Last day.</summary>
        public DateTime Last;

        /// <summary>The present day; it and what follows are not complete, so they are left out.</summary>
        public DateTime Today;

        /// <summary>Where the files go; made if it is not there.</summary>
        public string Folder = "";

        /// <summary>Days that are there already are written again.</summary>
        public bool Again;
    }
}
