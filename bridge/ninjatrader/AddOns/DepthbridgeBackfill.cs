using System;
using System.Collections.Generic;
using System.Threading;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Tells the server the session's trades again, from tick history, when its sums are not complete.</summary>
    /// <remarks>The server says so in its measures: after a late start, a gap, a lost feed or a moved playback.</remarks>
    public sealed class DepthbridgeBackfill
    {
        /// <summary>First wait before another attempt, ns; it doubles up to the longest.</summary>
        public const long FirstWait = 60000000000L;

        /// <summary>Longest wait before another attempt, ns.</summary>
        public const long LongestWait = 960000000000L;

        private readonly Instrument _instrument;
        private readonly HubStream _hub;
        private readonly TimeZoneClock _zone;
        private readonly PriceGrid _grid;
        private readonly object _trades;
        private readonly TradeTail _tail;
        private readonly IBridgeLog _log;
        private int _asking;
        private long _next;
        private long _wait = FirstWait;

        /// <summary>Nothing is asked for yet.</summary>
        /// <param name="instrument">Whose trades.</param>
        /// <param name="hub">To whom they are told.</param>
        /// <param name="zone">For times of the display zone.</param>
        /// <param name="grid">For prices.</param>
        /// <param name="trades">Lock under which live trades are numbered and kept in the tail.</param>
        /// <param name="tail">Live trades since the history was asked for.</param>
        /// <param name="log">Where events go.</param>
        public DepthbridgeBackfill(
            Instrument instrument,
            HubStream hub,
            TimeZoneClock zone,
            PriceGrid grid,
            object trades,
            TradeTail tail,
            IBridgeLog log)
        {
            _instrument = instrument;
            _hub = hub;
            _zone = zone;
            _grid = grid;
            _trades = trades;
            _tail = tail;
            _log = log;
        }

        /// <summary>Ask for the history if it is wanted and its time has come.</summary>
        /// <param name="now">The bridge's monotonic clock, ns.</param>
        public void Tick(long now)
        {
            var metrics = _hub.Metrics;
            if (metrics == null || metrics.Phase == "stale" || metrics.Phase == "closed" || metrics.Phase == "paused")
            {
                return;
            }
            if (metrics.Complete)
            {
                _wait = FirstWait;
                _next = 0;
                return;
            }
            if (now < _next || _hub.Stream.Backfilling || Interlocked.Exchange(ref _asking, 1) != 0)
            {
                return;
            }
            _next = now + _wait;
            _wait = Math.Min(_wait * 2, LongestWait);
            Ask();
        }

        private void Ask()
        {
            try
            {
                var until = NinjaTrader.Core.Globals.Now;
                var hours = _instrument.MasterInstrument.TradingHours;
                var session = new SessionIterator(hours);
                session.GetNextSession(until, true);
                var begin = session.ActualSessionBegin;
                lock (_trades)
                {
                    _tail.Begin();
                }
                var request = new BarsRequest(_instrument, begin, until);
                request.BarsPeriod = new BarsPeriod { BarsPeriodType = BarsPeriodType.Tick, Value = 1, MarketDataType = MarketDataType.Last };
                request.TradingHours = hours;
                request.Request(delegate(BarsRequest answer, ErrorCode code, string text) { Answered(answer, begin, code, text); });
            }
            catch (Exception error)
            {
                // NinjaTrader throws here when no provider has history; trades go on without it.
                Failed(error.Message);
            }
        }

        private void Answered(BarsRequest answer, DateTime begin, ErrorCode code, string text)
        {
            try
            {
                if (code != ErrorCode.NoError || answer.Bars == null)
                {
                    Failed(text);
                    return;
                }
                Tell(History(answer.Bars, begin));
            }
            catch (Exception error)
            {
                Failed(error.Message);
            }
            finally
            {
                answer.Dispose();
            }
        }

        private List<TradeTick> History(Bars bars, DateTime begin)
        {
            var zone = new TimeZoneClock(_zone.Zone);
            var trades = new List<TradeTick>(bars.Count);
            for (var i = 0; i < bars.Count; i++)
            {
                var time = bars.GetTime(i);
                if (time < begin)
                {
                    continue;
                }
                var trade = new TradeTick();
                trade.Time = zone.ToUtc(time);
                trade.Price = _grid.Ticks(bars.GetClose(i));
                trade.Size = bars.GetVolume(i);
                trade.Bid = _grid.Quote(bars.GetBid(i), trade.Price);
                trade.Ask = _grid.Quote(bars.GetAsk(i), trade.Price);
                trades.Add(trade);
            }
            return trades;
        }

        /// <summary>Join and tell while no live trade can be numbered: each counts once, before the list or after it.</summary>
        private void Tell(List<TradeTick> history)
        {
            var told = false;
            var count = 0;
            lock (_trades)
            {
                if (!_tail.Broken)
                {
                    var records = Records(_tail.Join(history));
                    count = records.Length;
                    told = _hub.Stream.Backfill(records);
                }
                _tail.End();
            }
            Interlocked.Exchange(ref _asking, 0);
            _log.Write(
                told ? LogEvents.BackfillTold : LogEvents.BackfillFailed,
                _hub.Symbol + ", " + count.ToString(System.Globalization.CultureInfo.InvariantCulture) + " trades");
        }

        private void Failed(string why)
        {
            lock (_trades)
            {
                _tail.End();
            }
            Interlocked.Exchange(ref _asking, 0);
            _log.Write(LogEvents.BackfillFailed, _hub.Symbol + ", " + why);
        }

        private static MarketRecord[] Records(List<TradeTick> trades)
        {
            var rule = new AggressorRule();
            var records = new MarketRecord[trades.Count];
            for (var i = 0; i < records.Length; i++)
            {
                rule.Judge(trades[i].Price, trades[i].Bid, trades[i].Ask);
                records[i].Time = trades[i].Time;
                records[i].Price = trades[i].Price;
                records[i].Size = trades[i].Size;
                records[i].Kind = Wire.KindTrade;
                records[i].Side = rule.Side;
                records[i].Op = rule.How;
            }
            return records;
        }
    }
}
