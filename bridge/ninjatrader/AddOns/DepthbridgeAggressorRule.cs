namespace Depthbridge
{
    /// <summary>Says who was the aggressor of a trade, and how that is known.</summary>
    /// <remarks>
    /// From the trade's own bid and ask where both are there: at or above the ask a buy, at or below the bid a sell,
    /// between them the side of the trade before. Else from the latest quotes, else by the tick rule.
    /// One per instrument; calls must not overlap.
    /// </remarks>
    public sealed class AggressorRule
    {
        /// <summary>A price that is not known, ticks.</summary>
        public const long None = long.MinValue;

        private long _quotedBid = None;
        private long _quotedAsk = None;
        private long _before = None;

        /// <summary>Begins without a trade before.</summary>
        public AggressorRule()
        {
            Side = Wire.AggressorUnknown;
            How = Wire.TradeNone;
        }

        /// <summary>Side of the latest trade: a <c>Wire.Aggressor...</c> constant.</summary>
        public byte Side { get; private set; }

        /// <summary>How it is known: a <c>Wire.Trade...</c> constant.</summary>
        public byte How { get; private set; }

        /// <summary>A quote of Level I: what later trades without a bid and ask of their own are judged by.</summary>
        /// <param name="side"><see cref="Wire.SideAsk"/> or <see cref="Wire.SideBid"/>.</param>
        /// <param name="price">Ticks, or <see cref="None"/> when that side is empty.</param>
        public void Quote(int side, long price)
        {
            if (side == Wire.SideAsk)
            {
                _quotedAsk = price;
            }
            else
            {
                _quotedBid = price;
            }
        }

        /// <summary>Forget the trade before and the quotes.</summary>
        public void Clear()
        {
            _quotedBid = None;
            _quotedAsk = None;
            _before = None;
            Side = Wire.AggressorUnknown;
            How = Wire.TradeNone;
        }

        /// <summary>Judge a trade; <see cref="Side"/> and <see cref="How"/> say the outcome.</summary>
        /// <param name="price">Ticks.</param>
        /// <param name="bid">Of its own moment, ticks, or <see cref="None"/>.</param>
        /// <param name="ask">Of its own moment, ticks, or <see cref="None"/>.</param>
        public void Judge(long price, long bid, long ask)
        {
            if (bid != None && ask != None)
            {
                ByQuotes(price, bid, ask, Wire.TradeEvent);
            }
            else if (_quotedBid != None && _quotedAsk != None)
            {
                ByQuotes(price, _quotedBid, _quotedAsk, Wire.TradeQuotes);
            }
            else
            {
                ByTick(price);
            }
            _before = price;
            if (Side == Wire.AggressorUnknown)
            {
                How = Wire.TradeNone;
            }
        }

        private void ByQuotes(long price, long bid, long ask, byte how)
        {
            How = how;
            if (price >= ask)
            {
                Side = Wire.AggressorBuy;
            }
            else if (price <= bid)
            {
                Side = Wire.AggressorSell;
            }
        }

        private void ByTick(long price)
        {
            How = Wire.TradeTickRule;
            if (_before != None && price != _before)
            {
                Side = price > _before ? Wire.AggressorBuy : Wire.AggressorSell;
            }
        }
    }
}
