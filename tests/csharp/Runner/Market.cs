using System;
using System.Diagnostics;
using System.Threading;

namespace Depthbridge.Runner
{
    /// <summary>An invented market: a ladder of ten rows a side that is told as NinjaTrader tells it.</summary>
    public sealed class Market
    {
        /// <summary>Thursday 2026-11-19, 09:50 in New York.</summary>
        public const long Start = 1795099800000000000L;

        private const long Step = 50000;
        private readonly Random _random;
        private readonly PublishedStream _stream;
        private long _time;
        private long _touch = 18000;

        private Market(PublishedStream stream, int seed, long first)
        {
            _stream = stream;
            _random = new Random(seed);
            _time = Start + first * Step;
        }

        /// <summary>
        /// Tell events until so many were told. The first walk of a stream begins with its rows; a later one
        /// goes on from the same rows: the touch is back where it was.
        /// </summary>
        /// <returns>Seconds it took.</returns>
        public static double Walk(PublishedStream stream, int seed, long first, long count, long perSecond)
        {
            var market = new Market(stream, seed, first);
            var clock = Stopwatch.StartNew();
            var told = 0L;
            if (stream.End == 1)
            {
                told = market.Rows();
            }
            while (told < count)
            {
                told += market.Event();
                if (perSecond > 0 && told > clock.Elapsed.TotalSeconds * perSecond)
                {
                    Thread.Sleep(1);
                }
            }
            market.GoHome();
            return clock.Elapsed.TotalSeconds;
        }

        /// <summary>Sizes change, trades and quotes come, from several threads at once. The rows are there already.</summary>
        public static double Threads(PublishedStream stream, int threads, long each)
        {
            var clock = Stopwatch.StartNew();
            var workers = new Thread[threads];
            for (var i = 0; i < threads; i++)
            {
                var seed = i;
                workers[i] = new Thread(delegate() { Sizes(stream, seed, each); });
                workers[i].Start();
            }
            foreach (var worker in workers)
            {
                worker.Join();
            }
            return clock.Elapsed.TotalSeconds;
        }

        private static void Sizes(PublishedStream stream, int seed, long count)
        {
            var random = new Random(seed);
            for (var i = 0; i < count; i++)
            {
                var side = random.Next(2);
                var row = random.Next(10);
                var time = stream.NewestTime + random.Next(100) - 50;
                var price = side == 1 ? 18000 - row : 18001 + row;
                switch (random.Next(8))
                {
                    case 0:
                        stream.Trade(time, price, 1 + random.Next(9), side, Wire.TradeEvent);
                        break;
                    case 1:
                        stream.Quote(time, side, price, 1 + random.Next(99));
                        break;
                    default:
                        stream.Depth(time, side, Wire.OpUpdate, row, price, 1 + random.Next(499), 0);
                        break;
                }
            }
        }

        private int Rows()
        {
            for (var row = 0; row < 10; row++)
            {
                _stream.Depth(_time, Wire.SideBid, Wire.OpAdd, row, _touch - row, 5, 0);
                _stream.Depth(_time, Wire.SideAsk, Wire.OpAdd, row, _touch + 1 + row, 5, 0);
            }
            return 20;
        }

        private int Event()
        {
            _time += Step;
            var what = _random.Next(100);
            if (what < 3)
            {
                return _touch < 18100 ? Up() : Down();
            }
            if (what < 6)
            {
                return _touch > 17900 ? Down() : Up();
            }
            if (what < 12)
            {
                var buys = _random.Next(2);
                _stream.Trade(_time, _touch + buys, 1 + _random.Next(20), buys, Wire.TradeEvent);
                return 1;
            }
            var side = _random.Next(2);
            if (what < 20)
            {
                _stream.Quote(_time, side, _touch + 1 - side, 1 + _random.Next(400));
                return 1;
            }
            var row = _random.Next(10);
            var price = side == 1 ? _touch - row : _touch + 1 + row;
            _stream.Depth(_time, side, Wire.OpUpdate, row, price, 1 + _random.Next(499), 0);
            return 1;
        }

        private int Up()
        {
            _stream.Depth(_time, Wire.SideAsk, Wire.OpRemove, 0, _touch + 1, 0, 0);
            _stream.Depth(_time, Wire.SideAsk, Wire.OpAdd, 9, _touch + 11, 3, 0);
            _stream.Depth(_time, Wire.SideBid, Wire.OpAdd, 0, _touch + 1, 4, 0);
            _stream.Depth(_time, Wire.SideBid, Wire.OpRemove, 10, _touch - 9, 0, 0);
            _touch++;
            return 4;
        }

        private int Down()
        {
            _stream.Depth(_time, Wire.SideBid, Wire.OpRemove, 0, _touch, 0, 0);
            _stream.Depth(_time, Wire.SideBid, Wire.OpAdd, 9, _touch - 10, 3, 0);
            _stream.Depth(_time, Wire.SideAsk, Wire.OpAdd, 0, _touch, 4, 0);
            _stream.Depth(_time, Wire.SideAsk, Wire.OpRemove, 10, _touch + 10, 0, 0);
            _touch--;
            return 4;
        }

        private void GoHome()
        {
            _time += Step;
            while (_touch != 18000)
            {
                if (_touch < 18000)
                {
                    Up();
                }
                else
                {
                    Down();
                }
            }
        }
    }
}
