using System;
using System.Globalization;
using Depthbridge;
using NinjaTrader.Data;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Turns the closed bars of one series into what the server takes.</summary>
    /// <remarks>It has a clock of its own: bars of history must not move the clock of the live events. Not thread-safe.</remarks>
    public sealed class DepthbridgeBarTeller
    {
        private readonly TimeZoneClock _clock;

        /// <summary>A teller for a series.</summary>
        /// <param name="zone">In which NinjaTrader gives times.</param>
        public DepthbridgeBarTeller(TimeZoneInfo zone)
        {
            _clock = new TimeZoneClock(zone);
        }

        /// <summary>A closed bar.</summary>
        /// <param name="bars">Its series.</param>
        /// <param name="index">Which, from 0.</param>
        public BarData Of(Bars bars, int index)
        {
            var bar = new BarData();
            bar.Time = _clock.ToUtc(bars.GetTime(index));
            bar.Open = bars.GetOpen(index);
            bar.High = bars.GetHigh(index);
            bar.Low = bars.GetLow(index);
            bar.Close = bars.GetClose(index);
            bar.Volume = bars.GetVolume(index);
            bar.Delta = double.NaN;
            bar.SeriesType = bars.BarsPeriod.BarsPeriodType.ToString().ToLower(CultureInfo.InvariantCulture);
            bar.SeriesValue = bars.BarsPeriod.Value;
            return bar;
        }
    }
}
