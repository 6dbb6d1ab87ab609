namespace Depthbridge
{
    /// <summary>Something was refused; nothing of it was taken.</summary>
    public sealed class ErrorData
    {
        /// <summary>A stable word; those that this side acts on are <c>Wire.Error...</c>.</summary>
        public string Code { get; set; }

        /// <summary>For people.</summary>
        public string Message { get; set; }

        /// <summary>Index of the stream, if one is meant.</summary>
        public int? Stream { get; set; }

        /// <summary>Next number expected, if a stream is meant.</summary>
        public long? Seq { get; set; }

        /// <summary>Of the offending record in its frame or message, if one is to blame.</summary>
        public long? Index { get; set; }

        /// <summary>Name of the offending field, or null.</summary>
        public string Field { get; set; }

        /// <summary>The server closes the connection after this.</summary>
        public bool Fatal { get; set; }
    }
}
