// NinjaTrader.NinjaScript: the bases of scripts, and the part of their life that the bridge uses.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Windows.Media;
using NinjaTrader.Cbi;
using NinjaTrader.Data;

namespace NinjaTrader.NinjaScript
{
    /// <summary>Life of a script.</summary>
    public enum State
    {
        /// <summary>Before the first.</summary>
        Undefined = 0,

        /// <summary>Defaults; also on clones that never run.</summary>
        SetDefaults = 1,

        /// <summary>Configured by the user.</summary>
        Configure = 2,

        /// <summary>Add-ons and columns: ready.</summary>
        Active = 3,

        /// <summary>Bars are loaded.</summary>
        DataLoaded = 4,

        /// <summary>Historical bars begin.</summary>
        Historical = 5,

        /// <summary>Historical bars have ended.</summary>
        Transition = 6,

        /// <summary>Real time.</summary>
        Realtime = 7,

        /// <summary>Ended; also on clones that never ran.</summary>
        Terminated = 8,

        /// <summary>Gone.</summary>
        Finalized = 9,
    }

    /// <summary>When a script computes.</summary>
    public enum Calculate
    {
        /// <summary>At the close of a bar.</summary>
        OnBarClose = 0,

        /// <summary>At each tick.</summary>
        OnEachTick = 1,

        /// <summary>When the price changes.</summary>
        OnPriceChange = 2,
    }

    /// <summary>Weight of an alert.</summary>
    public enum Priority
    {
        /// <summary>High.</summary>
        High = 0,

        /// <summary>Medium.</summary>
        Medium = 1,

        /// <summary>Low.</summary>
        Low = 2,
    }

    /// <summary>Which bars of a series are kept.</summary>
    public enum MaximumBarsLookBack
    {
        /// <summary>The latest 256.</summary>
        TwoHundredFiftySix = 0,

        /// <summary>All.</summary>
        Infinite = 1,
    }

    /// <summary>Marks a property as a parameter of the script.</summary>
    [AttributeUsage(AttributeTargets.Property)]
    public partial class NinjaScriptPropertyAttribute : Attribute
    {
    }

    /// <summary>Values per bar: [0] is the present bar, [1] the one before.</summary>
    public interface ISeries<T>
    {
        /// <summary>Value so many bars ago.</summary>
        T this[int barsAgo] { get; }

        /// <summary>How many.</summary>
        int Count { get; }

        /// <summary>Value at a bar.</summary>
        T GetValueAt(int barIndex);

        /// <summary>Whether a value was set so many bars ago.</summary>
        bool IsValidDataPoint(int barsAgo);
    }

    /// <summary>A series that a script fills.</summary>
    public partial class Series<T> : ISeries<T>
    {
        private readonly NinjaScriptBase owner;
        private readonly Dictionary<int, T> values = new Dictionary<int, T>();

        /// <summary>A series along the owner's bars.</summary>
        public Series(NinjaScriptBase owner)
        {
            this.owner = owner;
        }

        /// <summary>A series along the owner's bars.</summary>
        public Series(NinjaScriptBase owner, MaximumBarsLookBack maximumBarsLookBack)
            : this(owner)
        {
        }

        /// <summary>How many bars.</summary>
        public int Count
        {
            get { return owner.CurrentBar + 1; }
        }

        /// <summary>Value so many bars ago.</summary>
        public T this[int barsAgo]
        {
            get
            {
                if (barsAgo < 0 || owner.CurrentBar - barsAgo < 0)
                    throw new ArgumentOutOfRangeException("barsAgo");
                return GetValueAt(owner.CurrentBar - barsAgo);
            }

            set
            {
                if (barsAgo < 0 || owner.CurrentBar - barsAgo < 0)
                    throw new ArgumentOutOfRangeException("barsAgo");
                values[owner.CurrentBar - barsAgo] = value;
            }
        }

