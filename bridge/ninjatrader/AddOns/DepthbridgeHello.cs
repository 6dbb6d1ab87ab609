using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>What the first message of a connection says.</summary>
    public sealed class Hello
    {
        /// <summary>A publisher's hello without instruments.</summary>
        /// <param name="session">UUID with hyphens, of this run and source.</param>
        /// <param name="source"><c>live</c>, <c>playback</c>, <c>replay</c> or <c>demo</c>.</param>
        public Hello(string session, string source)
        {
            Session = session;
            Source = source;
            Client = "";
            Role = "publisher";
            Instruments = new List<StreamDefinition>();
            Settings = new SortedDictionary<string, object>(System.StringComparer.Ordinal);
            Topics = new List<string>();
        }

        /// <summary>UUID of this run and source.</summary>
        public string Session { get; private set; }

        /// <summary>Where the data comes from.</summary>
        public string Source { get; private set; }

        /// <summary>Name and version of the program.</summary>
        public string Client { get; set; }

        /// <summary><c>publisher</c> or <c>subscriber</c>.</summary>
        public string Role { get; set; }

        /// <summary>What is published.</summary>
        public List<StreamDefinition> Instruments { get; private set; }

        /// <summary>Rows of market makers are kept apart.</summary>
        public bool UseL3 { get; set; }

        /// <summary>Only bars and historical trades are sent.</summary>
        public bool HistoricalOnly { get; set; }

        /// <summary>The server checks and logs more.</summary>
        public bool DebugMode { get; set; }

        /// <summary>Analytics settings over the server's, by section; fill them with <see cref="Set"/>.</summary>
        public SortedDictionary<string, object> Settings { get; private set; }

        /// <summary>What to receive: <c>metrics</c>, <c>clusters</c>, <c>signals</c>, <c>book</c>.</summary>
        public List<string> Topics { get; private set; }

        /// <summary>Supersede a session that holds one of the instruments.</summary>
        public bool Takeover { get; set; }

        /// <summary>Give a setting, such as <c>clusters</c>, <c>ClusterIncrement</c>, 2.</summary>
        /// <param name="section">Section of the server's configuration.</param>
        /// <param name="key">Key in it.</param>
        /// <param name="value">A number, boolean or string.</param>
        public void Set(string section, string key, object value)
        {
            object found;
            if (!Settings.TryGetValue(section, out found))
            {
                found = new SortedDictionary<string, object>(System.StringComparer.Ordinal);
                Settings.Add(section, found);
            }
            ((SortedDictionary<string, object>)found)[key] = value;
        }
    }
}
