using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Windows.Controls;
using NinjaTrader.Cbi;
using NinjaTrader.Data;
using NinjaTrader.Gui;
using NinjaTrader.NinjaScript;
using NinjaTrader.NinjaScript.AddOns;

namespace Depthbridge.Runner
{
    /// <summary>
    /// exporter SOURCE FOLDER ZONE ROOT TICK FIRST LAST [cancel]: the export window from the menu to the last file;
    /// SOURCE holds the days as NinjaTrader would dump them, yyyyMMdd.txt. exporter-zones: all pairs of names.
    /// exporter-days FIRST LAST TODAY; exporter-name SYMBOL DAY.
    /// </summary>
    public static class ExporterVerb
    {
        public static int Run(string[] arguments)
        {
            string source = arguments[0];
            NinjaTrader.Core.Globals.GeneralOptions.TimeZoneInfo = Zone(arguments[2]);
            double tick = double.Parse(arguments[4], CultureInfo.InvariantCulture);
            Instrument instrument = Instrument.Create(arguments[3], new DateTime(2026, 12, 1), tick, 50);
            DepthbridgeExporterWindow window = Opened();
            List<object> controls = new List<object>(((StackPanel)window.Content).Children.ToArray());
            Text(controls, 0).Text = instrument.FullName;
            Text(controls, 1).Text = arguments[1];
            Picker(controls, 0).SelectedDate = Day(arguments[5]);
            Picker(controls, 1).SelectedDate = Day(arguments[6]);
            bool cancel = arguments.Length > 7;
            Button button = (Button)controls.FindAll(c => c is Button && !(c is CheckBox))[cancel ? 1 : 0];
            MarketReplay.Dumper = delegate(Instrument asked, DateTime day, string path)
            {
                Dump(source, asked, day, path);
                if (cancel)
                {
                    button.Press();
                }
            };
            ((Button)controls.FindAll(c => c is Button && !(c is CheckBox))[0]).Press();
            if (window.Work != null)
            {
                window.Work.Wait();
                window.Dispatcher.Drain();
            }
            Console.Out.Write(Text(controls, 2).Text.Replace("\r", ""));
            ProgressBar bar = (ProgressBar)controls.Find(c => c is ProgressBar);
            Console.Out.WriteLine("bar " + bar.Value.ToString(CultureInfo.InvariantCulture) + "/" + bar.Maximum.ToString(CultureInfo.InvariantCulture));
            return 0;
        }

        public static int Zones(string[] arguments)
        {
            foreach (string name in ZoneNames.Known)
            {
                Console.Out.WriteLine(name + "\t" + ZoneNames.Iana(name));
            }
            Console.Out.WriteLine("nobody's\t" + (ZoneNames.Iana("nobody's") ?? "none"));
            return 0;
        }

        public static int Days(string[] arguments)
        {
            foreach (DateTime day in DumpExport.Days(Day(arguments[0]), Day(arguments[1]), Day(arguments[2])))
            {
                Console.Out.WriteLine(DumpExport.FileName(arguments[3], day));
            }
            return 0;
        }

        private static DepthbridgeExporterWindow Opened()
        {
            DepthbridgeExporter exporter = new DepthbridgeExporter();
            exporter.SetState(State.SetDefaults);
            ControlCenter center = new ControlCenter();
            exporter.DriveWindowCreated(center);
            exporter.DriveWindowCreated(center);
            if (center.Tools.Items.Count != 1)
            {
                throw new InvalidOperationException("the menu has " + center.Tools.Items.Count + " entries");
            }
            ((MenuItem)center.Tools.Items[0]).Press();
            NinjaTrader.Core.Globals.RandomDispatcher.Drain();
            exporter.DriveWindowDestroyed(center);
            if (center.Tools.Items.Count != 0)
            {
                throw new InvalidOperationException("the entry stayed in the menu");
            }
            return (DepthbridgeExporterWindow)System.Windows.Window.Shown[0];
        }

        private static void Dump(string source, Instrument instrument, DateTime day, string path)
        {
            string from = Path.Combine(source, day.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + ".txt");
            if (!File.Exists(from))
            {
                return;
            }
            if (new FileInfo(from).Length == 1)
            {
                File.WriteAllText(path, "L1;0;2026");
                throw new IOException("the replay file is damaged");
            }
            File.Copy(from, path);
        }

        private static TimeZoneInfo Zone(string name)
        {
            // Windows has its own names, and .NET Framework only those.
            TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(ZoneNames.Iana(name));
            return TimeZoneInfo.CreateCustomTimeZone(name, zone.BaseUtcOffset, name, name);
        }

        private static TextBox Text(List<object> controls, int index)
        {
            return (TextBox)controls.FindAll(c => c is TextBox)[index];
        }

        private static DatePicker Picker(List<object> controls, int index)
        {
            return (DatePicker)controls.FindAll(c => c is DatePicker)[index];
        }

        private static DateTime Day(string text)
        {
            return DateTime.ParseExact(text, "yyyyMMdd", CultureInfo.InvariantCulture);
        }
    }
}
