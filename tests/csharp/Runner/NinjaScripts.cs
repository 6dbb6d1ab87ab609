using System;
using System.Collections.Generic;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.Gui.Chart;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.Indicators;
using NinjaTrader.NinjaScript.Strategies;

namespace Depthbridge.Runner
{
    /// <summary>The commands that drive a strategy or an indicator.</summary>
    public sealed class NinjaScripts
    {
        private readonly Dictionary<string, Func<IList<JsonValue>, object>> _commands;
        private readonly Dictionary<string, NinjaScriptBase> _scripts = new Dictionary<string, NinjaScriptBase>();
        private readonly SharpDX.Direct2D1.RenderTarget[] _targets = { new SharpDX.Direct2D1.RenderTarget(), new SharpDX.Direct2D1.RenderTarget() };

        public NinjaScripts(Dictionary<string, Func<IList<JsonValue>, object>> commands)
        {
            _commands = commands;
        }

        public void Offer()
        {
            _commands["strategy"] = a => Made(a, new WatchedStrategy());
            _commands["indicator"] = a => Made(a, new DepthbridgeClusters());
            _commands["set"] = a => Set(Of(a), NinjaVerb.Text(a[1]), a[2]);
            _commands["state"] = a =>
            {
                Of(a).SetState((State)Enum.Parse(typeof(State), NinjaVerb.Text(a[1])));
                return null;
            };
            _commands["series"] = a =>
            {
                // Another series: of this instrument, of these minutes.
                var script = Of(a);
                var bars = new List<Bars>(script.BarsArray);
                bars.Add(Empty(NinjaVerb.Known(a[1]), (int)NinjaVerb.Whole(a[2])));
                script.BarsArray = bars.ToArray();
                var instruments = new List<Instrument>(script.Instruments);
                instruments.Add(NinjaVerb.Known(a[1]));
                script.Instruments = instruments.ToArray();
                return null;
            };
            _commands["bar"] = a => Bar(Of(a), a);
            _commands["to-script"] = a =>
            {
                // As "data", or "depth" if the third word is a side; with the number of a series before it.
                var rest = new List<JsonValue>(a);
                rest.RemoveRange(0, 2);
                var script = Of(a);
                if (NinjaVerb.Text(rest[1]) == "ask" || NinjaVerb.Text(rest[1]) == "bid")
                {
                    script.BarsInProgress = (int)NinjaVerb.Whole(a[1]);
                    script.DriveDepth(NinjaVerb.DepthOf(rest));
                }
                else
                {
                    script.DriveData((int)NinjaVerb.Whole(a[1]), NinjaVerb.DataOf(rest));
                }
                return null;
            };
            _commands["run-custom"] = a => Of(a).RunCustomEvents();
            _commands["custom"] = a => Of(a).CustomEvents;
            _commands["refuse-custom"] = a => Of(a).RefusesCustomEvents = true;
            _commands["alerts"] = a => new List<string>(Array.ConvertAll(Of(a).TakeAlerts(), one => one.Text + " | " + one.Sound));
            _commands["strategy-view"] = a => ((WatchedStrategy)Of(a)).View();
            _commands["process"] = a => ((DepthbridgeStrategy)Of(a)).ProcessUpdatesAsync((int)NinjaVerb.Whole(a[1])).Result;
            _commands["health"] = a => ((DepthbridgeStrategy)Of(a)).CheckPythonHealth().Result;
            _commands["report"] = a => ((WatchedStrategy)Of(a)).Tell(NinjaVerb.Text(a[1]));
            _commands["start"] = a => ((DepthbridgeStrategy)Of(a)).StartPythonHelper();
            _commands["indicator-view"] = a => View((DepthbridgeClusters)Of(a));
            _commands["render"] = a => Render((DepthbridgeClusters)Of(a), a);
            _commands["no-target"] = a =>
            {
                var indicator = (DepthbridgeClusters)Of(a);
                indicator.RenderTarget = null;
                indicator.OnRenderTargetChanged();
                return null;
            };
            _commands["graphics-alive"] = a => SharpDX.DisposeBase.Alive;
            _commands["parameters"] = a => Parameters(Of(a));
        }

        private NinjaScriptBase Of(IList<JsonValue> a)
        {
            return _scripts[NinjaVerb.Text(a[0])];
        }

        private object Made(IList<JsonValue> a, NinjaScriptBase script)
        {
            script.Instrument = NinjaVerb.Known(a[1]);
            script.Instruments = new[] { script.Instrument };
            script.Bars = Empty(script.Instrument, 1);
            _scripts.Add(NinjaVerb.Text(a[0]), script);
            script.SetState(State.SetDefaults);
            return null;
        }

        private static Bars Empty(Instrument instrument, int minutes)
        {
            return new Bars
            {
                Instrument = instrument,
                BarsPeriod = new BarsPeriod { BarsPeriodType = BarsPeriodType.Minute, Value = minutes }
            };
        }

