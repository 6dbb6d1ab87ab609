using System;
using System.Collections.Generic;

namespace Depthbridge.Runner
{
    /// <summary>
    /// trading-script: the first line holds settings, each further one an event; each is answered with what the desk
    /// sent, changed, cancelled and said, and how it stands.
    /// </summary>
    public static class TradingScriptVerb
    {
        public static int Run(string[] arguments)
        {
            TradingScript script = null;
            return Lines.Answer(line =>
            {
                JsonValue json = JsonParser.Parse(line);
                if (script == null)
                {
                    script = new TradingScript(json);
                    return "{}";
                }
                return script.Take(json);
            });
        }
    }
}
