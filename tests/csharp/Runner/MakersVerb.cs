using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>
    /// makers DEPTH: rows of market makers and their ladder. A line is [side, op, position, price, size, maker]; the
    /// answer is [[op, position, price, size, maker], ...], or null for a change that was refused.
    /// ["load", side, [[price, size, maker], ...]] gives the ladder.
    /// </summary>
    public static class MakersVerb
    {
        public static int Run(string[] arguments)
        {
            var ladder = new MakerLadder(int.Parse(arguments[0]));
            return Lines.Answer(line =>
            {
                var answer = Answer(ladder, JsonParser.Parse(line).AsList("line"));
                return Lines.Json(json => json.Value(answer));
            });
        }

        private static object Answer(MakerLadder ladder, IList<JsonValue> a)
        {
            var all = new List<object>();
            if (a.Count == 3)
            {
                var rows = new List<BookLevel>();
                var makers = new List<ulong>();
                foreach (var row in a[2].AsList("rows"))
                {
                    rows.Add(new BookLevel(row.AsList("row")[0].AsLong("price"), row.AsList("row")[1].AsLong("size")));
                    makers.Add((ulong)row.AsList("row")[2].AsLong("maker"));
                }
                ladder.Load((int)a[1].AsLong("side"), rows.ToArray(), makers.ToArray());
                foreach (var level in ladder.Levels((int)a[1].AsLong("side")))
                {
                    all.Add(new List<long> { level.Price, level.Size });
                }
                return all;
            }
            var maker = (ulong)a[5].AsLong("maker");
            if (!ladder.Apply(Int(a[0]), Int(a[1]), Int(a[2]), a[3].AsLong("price"), a[4].AsLong("size"), maker))
            {
                return null;
            }
            foreach (var change in ladder.Changes)
            {
                all.Add(new List<long> { change.Op, change.Position, change.Price, change.Size, (long)change.Maker });
            }
            return all;
        }

        private static int Int(JsonValue value)
        {
            return (int)value.AsLong("argument");
        }
    }
}
