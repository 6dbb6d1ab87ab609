namespace Depthbridge
{
    /// <summary>A rule of the server has fired. It does not change once it was published.</summary>
    public sealed class SignalData
    {
        /// <summary>Identity of the signal.</summary>
        public string Id { get; set; }

        /// <summary>Symbol.</summary>
        public string Instrument { get; set; }

        /// <summary>Source of the stream.</summary>
        public string Source { get; set; }

        /// <summary>Last record it rests on.</summary>
        public long Seq { get; set; }

        /// <summary>The event clock, ns UTC.</summary>
        public long Time { get; set; }

        /// <summary>The rule.</summary>
        public string Kind { get; set; }

        /// <summary>Side of the market that it speaks about.</summary>
        public string Side { get; set; }

        /// <summary>-1 to 1.</summary>
        public double Strength { get; set; }

        /// <summary>Hit rate on the user's own earlier recordings, or NaN.</summary>
        public double Confidence { get; set; }

        /// <summary>Where, or NaN.</summary>
        public double Price { get; set; }

        /// <summary>In words.</summary>
        public string Reason { get; set; }

        /// <summary>Identity of its cluster, if it has one.</summary>
        public long? Cluster { get; set; }

        /// <summary>Event time from which it is no longer valid, ns UTC, if it expires.</summary>
        public long? Expires { get; set; }

        /// <summary>Hash of the settings that made it.</summary>
        public string Config { get; set; }

        /// <summary><c>L3</c> where the server's book is made of orders, else <c>L2</c>.</summary>
        public string Book { get; set; }
    }
}
