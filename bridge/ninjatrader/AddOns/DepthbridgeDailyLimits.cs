using System;

namespace Depthbridge
{
    /// <summary>The day's profit goal and loss limit, on realised and open profit together.</summary>
    public sealed class DailyLimits
    {
        private readonly double goal;
        private readonly double loss;
        private bool begun;
        private long day;
        private double before;

        /// <param name="goal">Money; 0: none.</param>
        /// <param name="loss">Money, positive; 0: none.</param>
        /// <exception cref="ArgumentException">A value is negative or no number.</exception>
        public DailyLimits(double goal, double loss)
        {
            if (!(goal >= 0) || !(loss >= 0))
            {
                throw new ArgumentException("daily limits: sums of money, not negative");
            }
            this.goal = goal;
            this.loss = loss;
        }

        /// <summary>What the day permits; once reached, it stays so until the next day.</summary>
        public DailyState State { get; private set; }

        /// <summary>Profit of the day so far, open positions included.</summary>
        public double Profit { get; private set; }

        /// <summary>Takes the present profit in.</summary>
        /// <param name="tradingDay">Number of the trading day.</param>
        /// <param name="total">Profit since the start, realised and open, in money.</param>
        public void Update(long tradingDay, double total)
        {
            if (!begun || tradingDay != day)
            {
                begun = true;
                day = tradingDay;
                before = total;
                State = DailyState.Open;
            }
            Profit = total - before;
            if (State != DailyState.Open)
            {
                return;
            }
            if (loss > 0 && Profit <= -loss)
            {
                State = DailyState.Loss;
            }
            else if (goal > 0 && Profit >= goal)
            {
                State = DailyState.Goal;
            }
        }
    }
}
