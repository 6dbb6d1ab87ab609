using System;

namespace Depthbridge
{
    /// <summary>Where a bracket's stop and target lie. Distances in ticks, 0 switches a rule off.</summary>
    public sealed class ExitPlan
    {
        /// <summary>Distance of the first stop; always needed.</summary>
        public long StopTicks = 8;

        /// <summary>Distance of the target.</summary>
        public long TargetTicks = 12;

        /// <summary>Profit from which on the stop goes to the entry price.</summary>
        public long BreakEvenAfter;

        /// <summary>How much beyond the entry price it then lies.</summary>
        public long BreakEvenOffset;

        /// <summary>Profit from which on the stop trails.</summary>
        public long TrailAfter;

        /// <summary>Distance from the best price at which it trails.</summary>
        public long TrailDistance;

        /// <summary>Least step of the trailing stop.</summary>
        public long TrailStep = 1;

        /// <summary>Nanoseconds of market time after which the position is closed.</summary>
        public long MostTime;

        /// <summary>The stop of a position just opened.</summary>
        public long FirstStop(int direction, long entry)
        {
            return entry - direction * StopTicks;
        }

        /// <summary>The target of a position just opened; not to be asked for without one.</summary>
        public long Target(int direction, long entry)
        {
            return entry + direction * TargetTicks;
        }

        /// <summary>The stop as it should be: never further away than <paramref name="current"/>.</summary>
        /// <param name="direction">1 long, -1 short.</param>
        /// <param name="entry">Price of the fill.</param>
        /// <param name="best">Best price since.</param>
        /// <param name="current">The stop in force.</param>
        public long Stop(int direction, long entry, long best, long current)
        {
            long profit = (best - entry) * direction;
            long stop = current;
            if (BreakEvenAfter > 0 && profit >= BreakEvenAfter)
            {
                stop = Tighter(direction, stop, entry + direction * BreakEvenOffset);
            }
            if (TrailDistance > 0 && profit >= TrailAfter)
            {
                long trailed = best - direction * TrailDistance;
                if ((trailed - current) * direction >= TrailStep)
                {
                    stop = Tighter(direction, stop, trailed);
                }
            }
            return stop;
        }

        /// <summary>Refuses values that cannot work.</summary>
        /// <exception cref="ArgumentException">A value is out of range; the message names it.</exception>
        public void Validate()
        {
            if (StopTicks < 1)
            {
                throw new ArgumentException("StopTicks: a position needs a stop, at least 1 tick away");
            }
            if (TargetTicks < 0 || BreakEvenAfter < 0 || TrailAfter < 0 || TrailDistance < 0 || MostTime < 0)
            {
                throw new ArgumentException("ExitPlan: distances and times cannot be negative");
            }
            if (TrailStep < 1)
            {
                throw new ArgumentException("TrailStep: at least 1 tick");
            }
            if (BreakEvenAfter > 0 && BreakEvenOffset >= BreakEvenAfter)
            {
                throw new ArgumentException("BreakEvenOffset: below BreakEvenAfter, or the stop is hit at once");
            }
        }

        private static long Tighter(int direction, long stop, long candidate)
        {
            return (candidate - stop) * direction > 0 ? candidate : stop;
        }
    }
}
