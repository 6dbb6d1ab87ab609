using System;

namespace Depthbridge
{
    /// <summary>How long to wait before the next attempt to connect; randomness is a parameter.</summary>
    /// <remarks>Waits double up to a limit, each spread over its second half. Not thread-safe.</remarks>
    public sealed class Backoff
    {
        private const int MostDoublings = 32;
        private readonly double _first;
        private readonly double _most;
        private int _attempts;

        /// <summary>100 ms at first, 5 s at most.</summary>
        public Backoff()
            : this(0.1, 5.0)
        {
        }

        /// <summary>Begin with the shortest wait.</summary>
        /// <param name="first">First wait, seconds.</param>
        /// <param name="most">Longest wait, seconds.</param>
        public Backoff(double first, double most)
        {
            _first = first;
            _most = most;
        }

        /// <summary>The next wait, seconds.</summary>
        /// <param name="chance">Uniform in [0, 1).</param>
        public double Next(double chance)
        {
            var whole = Math.Min(_first * Math.Pow(2.0, Math.Min(_attempts, MostDoublings)), _most);
            _attempts++;
            return whole * (0.5 + chance / 2);
        }

        /// <summary>The other side spoke: the next wait is the first again.</summary>
        public void Reset()
        {
            _attempts = 0;
        }
    }
}
