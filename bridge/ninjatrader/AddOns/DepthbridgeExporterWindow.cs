using System;
using System.Globalization;
using System.IO;
using System.Threading.Tasks;
using System.Windows;
using System.Windows.Controls;
using System.Windows.Media;
using Depthbridge;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.Gui.Tools;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>The export window: instrument, days, folder, progress. The work is done by <see cref="DumpExport"/>.</summary>
    public class DepthbridgeExporterWindow : NTWindow
    {
        private readonly TextBox instrument = new TextBox { Text = "ES 12-26" };
        private readonly DatePicker first = new DatePicker();
        private readonly DatePicker last = new DatePicker();
        private readonly TextBox folder = new TextBox();
        private readonly CheckBox again = new CheckBox { Content = "Write days again that are there already" };
        private readonly Button start = new Button { Content = "Export" };
        private readonly Button cancel = new Button { Content = "Cancel", IsEnabled = false };
        private readonly ProgressBar bar = new ProgressBar();
        private readonly TextBox output = new TextBox { IsReadOnly = true, AcceptsReturn = true };
        private volatile DumpExport running;

        /// <summary>A window with yesterday and a folder in the user's NinjaTrader folder.</summary>
        public DepthbridgeExporterWindow()
        {
            Caption = "Depthbridge export";
            Width = 520;
            Height = 480;
            DateTime yesterday = Today().AddDays(-1);
            first.SelectedDate = yesterday;
            last.SelectedDate = yesterday;
            folder.Text = Path.Combine(NinjaTrader.Core.Globals.UserDataDir, "depthbridge");
            start.Click += OnStart;
            cancel.Click += OnCancel;
            Closed += OnClosed;
            Content = Build();
        }

        /// <summary>Ends when the export under way has ended; null before the first.</summary>
        public Task Work { get; private set; }

        private static DateTime Today()
        {
            return DumpExport.DayOf(DateTime.UtcNow);
        }

        private object Build()
        {
            StackPanel panel = new StackPanel();
            Add(panel, "Instrument (full name, as in the Market Replay download)", instrument);
            Add(panel, "First day", first);
            Add(panel, "Last day", last);
            Add(panel, "Folder", folder);
            panel.Children.Add(again);
            panel.Children.Add(start);
            panel.Children.Add(cancel);
            panel.Children.Add(bar);
            panel.Children.Add(output);
            return panel;
        }

        private static void Add(StackPanel panel, string label, UIElement element)
        {
            TextBlock text = new TextBlock { Text = label };
            Brush brush = Application.Current == null ? null : Application.Current.TryFindResource("FontLabelBrush") as Brush;
            if (brush != null)
            {
                // NinjaTrader's skins are dark or light.
                text.Foreground = brush;
            }
            panel.Children.Add(text);
            panel.Children.Add(element);
        }

        private void OnStart(object sender, RoutedEventArgs e)
        {
            if (running != null)
            {
                return;
            }
            output.Text = "";
            Instrument chosen = Instrument.GetInstrument(instrument.Text.Trim());
            if (chosen == null)
            {
                Say("No instrument of this name: " + instrument.Text);
                return;
            }
            try
            {
                running = new DumpExport(Request(chosen), delegate(DateTime day, string path) { Dump(chosen, day, path); });
            }
            catch (ArgumentException refused)
            {
                Say(refused.Message);
                return;
            }
            Begin();
        }

        private void Begin()
        {
            start.IsEnabled = false;
            cancel.IsEnabled = true;
            bar.Value = 0;
            DumpExport export = running;
            // Days take minutes each: never on the window's thread.
            Work = Task.Run(delegate { Run(export); });
        }

        private DumpRequest Request(Instrument chosen)
        {
            DumpRequest request = new DumpRequest();
            request.Symbol = DepthbridgeHubService.SymbolOf(chosen);
            request.TickSize = chosen.MasterInstrument.TickSize;
            request.Zone = NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo.Id;
            request.First = first.SelectedDate ?? Today();
            request.Last = last.SelectedDate ?? request.First;
            request.Today = Today();
            request.Folder = folder.Text;
            request.Again = again.IsChecked == true;
            return request;
        }

        private static void Dump(Instrument chosen, DateTime day, string path)
        {
            MarketReplay.DumpMarketDepth(chosen, day, day, path);
        }

        private void Run(DumpExport export)
        {
            string end;
            try
            {
                end = export.Run(Tell) ? "Done." : "Cancelled.";
            }
            catch (Exception error)
            {
                // A folder that cannot be made, a full disk: the window has to come back to life.
                end = "Stopped: " + error.Message;
            }
            Dispatcher.InvokeAsync(delegate { End(end); });
        }

        private void Tell(DumpProgress progress)
        {
            Dispatcher.InvokeAsync(delegate { Show(progress); });
        }

        private void Show(DumpProgress progress)
        {
            bar.Maximum = progress.All;
            bar.Value = progress.Done;
            Say(string.Format(
                CultureInfo.InvariantCulture,
                "{0:yyyy-MM-dd}: {1} {2}",
                progress.Day,
                Words(progress.Outcome),
                progress.Outcome == DumpOutcome.Failed ? progress.Text : progress.Path));
        }

        private static string Words(DumpOutcome outcome)
        {
            switch (outcome)
            {
                case DumpOutcome.Written:
                    return "written";
                case DumpOutcome.Present:
                    return "is there already";
                case DumpOutcome.Empty:
                    return "no replay data; download it under Tools > Historical Data";
                default:
                    return "failed:";
            }
        }

        private void End(string text)
        {
            running = null;
            start.IsEnabled = true;
            cancel.IsEnabled = false;
            Say(text);
        }

        private void Say(string text)
        {
            output.Text += text + Environment.NewLine;
        }

        private void OnCancel(object sender, RoutedEventArgs e)
        {
            DumpExport export = running;
            if (export != null)
            {
                export.Cancel();
                Say("Cancelling after this day.");
            }
        }

        private void OnClosed(object sender, EventArgs e)
        {
            DumpExport export = running;
            if (export != null)
            {
                export.Cancel();
            }
        }
    }
}
