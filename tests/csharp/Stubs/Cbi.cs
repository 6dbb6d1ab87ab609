// NinjaTrader.Cbi: instruments, connections, and the names that market data uses.
using System;
using System.Collections.Generic;
using System.Collections.ObjectModel;
using System.Windows.Threading;
using NinjaTrader.Data;

namespace NinjaTrader.Cbi
{
    /// <summary>What happened to a row, an order or a position.</summary>
    public enum Operation
    {
        /// <summary>New.</summary>
        Add = 0,

        /// <summary>Changed.</summary>
        Update = 1,

        /// <summary>Gone.</summary>
        Remove = 2,
    }

    /// <summary>Side of a position.</summary>
    public enum MarketPosition
    {
        /// <summary>Long.</summary>
        Long = 0,

        /// <summary>Short.</summary>
        Short = 1,

        /// <summary>None.</summary>
        Flat = 2,
    }

    /// <summary>Kind of an instrument.</summary>
    public enum InstrumentType
    {
        /// <summary>A future.</summary>
        Future = 0,

        /// <summary>A stock.</summary>
        Stock = 1,

        /// <summary>An index.</summary>
        Index = 2,

        /// <summary>An option.</summary>
        Option = 3,

        /// <summary>A currency pair.</summary>
        Forex = 4,

        /// <summary>A cryptocurrency.</summary>
        CryptoCurrency = 5,

        /// <summary>Not known.</summary>
        Unknown = 99,
    }

    /// <summary>State of a connection.</summary>
    public enum ConnectionStatus
    {
        /// <summary>Up.</summary>
        Connected = 0,

        /// <summary>Being established.</summary>
        Connecting = 1,

        /// <summary>Lost; NinjaTrader tries again.</summary>
        ConnectionLost = 2,

        /// <summary>Down.</summary>
        Disconnected = 3,

        /// <summary>Being ended.</summary>
        Disconnecting = 4,
    }

    /// <summary>Outcome of a request.</summary>
    public enum ErrorCode
    {
        /// <summary>Done.</summary>
        NoError = 0,

        /// <summary>The user broke it off.</summary>
        UserAbort = 1,

        /// <summary>Something is wrong.</summary>
        Panic = 2,

        /// <summary>The log-on failed.</summary>
        LogOnFailed = 3,
    }

    /// <summary>Weight of a log entry.</summary>
    public enum LogLevel
    {
        /// <summary>Tells.</summary>
        Information = 0,

        /// <summary>Warns.</summary>
        Warning = 1,

        /// <summary>An error.</summary>
        Error = 2,

        /// <summary>Pops up.</summary>
        Alert = 3,
    }

    /// <summary>What contracts of a root have in common.</summary>
    public partial class MasterInstrument
    {
        /// <summary>Root: ES.</summary>
        public string Name { get; set; }

        /// <summary>Smallest price step.</summary>
        public double TickSize { get; set; }

        /// <summary>Money per point.</summary>
        public double PointValue { get; set; }

        /// <summary>Kind.</summary>
        public InstrumentType InstrumentType { get; set; }

        /// <summary>Its sessions.</summary>
        public TradingHours TradingHours { get; set; }

        /// <summary>Rounds to the grid.</summary>
        public double RoundToTickSize(double price)
        {
            return Math.Round(price / TickSize, MidpointRounding.AwayFromZero) * TickSize;
        }

        /// <summary>A price as text.</summary>
        public string FormatPrice(double price)
        {
            return RoundToTickSize(price).ToString(System.Globalization.CultureInfo.CurrentCulture);
        }
    }

    /// <summary>One tradable contract.</summary>
    public partial class Instrument
    {
        private static readonly object registry = new object();
        private static readonly Collection<Instrument> all = new Collection<Instrument>();
        private readonly object syncMarketDepth = new object();
        private readonly object syncMarketData = new object();
        private readonly Dispatcher dispatcher = new Dispatcher();

        /// <summary>An instrument with empty depth and no data.</summary>
        public Instrument()
        {
            MarketDepth = new MarketDepth<MarketDepthRow>(this);
            MarketData = new MarketData(this);
        }

        /// <summary>All that are known.</summary>
        public static Collection<Instrument> All
        {
            get { return all; }
        }

        /// <summary>Name with expiry: ES 12-26.</summary>
        public string FullName { get; set; }

        /// <summary>First day of the month of expiry.</summary>
        public DateTime Expiry { get; set; }

        /// <summary>Its root.</summary>
        public MasterInstrument MasterInstrument { get; set; }

        /// <summary>Depth: snapshot and events.</summary>
        public MarketDepth<MarketDepthRow> MarketDepth { get; private set; }

        /// <summary>Level I: snapshot and events.</summary>
        public MarketData MarketData { get; private set; }

        /// <summary>Guards <see cref="MarketDepth"/>.</summary>
        public object SyncMarketDepth
        {
            get { return syncMarketDepth; }
        }

