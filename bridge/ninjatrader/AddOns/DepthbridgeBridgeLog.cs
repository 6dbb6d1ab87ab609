using Depthbridge;
using NinjaTrader.Cbi;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Writes the bridge's events to NinjaTrader's log; what only debugging wants to the output window.</summary>
    public sealed class DepthbridgeBridgeLog : IBridgeLog
    {
        private volatile bool _debug;

        /// <summary>Whether events for debugging are written too.</summary>
        public bool Debug
        {
            get { return _debug; }
            set { _debug = value; }
        }

        /// <inheritdoc/>
        public void Write(LogEvent what, string detail)
        {
            if (what.Level == global::Depthbridge.LogLevel.Debug)
            {
                if (_debug)
                {
                    NinjaTrader.Code.Output.Process(what.Line(detail), PrintTo.OutputTab1);
                }
                return;
            }
            NinjaTrader.NinjaScript.NinjaScript.Log(what.Line(detail), LevelOf(what.Level));
        }

        private static NinjaTrader.Cbi.LogLevel LevelOf(global::Depthbridge.LogLevel level)
        {
            switch (level)
            {
                case global::Depthbridge.LogLevel.Error:
                    return NinjaTrader.Cbi.LogLevel.Error;
                case global::Depthbridge.LogLevel.Warning:
                    return NinjaTrader.Cbi.LogLevel.Warning;
                default:
                    return NinjaTrader.Cbi.LogLevel.Information;
            }
        }
    }
}
