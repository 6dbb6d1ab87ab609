// The few WPF types that the bridge touches, with the names and members of the .NET Framework.
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace System.Windows.Threading
{
    /// <summary>What <see cref="Dispatcher.InvokeAsync(Action)"/> returns.</summary>
    public partial class DispatcherOperation
    {
        /// <summary>Ends when the action has run.</summary>
        public Task Task { get; internal set; }
    }

    /// <summary>One thread that runs what it is given, in order.</summary>
    public partial class Dispatcher
    {
        private readonly object sync = new object();
        private readonly Queue<Action> waiting = new Queue<Action>();
        private Thread thread;
        private int busy;

        /// <summary>Set by a test: nothing is run any more.</summary>
        public bool HasShutdownStarted { get; set; }

        /// <summary>The thread that runs the actions.</summary>
        public Thread Thread
        {
            get { lock (sync) { return Started(); } }
        }

        /// <summary>Whether the caller is this dispatcher's thread.</summary>
        public bool CheckAccess()
        {
            return Thread.CurrentThread == Thread;
        }

        /// <summary>Runs the action later, on the dispatcher's thread.</summary>
        public DispatcherOperation InvokeAsync(Action callback)
        {
            TaskCompletionSource<bool> done = new TaskCompletionSource<bool>();
            Enqueue(delegate { Run(callback, done); });
            DispatcherOperation operation = new DispatcherOperation();
            operation.Task = done.Task;
            return operation;
        }

        /// <summary>As <see cref="InvokeAsync(Action)"/>.</summary>
        public DispatcherOperation BeginInvoke(Delegate method, params object[] args)
        {
            return InvokeAsync(delegate { method.DynamicInvoke(args); });
        }

        /// <summary>Runs the action and waits for it.</summary>
        public void Invoke(Action callback)
        {
            if (CheckAccess())
                callback();
            else
                InvokeAsync(callback).Task.Wait();
        }

        /// <summary>Test side: waits until everything that was given has run.</summary>
        public void Drain()
        {
            lock (sync)
                while (waiting.Count > 0 || busy > 0)
                    Monitor.Wait(sync);
        }

        private void Enqueue(Action action)
        {
            lock (sync)
            {
                if (HasShutdownStarted)
                    return;
                Started();
                waiting.Enqueue(action);
                Monitor.PulseAll(sync);
            }
        }

        private Thread Started()
        {
            if (thread == null)
            {
                thread = new Thread(Loop);
                thread.IsBackground = true;
                thread.Name = "dispatcher";
                thread.Start();
            }
            return thread;
        }

        private void Loop()
        {
            while (true)
            {
                Action action;
                lock (sync)
                {
                    while (waiting.Count == 0)
                        Monitor.Wait(sync);
                    action = waiting.Dequeue();
                    busy++;
                }
                action();
                lock (sync)
                {
                    busy--;
                    Monitor.PulseAll(sync);
                }
            }
        }

        private static void Run(Action callback, TaskCompletionSource<bool> done)
        {
            try
            {
                callback();
                done.SetResult(true);
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }
    }

    /// <summary>Base of what belongs to a dispatcher.</summary>
    public abstract partial class DispatcherObject
    {
        private readonly Dispatcher dispatcher = new Dispatcher();

        /// <summary>The dispatcher of this object.</summary>
        public Dispatcher Dispatcher
        {
            get { return dispatcher; }
        }
    }
}

namespace System.Windows
{
    /// <summary>Base of WPF objects with properties.</summary>
    public partial class DependencyObject : System.Windows.Threading.DispatcherObject
    {
    }
}

namespace System.Windows.Media
{
    /// <summary>A colour with opacity.</summary>
    public partial struct Color
    {
        /// <summary>Opacity.</summary>
        public byte A { get; set; }

        /// <summary>Red.</summary>
        public byte R { get; set; }

        /// <summary>Green.</summary>
        public byte G { get; set; }

        /// <summary>Blue.</summary>
        public byte B { get; set; }

        /// <summary>A colour from its parts.</summary>
        public static Color FromArgb(byte a, byte r, byte g, byte b)
        {
            return new Color { A = a, R = r, G = g, B = b };
        }

        /// <summary>An opaque colour.</summary>
        public static Color FromRgb(byte r, byte g, byte b)
        {
            return FromArgb(255, r, g, b);
        }
    }

    /// <summary>What something is painted with.</summary>
    public abstract partial class Brush : System.Windows.DependencyObject
    {
        /// <summary>0 to 1.</summary>
        public double Opacity { get; set; }

        /// <summary>Whether it can no longer be changed, and so be used from any thread.</summary>
        public bool IsFrozen { get; private set; }

        /// <summary>Makes it unchangeable.</summary>
        public void Freeze()
        {
            IsFrozen = true;
        }
    }

    /// <summary>A brush of one colour.</summary>
    public partial class SolidColorBrush : Brush
    {
        /// <summary>A brush of a colour.</summary>
        public SolidColorBrush(Color color)
        {
            Color = color;
            Opacity = 1.0;
        }

        /// <summary>Its colour.</summary>
        public Color Color { get; set; }
    }

    /// <summary>The named brushes that the bridge uses.</summary>
    public static partial class Brushes
    {
        /// <summary>Nothing.</summary>
        public static readonly SolidColorBrush Transparent = Of(0, 255, 255, 255);

        /// <summary>Black.</summary>
        public static readonly SolidColorBrush Black = Of(255, 0, 0, 0);

        /// <summary>White.</summary>
        public static readonly SolidColorBrush White = Of(255, 255, 255, 255);

        /// <summary>Red.</summary>
        public static readonly SolidColorBrush Red = Of(255, 255, 0, 0);

        /// <summary>Green.</summary>
        public static readonly SolidColorBrush LimeGreen = Of(255, 50, 205, 50);

        /// <summary>Blue.</summary>
        public static readonly SolidColorBrush DodgerBlue = Of(255, 30, 144, 255);

        /// <summary>Orange.</summary>
        public static readonly SolidColorBrush Orange = Of(255, 255, 165, 0);

        /// <summary>Dark red.</summary>
        public static readonly SolidColorBrush Crimson = Of(255, 220, 20, 60);

        /// <summary>Grey.</summary>
        public static readonly SolidColorBrush Gray = Of(255, 128, 128, 128);

        /// <summary>Yellow.</summary>
        public static readonly SolidColorBrush Gold = Of(255, 255, 215, 0);

        private static SolidColorBrush Of(byte a, byte r, byte g, byte b)
        {
            SolidColorBrush brush = new SolidColorBrush(Color.FromArgb(a, r, g, b));
            brush.Freeze();
            return brush;
        }
    }
}
