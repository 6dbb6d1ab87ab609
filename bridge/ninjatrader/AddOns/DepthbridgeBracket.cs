namespace Depthbridge
{
    /// <summary>A part of the position that came with one fill, and the two orders that will end it.</summary>
    /// <remarks>
    /// One bracket per execution: then no quantity has to be changed while fills arrive, so nothing
    /// is unprotected in between.
    /// </remarks>
    public sealed class Bracket
    {
        /// <summary>A bracket for contracts just executed.</summary>
        public Bracket(int direction, int open, long entryPrice, long parent, TradingTime time)
        {
            Direction = direction;
            Open = open;
            EntryPrice = entryPrice;
            Parent = parent;
            OpenedAt = time.Event;
            SeenAt = time.Mono;
            Best = entryPrice;
        }

        /// <summary>1 long, -1 short.</summary>
        public int Direction { get; private set; }

        /// <summary>Contracts not closed yet, never negative.</summary>
        public int Open { get; private set; }

        /// <summary>Price of the fill in ticks.</summary>
        public long EntryPrice { get; private set; }

        /// <summary>The entry order.</summary>
        public long Parent { get; private set; }

        /// <summary>Market time of the fill.</summary>
        public long OpenedAt { get; private set; }

        /// <summary>When we heard of the fill, on the clock that never jumps.</summary>
        public long SeenAt { get; private set; }

        /// <summary>The best price for it since, in ticks.</summary>
        public long Best { get; private set; }

        /// <summary>The order that protects it; null: none yet.</summary>
        public LiveOrder Stop;

        /// <summary>The order that takes its profit; null: none.</summary>
        public LiveOrder Target;

        /// <summary>Where its stop should lie, in ticks.</summary>
        public long StopPrice;

        /// <summary>How often in a row its stop was refused or taken away.</summary>
        public int StopLost;

        /// <summary>How often in a row its target was refused or taken away.</summary>
        public int TargetLost;

        /// <summary>No target is tried any more.</summary>
        public bool TargetGivenUp;

        /// <summary>Nothing of it is open and none of its orders can be executed any more.</summary>
        public bool IsOver
        {
            get { return Open == 0 && !HasLiveOrder; }
        }

        /// <summary>Open, and nothing at the broker would end it.</summary>
        public bool IsBare
        {
            get { return Open > 0 && !HasLiveOrder; }
        }

        /// <summary>Whether one of its orders can still be executed.</summary>
        public bool HasLiveOrder
        {
            get { return IsLive(Stop) || IsLive(Target); }
        }

        /// <summary>Contracts that its stop still covers.</summary>
        public int Covered
        {
            get { return Stop == null ? 0 : Stop.Remaining; }
        }

        /// <summary>Contracts that its orders can still close, the two being OCO.</summary>
        public int Closable
        {
            get
            {
                int target = Target == null ? 0 : Target.Remaining;
                return Covered > target ? Covered : target;
            }
        }

        /// <summary>Takes off up to so many contracts; gives what it did not have.</summary>
        public int Reduce(int contracts)
        {
            int taken = contracts < Open ? contracts : Open;
            Open -= taken;
            return contracts - taken;
        }

        /// <summary>Notes the market.</summary>
        public void See(long price)
        {
            if ((price - Best) * Direction > 0)
            {
                Best = price;
            }
        }

        /// <summary>Keeps so many contracts and gives the others as a bracket of their own, without orders.</summary>
        public Bracket Split(int keep)
        {
            Bracket rest = (Bracket)MemberwiseClone();
            rest.Open = Open - keep;
            rest.Stop = null;
            rest.Target = null;
            Open = keep;
            return rest;
        }

        private static bool IsLive(LiveOrder order)
        {
            return order != null && order.IsLive;
        }
    }
}
