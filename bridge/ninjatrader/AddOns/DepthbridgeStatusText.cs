using System;
using System.Collections.Generic;
using System.Globalization;

namespace Depthbridge
{
    /// <summary>The lines that stand on the chart.</summary>
    public static class StatusText
    {
        /// <summary>State and instrument, why, lag, versions, since when.</summary>
        /// <param name="status">How the stream stands.</param>
        /// <param name="symbol">Instrument.</param>
        /// <param name="source"><c>live</c> or <c>playback</c>.</param>
        /// <param name="mono">The bridge's monotonic clock now, ns.</param>
        /// <param name="local">The wall clock now, in the display zone.</param>
        public static List<string> Lines(BridgeStatus status, string symbol, string source, long mono, DateTime local)
        {
            var lines = new List<string>();
            lines.Add("Depthbridge " + status.Title + "  " + symbol + " " + source);
            if (status.Reason.Length > 0)
            {
                lines.Add(status.Reason);
            }
            if (status.State != BridgeState.NoServer)
            {
                lines.Add("feed lag " + Milliseconds(status.Lag, status.Lag != long.MinValue)
                    + ", round trip " + Milliseconds(status.RoundTrip, status.RoundTrip >= 0));
            }
            lines.Add("bridge " + BridgeVersion.Text + ", server " + (status.ServerVersion.Length == 0 ? "-" : status.ServerVersion));
            lines.Add("since " + Since(local - TimeSpan.FromTicks(Math.Max(0, mono - status.Since) / 100), local));
            return lines;
        }

        private static string Milliseconds(long nanoseconds, bool known)
        {
            return known ? (nanoseconds / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " ms" : "-";
        }

        private static string Since(DateTime begin, DateTime now)
        {
            var form = begin.Date == now.Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss";
            return begin.ToString(form, CultureInfo.InvariantCulture);
        }
    }
}
