namespace Depthbridge
{
    /// <summary>An order to be sent.</summary>
    public sealed class OrderTicket
    {
        /// <summary>Our number of it, from 1.</summary>
        public long Id;

        /// <summary>What it is for.</summary>
        public OrderRole Role;

        /// <summary>How it executes.</summary>
        public OrderKind Kind;

        /// <summary>1 buys, -1 sells.</summary>
        public int Direction;

        /// <summary>Contracts.</summary>
        public int Quantity;

        /// <summary>Limit or stop price in ticks; 0 of a market order.</summary>
        public long Price;

        /// <summary>Name of the group of which one order cancels the others; empty: none.</summary>
        public string Oco = "";

        /// <summary>Of an entry: market time at which what is left of it is cancelled; 0: never.</summary>
        public long Until;

        /// <summary>Of a stop or target: the entry it belongs to. Else 0.</summary>
        public long Parent;

        /// <summary>Of an entry with a native bracket: distance of its stop in ticks.</summary>
        public long StopTicks;

        /// <summary>Of an entry with a native bracket: distance of its target in ticks; 0: none.</summary>
        public long TargetTicks;

        /// <summary>The same once more, to be given a number of its own.</summary>
        public OrderTicket Copy()
        {
            return (OrderTicket)MemberwiseClone();
        }
    }
}