        /// <summary>Value at a bar; the default where none was set.</summary>
        public T GetValueAt(int barIndex)
        {
            T found;
            return values.TryGetValue(barIndex, out found) ? found : default(T);
        }

        /// <summary>Whether a value was set so many bars ago.</summary>
        public bool IsValidDataPoint(int barsAgo)
        {
            return values.ContainsKey(owner.CurrentBar - barsAgo);
        }

        /// <summary>Forgets the value of the present bar.</summary>
        public void Reset()
        {
            values.Remove(owner.CurrentBar);
        }
    }

    /// <summary>An alert, a log entry or a printed line that a test looks at.</summary>
    public partial class Said
    {
        /// <summary>"alert", "log" or "print".</summary>
        public string Where { get; set; }

        /// <summary>The text.</summary>
        public string Text { get; set; }

        /// <summary>Identifier of an alert.</summary>
        public string Id { get; set; }

        /// <summary>Sound file of an alert.</summary>
        public string Sound { get; set; }

        /// <summary>Weight of a log entry.</summary>
        public LogLevel Level { get; set; }
    }

    /// <summary>Base of everything that has a state.</summary>
    public abstract partial class NinjaScript
    {
        private static readonly List<Said> logged = new List<Said>();

        /// <summary>Its name.</summary>
        public string Name { get; set; }

        /// <summary>Its description.</summary>
        public string Description { get; set; }

        /// <summary>Where it is in its life.</summary>
        public State State { get; private set; }

        /// <summary>Writes to NinjaTrader's log tab.</summary>
        public static void Log(string message, LogLevel logLevel)
        {
            lock (logged)
                logged.Add(new Said { Where = "log", Text = message, Level = logLevel });
        }

        /// <summary>Test side: log entries so far; they are forgotten.</summary>
        public static Said[] TakeLog()
        {
            lock (logged)
            {
                Said[] taken = logged.ToArray();
                logged.Clear();
                return taken;
            }
        }

        /// <summary>Writes to the output window.</summary>
        public virtual void Print(object value)
        {
            NinjaTrader.Code.Output.Process(Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture), PrintTo.OutputTab1);
        }

        /// <summary>Test side, and NinjaTrader's: moves to a state.</summary>
        public void SetState(State state)
        {
            State = state;
            OnStateChange();
        }

