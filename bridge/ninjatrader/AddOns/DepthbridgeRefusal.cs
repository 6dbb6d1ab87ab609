namespace Depthbridge
{
    /// <summary>Why the server does not take a publisher or one of its instruments. It never changes.</summary>
    public sealed class Refusal
    {
        /// <summary>Say why.</summary>
        public Refusal(string code, string message)
        {
            Code = code;
            Message = message;
        }

        /// <summary>A word of PROTOCOL.md's table of codes.</summary>
        public string Code { get; private set; }

        /// <summary>For people.</summary>
        public string Message { get; private set; }

        /// <summary>Whether it ends by itself, when the other session is gone.</summary>
        public bool IsBusy
        {
            get { return Code == Wire.ErrorInstrumentBusy; }
        }
    }
}
