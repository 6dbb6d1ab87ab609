using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The measures of one instrument; docs/analytics.md says what each of them is.</summary>
    /// <remarks>While <see cref="IsStale"/> there is nothing but the phase. It does not change once it was published.</remarks>
    public sealed class MetricsData
    {
        private MetricsNames _names = MetricsNames.None;
        private double[] _values = new double[0];

        /// <summary>Symbol.</summary>
        public string Instrument { get; set; }

        /// <summary>Source of the stream.</summary>
        public string Source { get; set; }

        /// <summary>Last record in them.</summary>
        public long Seq { get; set; }

        /// <summary>The event clock, ns UTC.</summary>
        public long Time { get; set; }

        /// <summary><c>stale</c>, <c>waiting</c>, <c>closed</c>, <c>paused</c>, <c>crossed</c> or <c>synced</c>.</summary>
        public string Phase { get; set; }

        /// <summary><c>neutral</c>, <c>continue_bullish</c>, <c>continue_bearish</c>, <c>reversal_bullish</c>, <c>reversal_bearish</c>, or null.</summary>
        public string Outlook { get; set; }

        /// <summary>Time from which the session's sums hold, ns UTC; 0 for none.</summary>
        public long Since { get; set; }

        /// <summary>Whether the session's sums miss nothing.</summary>
        public bool Complete { get; set; }

        /// <summary>Whether a score still lacks past values.</summary>
        public bool Warmup { get; set; }

        /// <summary>Hash of the settings that made them.</summary>
        public string Config { get; set; }

        /// <summary><c>L3</c> where the server's book is made of orders, else <c>L2</c>.</summary>
        public string Book { get; set; }

        /// <summary>Whether the book is not to be trusted.</summary>
        public bool IsStale
        {
            get { return Phase == "stale"; }
        }

        /// <summary>Imbalance of the best rows, -100 to 100.</summary>
        public double Imbalance
        {
            get { return this["imbalance"]; }
        }

        /// <summary>Momentum score, -100 to 100.</summary>
        public double Momentum
        {
            get { return this["momentum"]; }
        }

        /// <summary>Volume score, 0 to 100.</summary>
        public double Volume
        {
            get { return this["volume"]; }
        }

        /// <summary>Composite score, -100 to 100.</summary>
        public double Composite
        {
            get { return this["composite"]; }
        }

        /// <summary>Any number by its name; NaN where it is null, or there is none of this name.</summary>
        public double this[string name]
        {
            get
            {
                var place = _names.Find(name);
                return place < 0 ? double.NaN : _values[place];
            }
        }

        /// <summary>The names of the numbers that are not null.</summary>
        public ICollection<string> Names
        {
            get
            {
                var names = new List<string>();
                for (var i = 0; i < _values.Length; i++)
                {
                    if (!double.IsNaN(_values[i]))
                    {
                        names.Add(_names[i]);
                    }
                }
                return names;
            }
        }

        /// <summary>Give the numbers; only before it is published.</summary>
        /// <param name="names">Of all members of the message.</param>
        /// <param name="values">In the same order; NaN for what is no measure.</param>
        internal void Set(MetricsNames names, double[] values)
        {
            _names = names;
            _values = values;
        }
    }
}
