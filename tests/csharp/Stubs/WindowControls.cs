// The WPF controls of the export window, and NinjaTrader's windows and menus around it.
using System;
using System.Collections.Generic;
using System.Windows;
using System.Windows.Threading;

namespace System.Windows
{
    /// <summary>How something looks.</summary>
    public partial class Style : DispatcherObject
    {
    }

    /// <summary>The WPF application; there is none in tests.</summary>
    public partial class Application : DispatcherObject
    {
        /// <summary>The running one.</summary>
        public static Application Current { get; set; }

        /// <summary>A resource, or null.</summary>
        public object TryFindResource(object resourceKey)
        {
            return null;
        }
    }

    /// <summary>Facts of a click.</summary>
    public partial class RoutedEventArgs : EventArgs
    {
    }

    /// <summary>Hears of a click.</summary>
    public delegate void RoutedEventHandler(object sender, RoutedEventArgs e);

    /// <summary>Something with a size.</summary>
    public partial class UIElement : DependencyObject
    {
        /// <summary>Whether it can be used.</summary>
        public bool IsEnabled { get; set; }

        /// <summary>Usable.</summary>
        public UIElement()
        {
            IsEnabled = true;
        }
    }

    /// <summary>Something with a style.</summary>
    public partial class FrameworkElement : UIElement
    {
        /// <summary>How it looks.</summary>
        public Style Style { get; set; }
    }

    /// <summary>A window.</summary>
    public partial class Window
    {
        /// <summary>What is in it.</summary>
        public object Content { get; set; }

        /// <summary>Width.</summary>
        public double Width { get; set; }

        /// <summary>Height.</summary>
        public double Height { get; set; }

        /// <summary>It was closed.</summary>
        public event EventHandler Closed;

        /// <summary>Test side: windows shown.</summary>
        public static readonly List<Window> Shown = new List<Window>();

        /// <summary>Shows it.</summary>
        public void Show()
        {
            lock (Shown)
                Shown.Add(this);
        }

        /// <summary>Closes it.</summary>
        public void Close()
        {
            EventHandler handler = Closed;
            if (handler != null)
                handler(this, EventArgs.Empty);
        }
    }
}

namespace System.Windows.Controls
{
    /// <summary>Children in a panel.</summary>
    public partial class UIElementCollection : List<UIElement>
    {
    }

    /// <summary>A column of elements.</summary>
    public partial class StackPanel : FrameworkElement
    {
        /// <summary>What is in it.</summary>
        public readonly UIElementCollection Children = new UIElementCollection();
    }

    /// <summary>A line of text.</summary>
    public partial class TextBlock : FrameworkElement
    {
        /// <summary>The text.</summary>
        public string Text { get; set; }

        /// <summary>What it is painted with.</summary>
        public System.Windows.Media.Brush Foreground { get; set; }
    }

    /// <summary>Text that can be edited.</summary>
    public partial class TextBox : FrameworkElement
    {
        /// <summary>The text.</summary>
        public string Text { get; set; }

        /// <summary>Whether it cannot be edited.</summary>
        public bool IsReadOnly { get; set; }

        /// <summary>Whether Enter makes a new line.</summary>
        public bool AcceptsReturn { get; set; }
    }

    /// <summary>A day.</summary>
    public partial class DatePicker : FrameworkElement
    {
        /// <summary>The day; null: none.</summary>
        public DateTime? SelectedDate { get; set; }
    }

    /// <summary>Something to click.</summary>
    public partial class Button : FrameworkElement
    {
        /// <summary>Its text.</summary>
        public object Content { get; set; }

        /// <summary>It was clicked.</summary>
        public event RoutedEventHandler Click;

        /// <summary>Test side: a click, if it is enabled.</summary>
        public void Press()
        {
            RoutedEventHandler handler = Click;
            if (handler != null && IsEnabled)
                handler(this, new RoutedEventArgs());
        }
    }

    /// <summary>A box to tick.</summary>
    public partial class CheckBox : Button
    {
        /// <summary>Whether it is ticked.</summary>
        public bool? IsChecked { get; set; }
    }

    /// <summary>How far something is.</summary>
    public partial class ProgressBar : FrameworkElement
    {
        /// <summary>Where it is full.</summary>
        public double Maximum { get; set; }

        /// <summary>Where it is.</summary>
        public double Value { get; set; }
    }

    /// <summary>Items of a menu.</summary>
    public partial class ItemCollection : List<object>
    {
        /// <summary>Takes one off; nothing happens when it is not there.</summary>
        public new void Remove(object removeItem)
        {
            base.Remove(removeItem);
        }
    }

    /// <summary>An entry of a menu.</summary>
    public partial class MenuItem : FrameworkElement
    {
        /// <summary>Its text.</summary>
        public object Header { get; set; }

        /// <summary>What is below it.</summary>
        public readonly ItemCollection Items = new ItemCollection();

        /// <summary>It was clicked.</summary>
        public event RoutedEventHandler Click;

        /// <summary>Test side: a click.</summary>
        public void Press()
        {
            RoutedEventHandler handler = Click;
            if (handler != null)
                handler(this, new RoutedEventArgs());
        }
    }
}

namespace NinjaTrader.Core
{
    /// <summary>Process-wide values.</summary>
    public static partial class Globals
    {
        private static readonly Dispatcher randomDispatcher = new Dispatcher();

        /// <summary>One of the threads for windows.</summary>
        public static Dispatcher RandomDispatcher
        {
            get { return randomDispatcher; }
        }
    }
}

namespace NinjaTrader.Gui.Tools
{
    /// <summary>An entry of NinjaTrader's menus.</summary>
    public partial class NTMenuItem : System.Windows.Controls.MenuItem
    {
    }

    /// <summary>Base of NinjaTrader's windows.</summary>
    public partial class NTWindow
    {
        /// <summary>Its title.</summary>
        public string Caption { get; set; }
    }

    /// <summary>Finds elements by their automation id.</summary>
    public static partial class WindowExtensions
    {
        /// <summary>The element, or null.</summary>
        public static DependencyObject FindFirst(this NTWindow window, string automationId)
        {
            NinjaTrader.Gui.ControlCenter center = window as NinjaTrader.Gui.ControlCenter;
            return center != null && automationId == "ControlCenterMenuItemTools" ? center.Tools : null;
        }
    }
}

namespace NinjaTrader.Gui
{
    /// <summary>NinjaTrader's main window.</summary>
    public partial class ControlCenter : NinjaTrader.Gui.Tools.NTWindow
    {
        /// <summary>Test side: its Tools menu.</summary>
        public readonly NinjaTrader.Gui.Tools.NTMenuItem Tools = new NinjaTrader.Gui.Tools.NTMenuItem();
    }
}

namespace NinjaTrader.Data
{
    /// <summary>Market Replay data.</summary>
    public partial class MarketReplay
    {
        /// <summary>Test side: writes a day's dump to a path.</summary>
        public static Action<NinjaTrader.Cbi.Instrument, DateTime, string> Dumper { get; set; }

        /// <summary>Writes the depth of the days as text.</summary>
        public static void DumpMarketDepth(NinjaTrader.Cbi.Instrument instrument, DateTime from, DateTime to, string path)
        {
            for (DateTime day = from; day <= to; day = day.AddDays(1))
                Dumper(instrument, day, path);
        }
    }
}
