using System;
using System.Diagnostics;

namespace Depthbridge.Runner
{
    /// <summary>bench-frames: what a frame of 200 records costs, {"median_us":...,"p99_us":...,"bytes":...}.</summary>
    public static class FrameBench
    {
        private const int Count = 200;
        private const int Rounds = 20000;

        public static int Run(string[] arguments)
        {
            var records = Records();
            var target = new byte[FrameWriter.SizeOf(Count)];
            Measure(records, target, new double[Rounds / 4]);
            var micros = new double[Rounds];
            var before = GC.GetAllocatedBytesForCurrentThread();
            Measure(records, target, micros);
            var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            Array.Sort(micros);
            Console.Out.WriteLine(Lines.Json(json => json.BeginObject()
                .Member("median_us", micros[Rounds / 2]).Member("p99_us", micros[Rounds * 99 / 100])
                .Member("bytes", bytes).EndObject()));
            return 0;
        }

        private static void Measure(MarketRecord[] records, byte[] target, double[] micros)
        {
            for (var i = 0; i < micros.Length; i++)
            {
                var begin = Stopwatch.GetTimestamp();
                var count = FrameWriter.Fitting(records, 0, Count);
                FrameWriter.Write(target, FrameType.Events, FrameWriter.FlagsOf(records, 0, count), 0, i + 1, i, records, 0, count);
                micros[i] = (Stopwatch.GetTimestamp() - begin) * 1e6 / Stopwatch.Frequency;
            }
        }

        private static MarketRecord[] Records()
        {
            var random = new Random(4);
            var records = new MarketRecord[Count];
            for (var i = 0; i < Count; i++)
            {
                records[i] = new MarketRecord
                {
                    Time = 1763560800123456700 + 100 * i,
                    Side = (byte)random.Next(2),
                    Op = (byte)random.Next(3),
                    Position = (byte)random.Next(11),
                    Price = 18000 + random.Next(40),
                    Size = random.Next(500)
                };
            }
            return records;
        }
    }
}
