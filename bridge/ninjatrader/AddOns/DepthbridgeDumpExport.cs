using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Text;

namespace Depthbridge
{
    /// <summary>Writes Market Replay days as text dumps, each with a sidecar, so that Python reads them without options.</summary>
    /// <remarks>
    /// A file of replay data covers one calendar day of US/Eastern. A dump appears under its name only when it is
    /// complete and its sidecar lies beside it.
    /// </remarks>
    public sealed class DumpExport
    {
        private const string Part = ".part";
        private readonly DumpRequest request;
        private readonly Action<DateTime, string> dump;
        private volatile bool cancelled;

        /// <param name="request">What is to be exported.</param>
        /// <param name="dump">Writes the depth of a day to a path: NinjaTrader's part.</param>
        /// <exception cref="ArgumentException">The request cannot work; the message names what is wrong.</exception>
        public DumpExport(DumpRequest request, Action<DateTime, string> dump)
        {
            if (string.IsNullOrWhiteSpace(request.Symbol) || string.IsNullOrWhiteSpace(request.Folder))
            {
                throw new ArgumentException("an instrument and a folder are needed");
            }
            if (!(request.TickSize > 0))
            {
                throw new ArgumentException("the instrument has no tick size");
            }
            if (request.Last < request.First)
            {
                throw new ArgumentException("the last day is before the first");
            }
            this.request = request;
            this.dump = dump;
        }

        /// <summary>The days that can be exported: no Saturdays, nothing that is not over.</summary>
        public static IList<DateTime> Days(DateTime first, DateTime last, DateTime today)
        {
            List<DateTime> days = new List<DateTime>();
            for (DateTime day = first.Date; day <= last.Date && day < today.Date; day = day.AddDays(1))
            {
                if (day.DayOfWeek != DayOfWeek.Saturday)
                {
                    days.Add(day);
                }
            }
            return days;
        }

        /// <summary>The calendar day in New York, by which replay data is kept.</summary>
        public static DateTime DayOf(DateTime utc)
        {
            return TimeZoneInfo.ConvertTimeFromUtc(utc, Eastern()).Date;
        }

        /// <summary>The file of a day: <c>ES 12-26 20261119.txt</c>.</summary>
        public static string FileName(string symbol, DateTime day)
        {
            StringBuilder name = new StringBuilder();
            foreach (char letter in symbol.Trim())
            {
                // What no file system of Windows takes, and what Linux would not take either.
                bool fits = letter > ' ' && letter < 127 && "\\/:*?\"<>|^".IndexOf(letter) < 0;
                name.Append(fits || letter == ' ' ? letter : '_');
            }
            return name + " " + day.ToString("yyyyMMdd", CultureInfo.InvariantCulture) + ".txt";
        }

        /// <summary>The text of a sidecar. A zone without an IANA name is left out: the reader then infers it.</summary>
        public static string Sidecar(DumpRequest request, DateTime day)
        {
            StringBuilder text = new StringBuilder();
            JsonWriter json = new JsonWriter(text);
            json.BeginObject().Member("instrument", request.Symbol).Member("tick_size", request.TickSize);
            string zone = ZoneNames.Iana(request.Zone);
            if (zone != null)
            {
                json.Member("time_zone", zone);
            }
            json.Member("date", day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            json.Member("format", "nt-dump").Member("writer", "Depthbridge " + BridgeVersion.Text).EndObject();
            return text.Append('\n').ToString();
        }

        /// <summary>Asks it to end after the day that is being written. Any thread.</summary>
        public void Cancel()
        {
            cancelled = true;
        }

        /// <summary>Exports the days in order; one that fails does not stop the others.</summary>
        /// <param name="told">Hears of each day, on this thread.</param>
        /// <returns>Whether all days were looked at.</returns>
        public bool Run(Action<DumpProgress> told)
        {
            Directory.CreateDirectory(request.Folder);
            IList<DateTime> days = Days(request.First, request.Last, request.Today);
            for (int index = 0; index < days.Count; index++)
            {
                if (cancelled)
                {
                    return false;
                }
                DumpProgress progress = One(days[index]);
                progress.Done = index + 1;
                progress.All = days.Count;
                told(progress);
            }
            return true;
        }

        private static TimeZoneInfo Eastern()
        {
            try
            {
                return TimeZoneInfo.FindSystemTimeZoneById("Eastern Standard Time");
            }
            catch (TimeZoneNotFoundException)
            {
                return TimeZoneInfo.FindSystemTimeZoneById("America/New_York");
            }
        }

        private DumpProgress One(DateTime day)
        {
            DumpProgress progress = new DumpProgress();
            progress.Day = day;
            progress.Path = Path.Combine(request.Folder, FileName(request.Symbol, day));
            if (!request.Again && File.Exists(progress.Path) && File.Exists(progress.Path + ".json"))
            {
                progress.Outcome = DumpOutcome.Present;
                return progress;
            }
            try
            {
                progress.Outcome = Write(day, progress.Path) ? DumpOutcome.Written : DumpOutcome.Empty;
            }
            catch (Exception error)
            {
                // NinjaTrader throws whatever its reader meets in a damaged file; the other days may be well.
                progress.Outcome = DumpOutcome.Failed;
                progress.Text = error.Message;
                Remove(progress.Path + Part);
            }
            return progress;
        }

        private bool Write(DateTime day, string path)
        {
            string part = path + Part;
            Remove(part);
            dump(day, part);
            if (!File.Exists(part) || new FileInfo(part).Length == 0)
            {
                Remove(part);
                return false;
            }
            File.WriteAllText(path + ".json", Sidecar(request, day), new UTF8Encoding(false));
            Remove(path);
            File.Move(part, path);
            return true;
        }

        private static void Remove(string path)
        {
            if (File.Exists(path))
            {
                File.Delete(path);
            }
        }
    }
}