        private static object Set(NinjaScriptBase script, string name, JsonValue value)
        {
            var property = script.GetType().GetProperty(name);
            if (property.PropertyType.IsEnum)
            {
                property.SetValue(script, Enum.Parse(property.PropertyType, value.AsText(name)), null);
                return null;
            }
            var given = property.PropertyType == typeof(bool) ? value.AsBoolean(name)
                : property.PropertyType == typeof(int) ? (object)(int)value.AsLong(name)
                : property.PropertyType == typeof(double) ? value.AsDouble(name) : (object)value.AsText(name);
            property.SetValue(script, given, null);
            return null;
        }

        private static object Bar(NinjaScriptBase script, IList<JsonValue> a)
        {
            // script, series, time, open, high, low, close, volume
            var series = (int)NinjaVerb.Whole(a[1]);
            var bars = script.BarsArray[series];
            bars.Append(new Bar
            {
                Time = NinjaVerb.Local(a[2]),
                Open = NinjaVerb.Number(a[3]),
                High = NinjaVerb.Number(a[4]),
                Low = NinjaVerb.Number(a[5]),
                Close = NinjaVerb.Number(a[6]),
                Volume = NinjaVerb.Whole(a[7])
            });
            script.DriveBar(series, bars.Count - 1);
            return null;
        }

        private static object View(DepthbridgeClusters indicator)
        {
            var values = new Dictionary<string, object>
            {
                { "state", indicator.Status.Title },
                { "stale", indicator.IsStale },
                { "clusters", new List<long>(Array.ConvertAll(indicator.ActiveClusters, one => one.Id)) },
                { "refreshes", indicator.Refreshes }
            };
            if (indicator.CurrentBar >= 0 && indicator.ImbalanceScore != null)
            {
                values.Add("imbalance", indicator.ImbalanceScore[0]);
                values.Add("cvd", indicator.CumulativeDelta[0]);
                values.Add("bid", indicator.BidCluster[0]);
                values.Add("ask", indicator.AskCluster[0]);
            }
            return values;
        }

        private object Render(DepthbridgeClusters indicator, IList<JsonValue> a)
        {
            // script, number of the target, lowest and highest price; 1 pixel a second from 2026-11-19 09:00
            var panel = new ChartPanel { X = 10, Y = 20, W = 800, H = 400 };
            var begin = new DateTime(2026, 11, 19, 9, 0, 0);
            var control = new ChartControl { XByTime = time => 10 + (int)(time - begin).TotalSeconds };
            var scale = new ChartScale { Panel = panel, MinValue = NinjaVerb.Number(a[2]), MaxValue = NinjaVerb.Number(a[3]) };
            var target = _targets[(int)NinjaVerb.Whole(a[1])];
            indicator.ChartPanel = panel;
            indicator.Render(control, scale, target);
            return new List<string>(target.Take());
        }

        private static object Parameters(NinjaScriptBase script)
        {
            var all = new Dictionary<string, object>();
            foreach (var property in script.GetType().BaseType.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            {
                if (property.GetCustomAttributes(typeof(NinjaScriptPropertyAttribute), false).Length == 0)
                {
                    continue;
                }
                var range = property.GetCustomAttributes(typeof(RangeAttribute), false);
                var display = (DisplayAttribute)property.GetCustomAttributes(typeof(DisplayAttribute), false)[0];
                all.Add(property.Name, new List<object>
                {
                    property.GetValue(script, null),
                    display.GroupName,
                    range.Length == 0 ? "" : ((RangeAttribute)range[0]).Minimum + ".." + ((RangeAttribute)range[0]).Maximum
                });
            }
            return all;
        }

        /// <summary>The strategy, with a note of what it was told.</summary>
        private sealed class WatchedStrategy : DepthbridgeStrategy
        {
            private Instrument _signals;

            /// <summary>Name of the instrument that the signals come from, if another one.</summary>
            public string SignalInstrument
            {
                get { return _signals == null ? "" : _signals.FullName; }
                set { _signals = Instrument.GetInstrument(value); }
            }

            protected override Instrument PythonInstrument
            {
                get { return _signals ?? Instrument; }
            }

            private readonly List<string> _told = new List<string>();
            private readonly HashSet<int> _threads = new HashSet<int>();

            public bool Tell(string text)
            {
                return Report(text);
            }

            public object View()
            {
                var told = new List<string>(_told);
                _told.Clear();
                return new Dictionary<string, object>
                {
                    { "told", told },
                    { "threads", _threads.Count },
                    { "clusters", new List<long>(Array.ConvertAll(activeClusters, one => one.Id)) },
                    { "stale", IsStale },
                    { "state", Status.Title },
                    { "imbalance", ImbalanceScore },
                    { "volume", VolumeScore },
                    { "passed", Gate.Passed },
                    { "expired", Gate.Expired },
                    { "late", Gate.Late },
                    { "doubted", Gate.Stale },
                    { "queued", QueuedUpdates },
                    { "carries", CarriesFeed },
                    { "waiting", SendBatchUpdateToPython() },
                    { "mail_dropped", MailDropped }
                };
            }

            protected override void OnPythonSignal(SignalData signal)
            {
                Told("signal " + signal.Id);
            }

            protected override void OnPythonCluster(ClusterChange change)
            {
                Told(change.Event + " " + change.Cluster.Id);
            }

            private void Told(string what)
            {
                _told.Add(what);
                _threads.Add(System.Threading.Thread.CurrentThread.ManagedThreadId);
            }
        }
    }
}
