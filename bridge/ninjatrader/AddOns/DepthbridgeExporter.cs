using System;
using System.Windows;
using NinjaTrader.Gui;
using NinjaTrader.Gui.Tools;
using NinjaTrader.NinjaScript;

namespace NinjaTrader.NinjaScript.AddOns
{
    /// <summary>Puts "Depthbridge export" into the Control Center's Tools menu.</summary>
    public class DepthbridgeExporter : AddOnBase
    {
        private NTMenuItem item;
        private NTMenuItem tools;

        /// <inheritdoc/>
        protected override void OnStateChange()
        {
            if (State == State.SetDefaults)
            {
                Name = "Depthbridge export";
                Description = "Writes Market Replay days as files that the Depthbridge server reads.";
            }
        }

        /// <inheritdoc/>
        protected override void OnWindowCreated(Window window)
        {
            ControlCenter center = window as ControlCenter;
            NTMenuItem menu = center == null ? null : center.FindFirst("ControlCenterMenuItemTools") as NTMenuItem;
            if (menu == null || item != null)
            {
                return;
            }
            tools = menu;
            item = new NTMenuItem { Header = "Depthbridge export..." };
            item.Style = Application.Current == null ? null : Application.Current.TryFindResource("MainMenuItem") as Style;
            item.Click += OnClick;
            tools.Items.Add(item);
        }

        /// <inheritdoc/>
        protected override void OnWindowDestroyed(Window window)
        {
            if (item == null || !(window is ControlCenter))
            {
                return;
            }
            tools.Items.Remove(item);
            item.Click -= OnClick;
            item = null;
        }

        private static void OnClick(object sender, RoutedEventArgs e)
        {
            NinjaTrader.Core.Globals.RandomDispatcher.BeginInvoke(new Action(Open));
        }

        private static void Open()
        {
            new DepthbridgeExporterWindow().Show();
        }
    }
}
