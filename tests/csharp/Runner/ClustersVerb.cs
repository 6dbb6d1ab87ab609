using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>
    /// A cluster store's life: a line is a clusters message, {"answer": [clusters of an HTTP answer]}, or {"clear": true}.
    /// Answers what changed and what lives then, {"changes": [[word, cluster, from a set], ...], "active": [cluster, ...]}.
    /// </summary>
    public static class ClustersVerb
    {
        public static int Run(string[] arguments)
        {
            var store = new ClusterStore();
            return Lines.Answer(line => Answer(store, JsonParser.Parse(line)));
        }

        private static string Answer(ClusterStore store, JsonValue line)
        {
            var before = store.Active;
            var copy = (ClusterData[])before.Clone();
            var changes = Changed(store, line);
            for (var i = 0; i < copy.Length; i++)
            {
                if (!ReferenceEquals(copy[i], before[i]))
                {
                    throw new System.InvalidOperationException("an array that a reader holds has changed");
                }
            }
            return Lines.Json(json =>
            {
                json.BeginObject().Name("changes").BeginList();
                foreach (var change in changes)
                {
                    json.BeginList().Value(change.Event.ToString()).Value(ServerMessagesVerb.Described(change.Cluster));
                    json.Value(change.FromSet).EndList();
                }
                json.EndList().Name("active").BeginList();
                foreach (var cluster in store.Active)
                {
                    json.Value(ServerMessagesVerb.Described(cluster));
                }
                json.EndList().EndObject();
            });
        }

        private static IEnumerable<ClusterChange> Changed(ClusterStore store, JsonValue line)
        {
            if (line.Get("clear") != null)
            {
                return store.Clear();
            }
            var answer = line.Get("answer");
            return answer != null
                ? store.Replace(MarketMessages.ReadClusterList(answer))
                : store.Apply(ServerMessages.Read(line).Clusters);
        }
    }
}
