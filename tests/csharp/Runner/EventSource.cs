namespace Depthbridge.Runner
{
    /// <summary>Events that cost next to nothing to make up: a ladder whose sizes change, with trades and quotes.</summary>
    public sealed class EventSource
    {
        private const long Step = 50000;
        private readonly PublishedStream _stream;
        private long _made;

        /// <summary>Tells the rows.</summary>
        public EventSource(PublishedStream stream)
        {
            _stream = stream;
            for (var row = 0; row < 10; row++)
            {
                stream.Depth(Market.Start, Wire.SideBid, Wire.OpAdd, row, 18000 - row, 5, 0);
                stream.Depth(Market.Start, Wire.SideAsk, Wire.OpAdd, row, 18001 + row, 5, 0);
            }
        }

        /// <summary>Tell so many more.</summary>
        public void Tell(int count)
        {
            for (var i = 0; i < count; i++)
            {
                var n = ++_made;
                var time = Market.Start + n * Step;
                var side = (int)(n / 10 % 2);
                switch (n % 16)
                {
                    case 5:
                        _stream.Trade(time, 18000 + side, 1 + n % 5, side, Wire.TradeEvent);
                        break;
                    case 11:
                        _stream.Quote(time, side, 18001 - side, 1 + n % 300);
                        break;
                    default:
                        var row = (int)(n % 10);
                        _stream.Depth(time, side, Wire.OpUpdate, row, side == 1 ? 18000 - row : 18001 + row, 1 + n % 400, 0);
                        break;
                }
            }
        }
    }
}
