namespace Depthbridge
{
    /// <summary>The release that these files belong to; the same as the server's.</summary>
    public static class BridgeVersion
    {
        /// <summary>Three numbers, as in the name of the package.</summary>
        public const string Text = "0.3.0";
    }
}
