using System.IO;
using Depthbridge;
using NinjaTrader.NinjaScript;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>The add-on: one hub for the whole NinjaTrader, from its start to its end.</summary>
    /// <remarks>
    /// It publishes what charts and strategies ask for, and nothing on its own. NinjaTrader also makes instances
    /// that are never configured, and ends them: only the one that began ends the hub.
    /// </remarks>
    public class DepthbridgeHub : AddOnBase
    {
        private static readonly object Sync = new object();
        private static volatile DepthbridgeHubService current;
        private DepthbridgeHubService _mine;
        private RunMark _run;

        static DepthbridgeHub()
        {
            Period = 1000;
        }

        /// <summary>The running hub; null before NinjaTrader has started it, and at its end.</summary>
        public static DepthbridgeHubService Current
        {
            get { return current; }
        }

        /// <summary>How connections are opened; tests put their own in place of the real one.</summary>
        public static OpenConnection Open { get; set; }

        /// <summary>Between two looks at the feeds, ms; tests look themselves (-1).</summary>
        public static int Period { get; set; }

        /// <summary>Where the bridge's events are written.</summary>
        public static readonly DepthbridgeBridgeLog BridgeLog = new DepthbridgeBridgeLog();

        /// <summary>A service for one strategy, when the add-on does not run.</summary>
        /// <param name="subscribes">Whether it subscribes to the instrument; else its owner hands events over.</param>
        public static DepthbridgeHubService Private(bool subscribes)
        {
            var service = new DepthbridgeHubService(Open ?? HubConnection.Open, BridgeLog, subscribes, Period);
            service.Start();
            return service;
        }

        /// <inheritdoc/>
        protected override void OnStateChange()
        {
            if (State == State.SetDefaults)
            {
                Name = "Depthbridge hub";
                Description = "Sends market depth to the Depthbridge server for all charts and strategies.";
            }
            else if (State == State.Configure || State == State.Active)
            {
                Begin();
            }
            else if (State == State.Terminated)
            {
                End();
            }
        }

        /// <inheritdoc/>
        protected override void OnWindowCreated(System.Windows.Window window)
        {
            // Some versions of NinjaTrader configure add-ons only with their first window.
            Begin();
        }

        private void Begin()
        {
            lock (Sync)
            {
                if (current == null)
                {
                    _mine = new DepthbridgeHubService(Open ?? Real(), BridgeLog, true, Period);
                    _mine.Start();
                    current = _mine;
                }
            }
        }

        /// <summary>Real connections; after a crash the first of them take over what the run before still holds.</summary>
        private OpenConnection Real()
        {
            var folder = Path.Combine(NinjaTrader.Core.Globals.UserDataDir, "depthbridge");
            var run = new RunMark(Path.Combine(folder, "run"), BridgeClock.MonotonicNs);
            _run = run;
            return delegate(string source, HubSettings settings, IBridgeLog log)
            {
                return HubConnection.Open(source, settings, log, run.FollowsCrash(BridgeClock.MonotonicNs));
            };
        }

        private void End()
        {
            DepthbridgeHubService ending;
            RunMark run;
            lock (Sync)
            {
                ending = _mine;
                run = _run;
                _mine = null;
                _run = null;
                if (ending != null && current == ending)
                {
                    current = null;
                }
            }
            if (ending != null)
            {
                ending.Stop();
                BridgeLog.Flush();
            }
            if (run != null)
            {
                run.Dispose();
            }
        }
    }
}
