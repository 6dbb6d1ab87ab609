using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>The open position as brackets; their sum is always the position.</summary>
    public sealed class Brackets
    {
        private readonly List<Bracket> all = new List<Bracket>();

        /// <summary>In the order of their fills.</summary>
        public IList<Bracket> All
        {
            get { return all; }
        }

        /// <summary>Contracts, negative when short.</summary>
        public int Net
        {
            get
            {
                int net = 0;
                foreach (Bracket bracket in all)
                {
                    net += bracket.Direction * bracket.Open;
                }
                return net;
            }
        }

        /// <summary>Whether orders of a closed bracket can still be executed.</summary>
        public bool HasLeftover
        {
            get { return all.Exists(delegate(Bracket bracket) { return bracket.Open == 0 && bracket.HasLiveOrder; }); }
        }

        /// <summary>The bracket that an order is stop or target of; null: none.</summary>
        public Bracket Of(LiveOrder order)
        {
            foreach (Bracket bracket in all)
            {
                if (bracket.Stop == order || bracket.Target == order)
                {
                    return bracket;
                }
            }
            return null;
        }

        /// <summary>Takes contracts off that a fill in the other direction has closed.</summary>
        /// <remarks>
        /// First from the bracket whose order was filled, then from those that have no order of their own
        /// (an exit was sent for them), then from any.
        /// </remarks>
        /// <returns>How many were closed that nobody had opened.</returns>
        public int Reduce(Bracket own, int direction, int contracts)
        {
            int left = own == null ? contracts : own.Reduce(contracts);
            left = Reduce(direction, left, true);
            return Reduce(direction, left, false);
        }

        /// <summary>Adds a bracket.</summary>
        public void Add(Bracket bracket)
        {
            all.Add(bracket);
        }

        /// <summary>Drops those that are over.</summary>
        public void Sweep()
        {
            all.RemoveAll(delegate(Bracket bracket) { return bracket.IsOver; });
        }

        private int Reduce(int direction, int contracts, bool bare)
        {
            int left = contracts;
            foreach (Bracket bracket in all)
            {
                if (bracket.Direction == -direction && (bracket.IsBare || !bare))
                {
                    left = bracket.Reduce(left);
                }
            }
            return left;
        }
    }
}
