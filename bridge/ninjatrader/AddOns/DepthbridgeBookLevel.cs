namespace Depthbridge
{
    /// <summary>A row of a book.</summary>
    public struct BookLevel
    {
        /// <summary>Ticks.</summary>
        public long Price;

        /// <summary>Size steps.</summary>
        public long Size;

        /// <summary>Make a row.</summary>
        public BookLevel(long price, long size)
        {
            Price = price;
            Size = size;
        }
    }
}
