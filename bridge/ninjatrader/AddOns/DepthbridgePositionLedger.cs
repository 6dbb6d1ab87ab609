namespace Depthbridge
{
    /// <summary>Position and profit from fills alone, in ticks times contracts.</summary>
    public sealed class PositionLedger
    {
        private double cash;

        /// <summary>Contracts, negative when short.</summary>
        public int Net { get; private set; }

        /// <summary>Average price of what is open, in ticks; 0 when flat.</summary>
        public double Average { get; private set; }

        /// <summary>Contracts executed in all.</summary>
        public long Traded { get; private set; }

        /// <summary>Profit of what was closed, in ticks times contracts.</summary>
        public double Realised
        {
            get { return cash + Net * Average; }
        }

        /// <summary>Takes a fill in.</summary>
        /// <param name="direction">1 bought, -1 sold.</param>
        /// <param name="contracts">How many.</param>
        /// <param name="cost">Their prices summed, in ticks.</param>
        public void Fill(int direction, int contracts, double cost)
        {
            int before = Net;
            cash -= direction * cost;
            Net += direction * contracts;
            Traded += contracts;
            Average = NextAverage(before, direction, contracts, cost);
        }

        /// <summary>Corrects what earlier fills cost, once executions tell it better than averages did.</summary>
        public void Correct(int direction, double cost)
        {
            cash -= direction * cost;
            if (Net * direction > 0)
            {
                Average += cost / (Net * direction);
            }
        }

        /// <summary>Profit of what is open, at a price in ticks.</summary>
        public double OpenProfit(long price)
        {
            return Net * (price - Average);
        }

        private double NextAverage(int before, int direction, int contracts, double cost)
        {
            if (Net == 0)
            {
                return 0;
            }
            bool grows = before == 0 || (before > 0) == (direction > 0);
            if (grows)
            {
                int held = before < 0 ? -before : before;
                return (Average * held + cost) / (held + contracts);
            }
            bool crossed = (before > 0) != (Net > 0);
            return crossed ? cost / contracts : Average;
        }
    }
}
