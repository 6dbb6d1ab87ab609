using System;

namespace Depthbridge
{
    /// <summary>Turns the wall times of a zone, as NinjaTrader gives them, into nanoseconds UTC.</summary>
    /// <remarks>
    /// The offset is looked up once per quarter of an hour, because zones change their clocks at quarters.
    /// The hour that autumn repeats is told apart by order: times go forward, so the first pass is meant until
    /// it would lie before the latest time. Any thread may call; nothing is allocated within a quarter.
    /// </remarks>
    public sealed class TimeZoneClock
    {
        /// <summary>A step back up to this is disorder between threads, not the second pass, ns.</summary>
        public const long Slack = 5000000000L;

        private const long EpochTicks = 621355968000000000L;
        private const long QuarterTicks = TimeSpan.TicksPerMinute * 15;
        private readonly TimeZoneInfo _zone;
        private Quarter _quarter;
        private long _latest;

        /// <summary>A clock for a zone, without a latest time.</summary>
        /// <param name="zone">NinjaTrader's display zone.</param>
        public TimeZoneClock(TimeZoneInfo zone)
        {
            if (zone == null)
            {
                throw new ArgumentNullException("zone");
            }
            _zone = zone;
            _quarter = new Quarter(-1, 0, 0);
            _latest = long.MinValue;
        }

        /// <summary>The zone.</summary>
        public TimeZoneInfo Zone
        {
            get { return _zone; }
        }

        /// <summary>The latest time given out or told, ns UTC.</summary>
        public long Latest
        {
            get { return System.Threading.Interlocked.Read(ref _latest); }
        }

        /// <summary>No time before this one will come: it settles which pass of a repeated hour is meant.</summary>
        /// <param name="utc">ns UTC; an earlier one than is known already changes nothing.</param>
        public void NotBefore(long utc)
        {
            if (utc > Latest)
            {
                System.Threading.Interlocked.Exchange(ref _latest, utc);
            }
        }

        /// <summary>Nanoseconds since 1970, UTC.</summary>
        /// <param name="local">Wall time of the zone; its kind is not looked at. Before 1970: the latest time, or 0.</param>
        public long ToUtc(DateTime local)
        {
            var ticks = local.Ticks;
            if (ticks < EpochTicks)
            {
                return Math.Max(Latest, 0);
            }
            var known = _quarter;
            if (known.Number != ticks / QuarterTicks)
            {
                known = Look(ticks);
                _quarter = known;
            }
            var utc = (ticks - EpochTicks - known.Offset) * 100;
            if (known.Repeats != 0 && utc < Latest - Slack)
            {
                utc = SecondPass(utc, known.Repeats * 100);
            }
            System.Threading.Interlocked.Exchange(ref _latest, utc);
            return utc;
        }

        /// <summary>The second pass, unless that lies before the latest time too: then time was set back, to the first.</summary>
        private long SecondPass(long first, long later)
        {
            return first + later >= Latest - Slack ? first + later : first;
        }

        private Quarter Look(long ticks)
        {
            var number = ticks / QuarterTicks;
            var begin = new DateTime(number * QuarterTicks, DateTimeKind.Unspecified);
            if (!_zone.IsAmbiguousTime(begin))
            {
                return new Quarter(number, _zone.GetUtcOffset(begin).Ticks, 0);
            }
            var offsets = _zone.GetAmbiguousTimeOffsets(begin);
            var first = Math.Max(offsets[0].Ticks, offsets[1].Ticks);
            var second = Math.Min(offsets[0].Ticks, offsets[1].Ticks);
            return new Quarter(number, first, first - second);
        }

        /// <summary>What is known of a quarter of an hour; replaced as a whole, so that no thread sees half of one.</summary>
        private sealed class Quarter
        {
            public readonly long Number;
            public readonly long Offset;
            public readonly long Repeats;

            public Quarter(long number, long offset, long repeats)
            {
                Number = number;
                Offset = offset;
                Repeats = repeats;
            }
        }
    }
}
