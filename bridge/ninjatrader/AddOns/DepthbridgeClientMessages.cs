using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Depthbridge
{
    /// <summary>The JSON messages of this side, as text; see PROTOCOL.md.</summary>
    public static class ClientMessages
    {
        /// <summary><c>hello</c>: the first message of a connection.</summary>
        public static string Hello(Hello hello)
        {
            var text = new StringBuilder(512);
            var json = Begin(text, "hello");
            json.Name("protocol").BeginObject().Member("min", Wire.Version).Member("max", Wire.Version).EndObject();
            json.Member("session", hello.Session).Member("client", hello.Client);
            json.Member("source", hello.Source).Member("role", hello.Role);
            json.Name("instruments").BeginList();
            foreach (var instrument in hello.Instruments)
            {
                Declare(json, instrument);
            }
            json.EndList();
            json.Name("flags").BeginObject().Member("useL3", hello.UseL3);
            json.Member("HistoricalOnly", hello.HistoricalOnly).Member("DebugMode", hello.DebugMode).EndObject();
            json.Name("settings").Value((object)hello.Settings);
            json.Name("subscribe").Value((object)hello.Topics);
            json.Member("takeover", hello.Takeover);
            return End(json, text);
        }

        /// <summary><c>makers</c>: names that a depth record's <c>Ref</c> minus one is the index of.</summary>
        public static string Makers(int stream, IEnumerable<string> names)
        {
            var text = new StringBuilder(256);
            var json = Begin(text, "makers").Member("stream", stream);
            json.Name("names").Value((object)names);
            return End(json, text);
        }

        /// <summary><c>check</c>: checksum of the book right after the frame that ends at this number.</summary>
        public static string Check(int stream, long seq, uint crc32)
        {
            var text = new StringBuilder(96);
            return End(Begin(text, "check").Member("stream", stream).Member("seq", seq).Member("crc32", crc32), text);
        }

        /// <summary><c>heartbeat</c>: a sign of life.</summary>
        /// <param name="last">Last number sent, by index of the stream.</param>
        /// <param name="time">Event time before which no record will come, ns UTC; 0 says nothing.</param>
        /// <param name="paused">The playback stands still.</param>
        public static string Heartbeat(IEnumerable<KeyValuePair<int, long>> last, long time, bool paused)
        {
            var text = new StringBuilder(128);
            var json = Last(Begin(text, "heartbeat"), last, time);
            if (paused)
            {
                json.Member("paused", true);
            }
            return End(json, text);
        }

        /// <summary><c>bye</c>: the publisher ends and gives its instruments free.</summary>
        /// <param name="last">Last number sent, by index of the stream.</param>
        /// <param name="time">Event time before which no record will come, ns UTC; 0 says nothing.</param>
        public static string Bye(IEnumerable<KeyValuePair<int, long>> last, long time)
        {
            var text = new StringBuilder(128);
            return End(Last(Begin(text, "bye"), last, time), text);
        }

        /// <summary><c>bar_update</c> of a stream of this connection.</summary>
        public static string BarUpdate(int stream, long seq, BarData bar)
        {
            var text = new StringBuilder(256);
            return End(Bar(Begin(text, "bar_update").Member("stream", stream).Member("seq", seq), bar), text);
        }

        /// <summary><c>bar_update</c> by HTTP; session and source go into the request's headers.</summary>
        public static string BarUpdate(string instrument, long seq, BarData bar)
        {
            var text = new StringBuilder(256);
            return End(Bar(Begin(text, "bar_update").Member("instrument", instrument).Member("seq", seq), bar), text);
        }

        /// <summary><c>subscribe</c>: begin to receive topics.</summary>
        /// <param name="topics">Which.</param>
        /// <param name="instruments">Symbols; none: all.</param>
        /// <param name="source">Of the instruments.</param>
        /// <param name="maxRateHz">Most metrics and book messages a second and instrument; 0: all.</param>
        public static string Subscribe(IEnumerable<string> topics, IEnumerable<string> instruments, string source, double maxRateHz)
        {
            var text = new StringBuilder(192);
            return End(Topics(Begin(text, "subscribe"), topics, instruments, source).Member("max_rate_hz", maxRateHz), text);
        }

        /// <summary><c>unsubscribe</c>: stop receiving topics.</summary>
        /// <param name="topics">Which.</param>
        /// <param name="instruments">Symbols; none: all.</param>
        /// <param name="source">Of the instruments.</param>
        public static string Unsubscribe(IEnumerable<string> topics, IEnumerable<string> instruments, string source)
        {
            var text = new StringBuilder(192);
            return End(Topics(Begin(text, "unsubscribe"), topics, instruments, source), text);
        }

        /// <summary><c>order</c>: an order changed.</summary>
        /// <param name="instrument">Symbol.</param>
        /// <param name="source">Whose instrument.</param>
        /// <param name="time">Of the event, ns UTC.</param>
        /// <param name="values">Further members; none is called type, instrument, source or time.</param>
        public static string Order(string instrument, string source, long time, IDictionary<string, object> values)
        {
            return Report("order", instrument, source, time, values);
        }

        /// <summary><c>fill</c>: an order was executed. Parameters as of <see cref="Order"/>.</summary>
        public static string Fill(string instrument, string source, long time, IDictionary<string, object> values)
        {
            return Report("fill", instrument, source, time, values);
        }

        /// <summary><c>position</c>: a position changed. Parameters as of <see cref="Order"/>.</summary>
        public static string Position(string instrument, string source, long time, IDictionary<string, object> values)
        {
            return Report("position", instrument, source, time, values);
        }

        private static JsonWriter Begin(StringBuilder text, string type)
        {
            return new JsonWriter(text).BeginObject().Member("type", type);
        }

        private static string End(JsonWriter json, StringBuilder text)
        {
            json.EndObject();
            return text.ToString();
        }

        private static void Declare(JsonWriter json, StreamDefinition instrument)
        {
            json.BeginObject().Member("symbol", instrument.Symbol);
            json.Member("tick_size", instrument.TickSize).Member("size_step", instrument.SizeStep);
            json.Member("point_value", instrument.PointValue).Member("depth_levels", instrument.DepthLevels);
            json.EndObject();
        }

        private static JsonWriter Last(JsonWriter json, IEnumerable<KeyValuePair<int, long>> last, long time)
        {
            json.Name("last").BeginObject();
            foreach (var stream in last)
            {
                json.Member(stream.Key.ToString(CultureInfo.InvariantCulture), stream.Value);
            }
            json.EndObject();
            return time > 0 ? json.Member("time", time) : json;
        }

        private static JsonWriter Bar(JsonWriter json, BarData bar)
        {
            json.Name("series").BeginObject().Member("type", bar.SeriesType).Member("value", bar.SeriesValue).EndObject();
            json.Member("time", bar.Time).Member("open", bar.Open).Member("high", bar.High).Member("low", bar.Low);
            return json.Member("close", bar.Close).Member("volume", bar.Volume).Member("delta", bar.Delta);
        }

        private static JsonWriter Topics(JsonWriter json, IEnumerable<string> topics, IEnumerable<string> instruments, string source)
        {
            json.Name("topics").Value((object)topics);
            json.Name("instruments").Value((object)instruments);
            return json.Member("source", source);
        }

        private static string Report(string type, string instrument, string source, long time, IDictionary<string, object> values)
        {
            var text = new StringBuilder(256);
            var json = Begin(text, type).Member("instrument", instrument).Member("time", time).Member("source", source);
            foreach (var value in values)
            {
                json.Name(value.Key).Value(value.Value);
            }
            return End(json, text);
        }
    }
}