        /// <summary>Guards <see cref="MarketData"/>.</summary>
        public object SyncMarketData
        {
            get { return syncMarketData; }
        }

        /// <summary>The thread that subscriptions are made on and ended on.</summary>
        public Dispatcher Dispatcher
        {
            get { return dispatcher; }
        }

        /// <summary>Test side: what <see cref="GetMarketDataConnection"/> says.</summary>
        public Connection DataConnection { get; set; }

        /// <summary>The connection that its market data comes from; null if none.</summary>
        public Connection GetMarketDataConnection()
        {
            return DataConnection ?? Connection.PlaybackConnection;
        }

        /// <summary>The instrument of that name; null if it is not known.</summary>
        public static Instrument GetInstrument(string instrumentName)
        {
            lock (registry)
                foreach (Instrument instrument in all)
                    if (instrument.FullName == instrumentName)
                        return instrument;
            return null;
        }

        /// <summary>Test side: a future that <see cref="GetInstrument(string)"/> finds.</summary>
        public static Instrument Create(string root, DateTime expiry, double tickSize, double pointValue)
        {
            Instrument made = new Instrument
            {
                FullName = root + " " + expiry.ToString("MM-yy", System.Globalization.CultureInfo.InvariantCulture),
                Expiry = expiry,
                MasterInstrument = new MasterInstrument
                {
                    Name = root,
                    TickSize = tickSize,
                    PointValue = pointValue,
                    InstrumentType = InstrumentType.Future,
                    TradingHours = new TradingHours { Name = "CME US Index Futures ETH", Begin = new TimeSpan(17, 0, 0) },
                },
            };
            lock (registry)
                all.Add(made);
            return made;
        }

        /// <summary>Its full name.</summary>
        public override string ToString()
        {
            return FullName;
        }
    }

    /// <summary>Settings of a connection.</summary>
    public partial class ConnectOptions
    {
        /// <summary>Name.</summary>
        public string Name { get; set; }
    }

    /// <summary>A connection to a data provider or broker.</summary>
    public partial class Connection
    {
        private static readonly Collection<Connection> connections = new Collection<Connection>();

        /// <summary>A connection that is down.</summary>
        public Connection()
        {
            Options = new ConnectOptions();
            Status = ConnectionStatus.Disconnected;
            PriceStatus = ConnectionStatus.Disconnected;
        }

        /// <summary>The status of some connection has changed.</summary>
        public static event EventHandler<ConnectionStatusEventArgs> ConnectionStatusUpdate;

        /// <summary>All connections.</summary>
        public static Collection<Connection> Connections
        {
            get { return connections; }
        }

        /// <summary>The playback connection, or null.</summary>
        public static Connection PlaybackConnection { get; set; }

        /// <summary>Its settings.</summary>
        public ConnectOptions Options { get; set; }

        /// <summary>Of the order side.</summary>
        public ConnectionStatus Status { get; set; }

        /// <summary>Of the price feed.</summary>
        public ConnectionStatus PriceStatus { get; set; }

        /// <summary>Its clock, in the display zone.</summary>
        public DateTime Now
        {
            get { return NinjaTrader.Core.Globals.Now; }
        }

        /// <summary>Test side: moves both states and tells who listens.</summary>
        public void Move(ConnectionStatus status, ConnectionStatus priceStatus)
        {
            ConnectionStatusEventArgs args = new ConnectionStatusEventArgs(this, status, Status, priceStatus, PriceStatus);
            Status = status;
            PriceStatus = priceStatus;
            EventHandler<ConnectionStatusEventArgs> handler = ConnectionStatusUpdate;
            if (handler != null)
                handler(this, args);
        }

        /// <summary>Test side: how many listen.</summary>
        public static int Listeners
        {
            get { return ConnectionStatusUpdate == null ? 0 : ConnectionStatusUpdate.GetInvocationList().Length; }
        }
    }

    /// <summary>How the status of a connection changed.</summary>
    public partial class ConnectionStatusEventArgs : EventArgs
    {
        /// <summary>A change.</summary>
        public ConnectionStatusEventArgs(Connection connection, ConnectionStatus status, ConnectionStatus previousStatus, ConnectionStatus priceStatus, ConnectionStatus previousPriceStatus)
        {
            Connection = connection;
            Status = status;
            PreviousStatus = previousStatus;
            PriceStatus = priceStatus;
            PreviousPriceStatus = previousPriceStatus;
        }

        /// <summary>Which connection.</summary>
        public Connection Connection { get; private set; }

        /// <summary>Order side now.</summary>
        public ConnectionStatus Status { get; private set; }

        /// <summary>Order side before.</summary>
        public ConnectionStatus PreviousStatus { get; private set; }

        /// <summary>Price feed now.</summary>
        public ConnectionStatus PriceStatus { get; private set; }

        /// <summary>Price feed before.</summary>
        public ConnectionStatus PreviousPriceStatus { get; private set; }
    }
}