        /// <summary>The state has changed.</summary>
        protected virtual void OnStateChange()
        {
        }
    }

    /// <summary>Base of scripts that see market data.</summary>
    public abstract partial class NinjaScriptBase : NinjaScript
    {
        private readonly Queue<KeyValuePair<Action<object>, object>> custom = new Queue<KeyValuePair<Action<object>, object>>();
        private readonly List<Said> said = new List<Said>();
        private Bars bars;
        private Bars[] barsArray;

        /// <summary>A script without bars.</summary>
        protected NinjaScriptBase()
        {
            Instruments = new Instrument[0];
            CurrentBar = -1;
        }

        /// <summary>When it computes.</summary>
        public Calculate Calculate { get; set; }

        /// <summary>Whether history is fed tick by tick.</summary>
        public bool IsTickReplay { get; set; }

        /// <summary>Which series an event belongs to.</summary>
        public int BarsInProgress { get; set; }

        /// <summary>Index of the present bar of the series in progress.</summary>
        public int CurrentBar { get; set; }

        /// <summary>Whether this is the first tick of the present bar.</summary>
        public bool IsFirstTickOfBar { get; set; }

        /// <summary>The first series' instrument.</summary>
        public Instrument Instrument { get; set; }

        /// <summary>One instrument for each series.</summary>
        public Instrument[] Instruments { get; set; }

        /// <summary>The first series.</summary>
        public Bars Bars
        {
            get { return bars; }
            set { bars = value; }
        }

        /// <summary>All series.</summary>
        public Bars[] BarsArray
        {
            get { return barsArray ?? new Bars[] { bars }; }
            set { barsArray = value; }
        }

        /// <summary>Kind and size of the first series.</summary>
        public BarsPeriod BarsPeriod
        {
            get { return bars == null ? null : bars.BarsPeriod; }
        }

        /// <summary>Tick size of the instrument.</summary>
        public double TickSize
        {
            get { return Instrument.MasterInstrument.TickSize; }
        }

        /// <summary>Close times.</summary>
        public ISeries<DateTime> Time
        {
            get { return new BarColumn<DateTime>(this, delegate(Bars from, int i) { return from.GetTime(i); }); }
        }

        /// <summary>First prices.</summary>
        public ISeries<double> Open
        {
            get { return new BarColumn<double>(this, delegate(Bars from, int i) { return from.GetOpen(i); }); }
        }

        /// <summary>Highest prices.</summary>
        public ISeries<double> High
        {
            get { return new BarColumn<double>(this, delegate(Bars from, int i) { return from.GetHigh(i); }); }
        }

        /// <summary>Lowest prices.</summary>
        public ISeries<double> Low
        {
            get { return new BarColumn<double>(this, delegate(Bars from, int i) { return from.GetLow(i); }); }
        }

        /// <summary>Last prices.</summary>
        public ISeries<double> Close
        {
            get { return new BarColumn<double>(this, delegate(Bars from, int i) { return from.GetClose(i); }); }
        }

        /// <summary>Volumes.</summary>
        public ISeries<double> Volume
        {
            get { return new BarColumn<double>(this, delegate(Bars from, int i) { return (double)from.GetVolume(i); }); }
        }

        /// <summary>Test side: events that wait for the script's thread.</summary>
        public int CustomEvents
        {
            get { lock (custom) { return custom.Count; } }
        }

        /// <summary>Test side: the script does not take custom events any more, as after its end.</summary>
        public bool RefusesCustomEvents { get; set; }

        /// <summary>Runs the action on the script's own thread, with its bars in order.</summary>
        public void TriggerCustomEvent(Action<object> customEvent, object state)
        {
            if (RefusesCustomEvents)
                throw new InvalidOperationException("the script has ended");
            lock (custom)
                custom.Enqueue(new KeyValuePair<Action<object>, object>(customEvent, state));
        }

        /// <summary>The same for the bars of a series.</summary>
        public void TriggerCustomEvent(Action<object> customEvent, int barsInProgress, object state)
        {
            TriggerCustomEvent(customEvent, state);
        }

        /// <summary>Test side: runs what waits, on the calling thread; returns how much there was.</summary>
        public int RunCustomEvents()
        {
            int count = 0;
            while (true)
            {
                KeyValuePair<Action<object>, object> next;
                lock (custom)
                {
                    if (custom.Count == 0)
                        return count;
                    next = custom.Dequeue();
                }
                next.Key(next.Value);
                count++;
            }
        }

        /// <summary>Raises an alert with a sound.</summary>
        public void Alert(string id, Priority priority, string message, string soundLocation, int rearmSeconds, Brush backBrush, Brush foreBrush)
        {
            lock (said)
                said.Add(new Said { Where = "alert", Id = id, Text = message, Sound = soundLocation });
        }

        /// <summary>Plays a sound file.</summary>
        public void PlaySound(string fileName)
        {
            lock (said)
                said.Add(new Said { Where = "sound", Sound = fileName });
        }

        /// <summary>Test side: alerts so far; they are forgotten.</summary>
        public Said[] TakeAlerts()
        {
            lock (said)
            {
                Said[] taken = said.ToArray();
                said.Clear();
                return taken;
            }
        }

        /// <summary>Adds a series of bars; only in Configure.</summary>
        public virtual void AddDataSeries(BarsPeriodType periodType, int period)
        {
            AddDataSeries(null, periodType, period);
        }

        /// <summary>Adds a series of another instrument; only in Configure.</summary>
        public virtual void AddDataSeries(string instrumentName, BarsPeriodType periodType, int period)
        {
            Added.Add(new KeyValuePair<string, BarsPeriod>(instrumentName, new BarsPeriod { BarsPeriodType = periodType, Value = period }));
        }

        /// <summary>Test side: series that the script has added.</summary>
        public readonly List<KeyValuePair<string, BarsPeriod>> Added = new List<KeyValuePair<string, BarsPeriod>>();

        /// <summary>Test side: a bar of the series has closed (or a tick came, by Calculate).</summary>
        public void DriveBar(int barsInProgress, int currentBar)
        {
            BarsInProgress = barsInProgress;
            CurrentBar = currentBar;
            OnBarUpdate();
        }

        /// <summary>Test side: a depth event for the script.</summary>
        public void DriveDepth(MarketDepthEventArgs e)
        {
            OnMarketDepth(e);
        }

        /// <summary>Test side: a Level I event for the script, of a series.</summary>
        public void DriveData(int barsInProgress, MarketDataEventArgs e)
        {
            BarsInProgress = barsInProgress;
            OnMarketData(e);
        }

        /// <summary>Test side: a connection has changed.</summary>
        public void DriveConnection(ConnectionStatusEventArgs e)
        {
            OnConnectionStatusUpdate(e);
        }

        /// <summary>A bar was updated.</summary>
        protected virtual void OnBarUpdate()
        {
        }

        /// <summary>A Level I event.</summary>
        protected virtual void OnMarketData(MarketDataEventArgs marketDataUpdate)
        {
        }

        /// <summary>A depth event.</summary>
        protected virtual void OnMarketDepth(MarketDepthEventArgs marketDepthUpdate)
        {
        }

        /// <summary>A connection has changed.</summary>
        protected virtual void OnConnectionStatusUpdate(ConnectionStatusEventArgs connectionStatusUpdate)
        {
        }

        private sealed class BarColumn<T> : ISeries<T>
        {
            private readonly NinjaScriptBase owner;
            private readonly Func<Bars, int, T> get;

            public BarColumn(NinjaScriptBase owner, Func<Bars, int, T> get)
            {
                this.owner = owner;
                this.get = get;
            }

            public int Count
            {
                get { return owner.CurrentBar + 1; }
            }

            public T this[int barsAgo]
            {
                get { return GetValueAt(owner.CurrentBar - barsAgo); }
            }

            public T GetValueAt(int barIndex)
            {
                return get(owner.BarsArray[owner.BarsInProgress], barIndex);
            }

            public bool IsValidDataPoint(int barsAgo)
            {
                return true;
            }
        }
    }

    /// <summary>Base of indicators.</summary>
    public abstract partial class IndicatorBase : NinjaScriptBase
    {
        /// <summary>Whether it is drawn over the price.</summary>
        public bool IsOverlay { get; set; }

        /// <summary>Whether it is shown in the data box.</summary>
        public bool DisplayInDataBox { get; set; }

        /// <summary>Whether it draws on the price panel.</summary>
        public bool DrawOnPricePanel { get; set; }

        /// <summary>Whether it is suspended while its chart is hidden.</summary>
        public bool IsSuspendedWhileInactive { get; set; }

        /// <summary>Whether the chart makes room for its values.</summary>
        public bool IsAutoScale { get; set; }

        /// <summary>Whether price markers are painted.</summary>
        public bool PaintPriceMarkers { get; set; }
    }

    /// <summary>Base of strategies; the part about orders stands with the orders.</summary>
    public abstract partial class StrategyBase : NinjaScriptBase
    {
        /// <summary>Whether the instance runs in the Strategy Analyzer.</summary>
        public bool IsInStrategyAnalyzer { get; set; }
    }

    /// <summary>Base of add-ons.</summary>
    public abstract partial class AddOnBase : NinjaScript
    {
    }
}

namespace NinjaTrader.NinjaScript.AddOns
{
}
