using System.Collections.Generic;

namespace Depthbridge
{
    /// <summary>A book as a snapshot tells it: its rows, and their shares where it is known whose they are. It never changes.</summary>
    public sealed class BookSnapshot
    {
        private readonly MarketRecord[] _rows;
        private readonly MarketRecord[] _shares;

        /// <summary>A book of this moment.</summary>
        /// <param name="bids">Best first; copied.</param>
        /// <param name="asks">Best first; copied.</param>
        /// <param name="owners">Whose the rows are; a row that is not one of its levels is nobody's. Null: all are.</param>
        /// <param name="time">ns UTC.</param>
        public BookSnapshot(BookLevel[] bids, BookLevel[] asks, MakerLadder owners, long time)
        {
            Time = time;
            Checksum = new BookChecksum().Compute(asks, asks.Length, bids, bids.Length);
            _rows = Records(bids, asks, null, time);
            _shares = owners == null || owners.IsEmpty ? _rows : Records(bids, asks, owners, time);
        }

        /// <summary>ns UTC.</summary>
        public long Time { get; private set; }

        /// <summary>CRC-32 of the best rows, as <c>check</c> has it.</summary>
        public uint Checksum { get; private set; }

        /// <summary>Its records, bids before asks, best first.</summary>
        /// <param name="shares">Whether a row of several makers is one record for each; else it is one of nobody's.</param>
        public MarketRecord[] Records(bool shares)
        {
            return shares ? _shares : _rows;
        }

        private static MarketRecord[] Records(BookLevel[] bids, BookLevel[] asks, MakerLadder owners, long time)
        {
            var records = new List<MarketRecord>(bids.Length + asks.Length);
            Add(records, bids, Wire.SideBid, owners, time);
            Add(records, asks, Wire.SideAsk, owners, time);
            return records.ToArray();
        }

        private static void Add(List<MarketRecord> records, BookLevel[] rows, byte side, MakerLadder owners, long time)
        {
            for (var i = 0; i < rows.Length; i++)
            {
                var shares = owners == null ? null : owners.SharesOf(side, i, rows[i]);
                if (shares == null)
                {
                    records.Add(Record(time, side, i, rows[i].Price, rows[i].Size, 0));
                    continue;
                }
                foreach (var share in shares)
                {
                    records.Add(Record(time, side, i, rows[i].Price, share.Value, share.Key));
                }
            }
        }

        private static MarketRecord Record(long time, byte side, int position, long price, long size, ulong maker)
        {
            return new MarketRecord
            {
                Time = time,
                Kind = Wire.KindDepthPosition,
                Side = side,
                Op = Wire.OpAdd,
                Position = (byte)position,
                Price = price,
                Size = size,
                Ref = maker
            };
        }
    }
}
