using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>Keeps the live trades from a moment on, and joins them to the tick history up to then.</summary>
    /// <remarks>
    /// History and live trades overlap, and both may have several trades of one time. Live trades before the last
    /// time of the history are in it; of those at that time as many as the history has. Bounded: a tail that
    /// outgrows its room is broken, and the back-fill is asked for again. Not thread-safe.
    /// </remarks>
    public sealed class TradeTail
    {
        /// <summary>Most live trades that are kept while the history is loaded.</summary>
        public const int Room = 200000;

        private readonly List<TradeTick> _live = new List<TradeTick>();

        /// <summary>Whether trades are kept.</summary>
        public bool Open { get; private set; }

        /// <summary>Whether there were too many to keep.</summary>
        public bool Broken { get; private set; }

        /// <summary>Begin to keep trades.</summary>
        public void Begin()
        {
            _live.Clear();
            Open = true;
            Broken = false;
        }

        /// <summary>Stop, and give the memory free.</summary>
        public void End()
        {
            _live.Clear();
            _live.TrimExcess();
            Open = false;
        }

        /// <summary>A live trade.</summary>
        public void Add(TradeTick trade)
        {
            if (_live.Count >= Room)
            {
                Broken = true;
                return;
            }
            _live.Add(trade);
        }

        /// <summary>All trades once, in order: the history, then what came after it.</summary>
        /// <param name="history">In order of time.</param>
        public List<TradeTick> Join(List<TradeTick> history)
        {
            var all = new List<TradeTick>(history);
            if (history.Count == 0)
            {
                all.AddRange(_live);
                return all;
            }
            var last = history[history.Count - 1].Time;
            var told = CountAt(history, last);
            foreach (var trade in _live)
            {
                if (trade.Time > last || (trade.Time == last && told-- <= 0))
                {
                    all.Add(trade);
                }
            }
            return all;
        }

        private static int CountAt(List<TradeTick> history, long time)
        {
            var count = 0;
            while (count < history.Count && history[history.Count - 1 - count].Time == time)
            {
                count++;
            }
            return count;
        }
    }
}
