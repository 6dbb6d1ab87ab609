namespace Depthbridge
{
    /// <summary>Something that stands in a ring beside its records. It never changes.</summary>
    public sealed class RingMark
    {
        private RingMark(RingMarkKind kind, long number)
        {
            Kind = kind;
            Number = number;
        }

        /// <summary>What it is.</summary>
        public RingMarkKind Kind { get; private set; }

        /// <summary>Where it stands; a book stands before it.</summary>
        public long Number { get; private set; }

        /// <summary>Of a bar.</summary>
        public BarData Bar { get; private set; }

        /// <summary>Of a book.</summary>
        public BookSnapshot Book { get; private set; }

        /// <summary>A book before a number.</summary>
        public static RingMark OfBook(long number, BookSnapshot book)
        {
            return new RingMark(RingMarkKind.Book, number) { Book = book };
        }

        /// <summary>A number that is given to nothing.</summary>
        public static RingMark OfHole(long number)
        {
            return new RingMark(RingMarkKind.Hole, number);
        }

        /// <summary>A bar's number.</summary>
        public static RingMark OfBar(long number, BarData bar)
        {
            return new RingMark(RingMarkKind.Bar, number) { Bar = bar };
        }
    }
}
