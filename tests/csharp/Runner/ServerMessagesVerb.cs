using System.Collections.Generic;
using System.Reflection;
using System.Text;

namespace Depthbridge.Runner
{
    /// <summary>Messages of the server to their parts, every property by its name; one parser reads them all, as on a connection.</summary>
    public static class ServerMessagesVerb
    {
        public static int Run(string[] arguments)
        {
            var parser = new JsonParser();
            return Lines.Answer(line => Lines.Json(json => json.Value(Described(Read(parser, Encoding.UTF8.GetBytes(line))))));
        }

        private static ServerMessage Read(JsonParser parser, byte[] text)
        {
            return ServerMessages.Read(parser.Read(text, 0, text.Length));
        }

        /// <summary>The properties of a part, and theirs, as plain values.</summary>
        public static IDictionary<string, object> Described(object part)
        {
            var found = new SortedDictionary<string, object>(System.StringComparer.Ordinal);
            foreach (var property in part.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                if (property.GetIndexParameters().Length == 0)
                {
                    found[property.Name] = Plain(property.GetValue(part, null));
                }
            }
            var metrics = part as MetricsData;
            if (metrics != null)
            {
                found["Values"] = Values(metrics);
            }
            return found;
        }

        private static object Plain(object value)
        {
            var clusters = value as ClusterData[];
            if (clusters != null)
            {
                return System.Array.ConvertAll(clusters, Described);
            }
            if (value is System.Enum)
            {
                return value.ToString();
            }
            if (value is IDictionary<string, int>)
            {
                return Named((IDictionary<string, int>)value);
            }
            if (value is IDictionary<int, long>)
            {
                return Named((IDictionary<int, long>)value);
            }
            var ours = value != null && value.GetType().Namespace == "Depthbridge";
            return ours ? Described(value) : value;
        }

        private static IDictionary<string, object> Named<TKey, TValue>(IDictionary<TKey, TValue> values)
        {
            var named = new SortedDictionary<string, object>(System.StringComparer.Ordinal);
            foreach (var pair in values)
            {
                named[pair.Key.ToString()] = pair.Value;
            }
            return named;
        }

        private static IDictionary<string, object> Values(MetricsData metrics)
        {
            var values = new SortedDictionary<string, object>(System.StringComparer.Ordinal);
            foreach (var name in metrics.Names)
            {
                values[name] = metrics[name];
            }
            return values;
        }
    }
}
