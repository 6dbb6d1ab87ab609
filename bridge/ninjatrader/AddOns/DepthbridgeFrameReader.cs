namespace Depthbridge
{
    /// <summary>Frames to records, with every check that the server makes: one that this side writes must pass here too.</summary>
    public static class FrameReader
    {
        private const int KnownFlags = Wire.FlagDeflated | Wire.FlagLast | Wire.FlagHistorical | Wire.FlagReplyNow;
        private const long MaxSeq = long.MaxValue - Wire.MaxRecords;

        /// <summary>The records of a frame. Each carries its time, and those of a back-fill the flags that they came with.</summary>
        /// <param name="data">The frame, whole.</param>
        /// <param name="header">Its header, without <see cref="Wire.FlagDeflated"/>.</param>
        /// <exception cref="FrameFault">It is refused whole.</exception>
        public static MarketRecord[] Read(byte[] data, out FrameHeader header)
        {
            header = ReadHeader(data);
            var payload = ReadPayload(data, ref header);
            var records = new MarketRecord[header.Count];
            for (var i = 0; i < records.Length; i++)
            {
                records[i] = ReadRecord(payload, payload.Length - Wire.RecordSize * (records.Length - i), header);
                RequireRecord(ref records[i], i, header.Type == FrameType.Snapshot);
            }
            if ((header.Flags & Wire.FlagHistorical) != 0)
            {
                RequireHistorical(records, header);
            }
            if (records.Length > 0)
            {
                records[records.Length - 1].Flags |= (byte)(header.Flags & Wire.FlagLast);
            }
            return records;
        }

        private static FrameHeader ReadHeader(byte[] data)
        {
            Require(data.Length >= Wire.HeaderSize, "bad_length", null);
            Require(data.Length <= Wire.MessageLimit, "too_large", null);
            var guard = Half(data, Wire.GuardedSize);
            Require(guard == 0 || guard == Crc32.Compute(data, 0, Wire.GuardedSize), "bad_reserved", "reserved");
            Require((data[0] | data[1] << 8) == Wire.Magic, "bad_magic", "magic");
            Require(data[2] == Wire.Version, "bad_version", "version");
            Require(data[3] == (byte)FrameType.Events || data[3] == (byte)FrameType.Snapshot, "bad_type", "type");
            Require((data[4] & ~KnownFlags) == 0, "bad_flags", "flags");
            var header = new FrameHeader
            {
                Type = (FrameType)data[3],
                Flags = data[4],
                Stream = data[5],
                Count = data[6] | data[7] << 8,
                Seq = (long)Word(data, 8),
                Base = (long)Word(data, 16),
                Sent = (long)Word(data, 24)
            };
            Require(header.Count <= Wire.MaxRecords, "bad_count", "count");
            Require(header.Seq >= 0 && header.Seq <= MaxSeq, "out_of_range", "seq");
            Require(header.Base >= 0 && header.Base <= Wire.MaxTime - Wire.MaxOffset, "out_of_range", "base");
            return header;
        }

        // What holds the records at its end: the frame itself, or what it inflates to.
        private static byte[] ReadPayload(byte[] data, ref FrameHeader header)
        {
            var crc = Crc32.Compute(data, Wire.HeaderSize, data.Length - Wire.HeaderSize);
            Require(crc == Half(data, 32), "bad_crc", "crc32");
            var size = Wire.RecordSize * header.Count;
            if ((header.Flags & Wire.FlagDeflated) == 0)
            {
                Require(data.Length == Wire.HeaderSize + size, "bad_length", "count");
                return data;
            }
            header.Flags ^= Wire.FlagDeflated;
            Require(Wire.HeaderSize + size <= Wire.MessageLimit, "too_large", "count");
            var payload = Inflater.Decode(data, Wire.HeaderSize, data.Length, size);
            Require(payload != null, "bad_deflate", null);
            return payload;
        }

        private static MarketRecord ReadRecord(byte[] data, int at, FrameHeader header)
        {
            return new MarketRecord
            {
                Time = header.Base + Half(data, at),
                Kind = data[at + 4],
                Side = data[at + 5],
                Op = data[at + 6],
                Position = data[at + 7],
                Price = (long)Word(data, at + 8),
                Size = (long)Word(data, at + 16),
                Ref = Word(data, at + 24),
                Flags = (byte)(header.Flags & Wire.FlagHistorical)
            };
        }

        private static void RequireRecord(ref MarketRecord record, int index, bool snapshot)
        {
            var volume = record.Kind == Wire.KindQuote && record.Op == Wire.QuoteSessionVolume;
            Require(record.Kind <= Wire.KindOrder, "bad_kind", index, "kind");
            Require(record.Side <= LastSide(record.Kind, volume), "out_of_range", index, "side");
            Require(record.Op <= LastOp(record.Kind), "bad_op", index, "op");
            Require(record.Kind != Wire.KindOrder || record.Position <= 1, "out_of_range", index, "position");
            Require(!volume || record.Price == 0, "out_of_range", index, "price");
            if (snapshot)
            {
                Require(record.Kind != Wire.KindQuote && record.Kind != Wire.KindTrade, "bad_kind", index, "kind");
                Require(record.Op == Wire.OpAdd, "bad_op", index, "op");
            }
            Require(record.Price >= -Wire.MaxMagnitude && record.Price <= Wire.MaxMagnitude, "out_of_range", index, "price");
            Require(record.Size >= 0, "negative_size", index, "size");
            Require(record.Size <= Wire.MaxMagnitude, "out_of_range", index, "size");
        }

        private static int LastSide(byte kind, bool volume)
        {
            if (volume)
            {
                return 0;
            }
            return kind == Wire.KindTrade ? Wire.AggressorUnknown : Wire.SideBid;
        }

        private static int LastOp(byte kind)
        {
            switch (kind)
            {
                case Wire.KindQuote:
                    return Wire.QuoteSessionVolume;
                case Wire.KindTrade:
                    return Wire.TradeNone;
                case Wire.KindOrder:
                    return 6;
                default:
                    return Wire.OpRemove;
            }
        }

        private static void RequireHistorical(MarketRecord[] records, FrameHeader header)
        {
            Require(header.Type != FrameType.Snapshot, "bad_flags", "flags");
            Require(records.Length > 0, "bad_count", "count");
            for (var i = 0; i < records.Length; i++)
            {
                Require(records[i].Kind == Wire.KindTrade, "bad_kind", i, "kind");
            }
            for (var i = 0; i < records.Length; i++)
            {
                var place = records[i].Ref;
                var fits = place > 0 && place <= (ulong)Wire.MaxMagnitude && place == records[0].Ref + (ulong)i;
                Require(fits, "out_of_range", i, "ref");
            }
        }

        private static uint Half(byte[] data, int at)
        {
            return (uint)(data[at] | data[at + 1] << 8 | data[at + 2] << 16 | data[at + 3] << 24);
        }

        private static ulong Word(byte[] data, int at)
        {
            return Half(data, at) | (ulong)Half(data, at + 4) << 32;
        }

        private static void Require(bool holds, string code, string field)
        {
            Require(holds, code, -1, field);
        }

        private static void Require(bool holds, string code, int index, string field)
        {
            if (!holds)
            {
                throw new FrameFault(code, index, field);
            }
        }
    }
}
