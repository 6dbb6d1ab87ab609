namespace Depthbridge
{
    /// <summary>One change of a market, as it is kept until it is sent. Byte for byte it becomes a record of PROTOCOL.md.</summary>
    /// <remarks>A plain mutable value: arrays of it are filled in place, without an allocation.</remarks>
    public struct MarketRecord
    {
        /// <summary>Nanoseconds since the Unix epoch, UTC.</summary>
        public long Time;

        /// <summary>Ticks; with <see cref="Wire.QuoteSessionVolume"/> 0.</summary>
        public long Price;

        /// <summary>Size steps, never negative.</summary>
        public long Size;

        /// <summary>Index of the market maker plus one, or the place of a historical trade from 1; 0 for none.</summary>
        public ulong Ref;

        /// <summary>What the record says: a <c>Wire.Kind...</c> constant.</summary>
        public byte Kind;

        /// <summary><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>; of a trade a <c>Wire.Aggressor...</c> constant.</summary>
        public byte Side;

        /// <summary>Depends on <see cref="Kind"/>: <c>Wire.Op...</c>, <c>Wire.Quote...</c> or <c>Wire.Trade...</c>.</summary>
        public byte Op;

        /// <summary>Row of the book from 0.</summary>
        public byte Position;

        /// <summary>0, or what its frame must say: <see cref="Wire.FlagHistorical"/>, at the list's end with <see cref="Wire.FlagLast"/>.</summary>
        public byte Flags;
    }
}
