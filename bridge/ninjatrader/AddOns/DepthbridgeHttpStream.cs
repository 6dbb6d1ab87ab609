namespace Depthbridge
{
    /// <summary>What an <see cref="HttpTransport"/> knows of a stream.</summary>
    public sealed class HttpStream
    {
        /// <summary>As <c>hello</c> declares it.</summary>
        public HttpStream(int index, JsonValue declared)
        {
            Index = index;
            var fields = new FieldReader(declared);
            Symbol = fields.Text("symbol");
            TickSize = fields.Double("tick_size");
            SizeStep = fields.Double("size_step");
            Expected = 1;
        }

        /// <summary>On this connection.</summary>
        public int Index { get; private set; }

        /// <summary>Of the instrument.</summary>
        public string Symbol { get; private set; }

        /// <summary>Price of a tick.</summary>
        public double TickSize { get; private set; }

        /// <summary>Volume of a size step.</summary>
        public double SizeStep { get; private set; }

        /// <summary>The number that the server expects, by its last answer.</summary>
        public long Expected { get; set; }

        /// <summary>When its book is next compared, on the monotonic clock, ns.</summary>
        public long CheckAt { get; set; }

        /// <summary>Whether the server takes it.</summary>
        public bool IsTaken { get; set; }

        /// <summary>Whether the server waits for a snapshot.</summary>
        public bool IsBroken { get; set; }
    }
}
