using System;
using System.Collections.Generic;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.Indicators;
using NinjaTrader.NinjaScript.Strategies;

namespace Depthbridge.Runner
{
    /// <summary>guide: what the trader's guide has to name: states, log events, settings, refusals.</summary>
    public static class GuideVerb
    {
        public static int Run(string[] arguments)
        {
            var states = new List<string>();
            foreach (BridgeState state in Enum.GetValues(typeof(BridgeState)))
            {
                states.Add(new BridgeStatus(state, "", 0, "", 0, 0).Title);
            }
            var events = new List<object>();
            foreach (var one in LogEvents.All)
            {
                events.Add(new List<object> { one.Id, one.Text });
            }
            var declared = new List<int>();
            foreach (var field in typeof(LogEvents).GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                var one = field.GetValue(null) as LogEvent;
                if (one != null)
                {
                    declared.Add(one.Id);
                }
            }
            Console.Out.WriteLine(Lines.Json(json => json.Value((object)new Dictionary<string, object>
            {
                { "states", states },
                { "events", events },
                { "declared", declared },
                { "strategy", Settings(typeof(DepthbridgeStrategy)) },
                { "indicator", Settings(typeof(DepthbridgeClusters)) },
                { "refusals", Refusals() },
                { "title", StatusText.Lines(new BridgeStatus(BridgeState.Live, "", 0, "1", 0, 0), "ES 12-26", "live", 0, DateTime.MinValue)[0] }
            })));
            return 0;
        }

        /// <summary>Names as NinjaTrader's dialog shows them.</summary>
        private static List<string> Settings(Type script)
        {
            var names = new List<string>();
            foreach (var property in script.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            {
                var display = property.GetCustomAttributes(typeof(DisplayAttribute), false);
                if (display.Length != 0 && property.GetCustomAttributes(typeof(NinjaScriptPropertyAttribute), false).Length != 0)
                {
                    names.Add(((DisplayAttribute)display[0]).Name);
                }
            }
            return names;
        }

        private static List<string> Refusals()
        {
            var words = new List<string>();
            foreach (var field in typeof(Wire).GetFields(BindingFlags.Public | BindingFlags.Static))
            {
                if (field.Name.StartsWith("Error", StringComparison.Ordinal))
                {
                    words.Add((string)field.GetValue(null));
                }
            }
            return words;
        }
    }
}
