using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>What the runner can do, by name. A verb takes its arguments and gives the exit code.</summary>
    public static class Verbs
    {
        public static readonly SortedDictionary<string, Func<string[], int>> ByName = new SortedDictionary<string, Func<string[], int>>
        {
            { "aggressor", AggressorVerb.Run },
            { "bench-echo", TripBench.Echo },
            { "bench-flow", FlowBench.Flow },
            { "bench-frames", FrameBench.Run },
            { "bench-live", FlowBench.Live },
            { "bench-socket-echo", TripBench.SocketEcho },
            { "bench-trips", TripBench.Trips },
            { "bridge", BridgeVerb.Run },
            { "callback", CallbackVerb.Run },
            { "checksum", ChecksumVerb.Run },
            { "client-messages", ClientMessagesVerb.Run },
            { "clusters", ClustersVerb.Run },
            { "decode", DecodeVerb.Run },
            { "encode", EncodeVerb.Run },
            { "guide", GuideVerb.Run },
            { "json", JsonVerb.Run },
            { "json-bits", JsonBitsVerb.Run },
            { "log-file", LogFileVerb.Run },
            { "makers", MakersVerb.Run },
            { "ninja", NinjaVerb.Run },
            { "publisher", PublisherVerb.Run },
            { "pump", PumpVerb.Run },
            { "rectangles", RectanglesVerb.Run },
            { "run-mark", RunMarkVerb.Run },
            { "server-messages", ServerMessagesVerb.Run },
            { "stream-lock", StreamLockVerb.Run },
            { "websocket", WebSocketVerb.Run },
            { "zone", TimeZoneVerb.Run },
            { "trading-runs", TradingRunsVerb.Run },
            { "trading-trace", TradingRunsVerb.Trace },
            { "trading-script", TradingScriptVerb.Run },
            { "trading-values", TradingValuesVerb.Run },
            { "exporter", ExporterVerb.Run },
            { "exporter-zones", ExporterVerb.Zones },
            { "exporter-days", ExporterVerb.Days },
            { "cluster-trader", ClusterTraderVerb.Run },
        };
    }
}
