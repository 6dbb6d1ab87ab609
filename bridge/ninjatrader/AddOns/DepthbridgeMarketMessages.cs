namespace Depthbridge
{
    /// <summary>Metrics, clusters, signals and books as the server tells them, by WebSocket and in HTTP answers alike.</summary>
    public static class MarketMessages
    {
        /// <summary>Metrics: the head, the words, and every number by its name.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static MetricsData ReadMetrics(FieldReader fields)
        {
            var metrics = new MetricsData
            {
                Instrument = fields.Text("instrument"),
                Source = fields.Text("source"),
                Seq = fields.Long("seq", 0, long.MaxValue),
                Time = fields.Long("time", 0, Wire.MaxTime),
                Phase = fields.Text("phase"),
                Outlook = fields.TextOr("outlook", null),
                Since = fields.LongOrNull("since", 0, Wire.MaxTime) ?? 0,
                Complete = fields.Boolean("complete"),
                Warmup = fields.Boolean("warmup"),
                Config = fields.TextOr("config", ""),
                Book = fields.TextOr("book", "L2")
            };
            // A number is whatever is a number beside the head: a measure of a newer server is one too.
            metrics.Set(MetricsNames.Of(fields), fields.Numbers());
            return metrics;
        }

        /// <summary>Clusters that came, changed or went.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static ClustersData ReadClusters(FieldReader fields)
        {
            return new ClustersData
            {
                Event = fields.Text("event"),
                Instrument = fields.TextOr("instrument", ""),
                Source = fields.TextOr("source", "live"),
                Seq = fields.Long("seq", -1, long.MaxValue),
                Time = fields.LongOrNull("time", 0, Wire.MaxTime) ?? 0,
                Book = fields.TextOr("book", "L2"),
                Clusters = ReadClusterList(fields.Required("clusters"))
            };
        }

        /// <summary>The clusters of an array of cluster objects.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static ClusterData[] ReadClusterList(JsonValue json)
        {
            var items = json.AsList("clusters");
            var clusters = new ClusterData[items.Count];
            for (var i = 0; i < clusters.Length; i++)
            {
                clusters[i] = ReadCluster(new FieldReader(items[i].AsObject("clusters")));
            }
            return clusters;
        }

        /// <summary>A signal.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static SignalData ReadSignal(FieldReader fields)
        {
            return new SignalData
            {
                Id = Identity(fields.Required("id")),
                Instrument = fields.Text("instrument"),
                Source = fields.Text("source"),
                Seq = fields.Long("seq", 0, long.MaxValue),
                Time = fields.Long("time", 0, Wire.MaxTime),
                Kind = fields.Text("kind"),
                Side = fields.Text("side"),
                Strength = fields.Double("strength"),
                Confidence = fields.DoubleOrNaN("confidence"),
                Price = fields.DoubleOrNaN("price"),
                Reason = fields.TextOr("reason", ""),
                Cluster = fields.LongOrNull("cluster", 0, long.MaxValue),
                Expires = fields.LongOrNull("expires", 0, Wire.MaxTime),
                Config = fields.TextOr("config", ""),
                Book = fields.TextOr("book", "L2")
            };
        }

        /// <summary>The best rows of a book.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static BookData ReadBook(FieldReader fields)
        {
            var bids = fields.Required("bids");
            var asks = fields.Required("asks");
            // Whose a row is came from here: nobody in NinjaTrader needs to be told.
            fields.Skip("bid_makers");
            fields.Skip("ask_makers");
            return new BookData
            {
                Instrument = fields.Text("instrument"),
                Source = fields.Text("source"),
                Seq = fields.Long("seq", 0, long.MaxValue),
                Time = fields.Long("time", 0, Wire.MaxTime),
                Phase = fields.Text("phase"),
                BidPrices = Column(bids, 0, "bids"),
                BidVolumes = Column(bids, 1, "bids"),
                AskPrices = Column(asks, 0, "asks"),
                AskVolumes = Column(asks, 1, "asks"),
                Book = fields.TextOr("book", "L2")
            };
        }

        /// <summary>One cluster.</summary>
        /// <exception cref="JsonFault">Something is missing or of a wrong type.</exception>
        public static ClusterData ReadCluster(FieldReader fields)
        {
            return new ClusterData
            {
                Id = fields.Long("id", 0, long.MaxValue),
                Kind = fields.Text("kind"),
                Side = fields.Text("side"),
                TickLow = fields.Long("tick_low", long.MinValue, long.MaxValue),
                TickHigh = fields.Long("tick_high", long.MinValue, long.MaxValue),
                PriceLow = fields.Double("price_low"),
                PriceHigh = fields.Double("price_high"),
                PointOfControl = fields.DoubleOrNaN("poc"),
                Size = fields.Double("size"),
                SizePeak = fields.DoubleOrNaN("size_peak"),
                Orders = fields.LongOrNull("orders", 0, long.MaxValue),
                Buy = fields.DoubleOrNaN("buy"),
                Sell = fields.DoubleOrNaN("sell"),
                Delta = fields.DoubleOrNaN("delta"),
                Added = fields.DoubleOrNaN("added"),
                Cancelled = fields.DoubleOrNaN("cancelled"),
                Dominance = fields.DoubleOrNaN("dominance"),
                Relative = fields.DoubleOrNaN("rel"),
                Score = fields.DoubleOrNaN("score"),
                Opacity = (int?)fields.LongOrNull("opacity", 0, 100),
                State = fields.Text("state"),
                EndReason = fields.TextOr("end_reason", null),
                TimeFirst = fields.Long("t_first", 0, Wire.MaxTime),
                TimeLast = fields.Long("t_last", 0, Wire.MaxTime),
                AgeMs = fields.LongOrNull("age_ms", 0, long.MaxValue) ?? 0,
                DistanceTicks = fields.LongOrNull("distance_ticks", long.MinValue, long.MaxValue),
                Warmup = fields.Object("source").BooleanOf("warmup"),
                Config = fields.TextOr("config", "")
            };
        }

        private static string Identity(JsonValue json)
        {
            return json.Kind == JsonKind.Text
                ? json.AsText("id")
                : json.AsLong("id").ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        private static double[] Column(JsonValue json, int column, string field)
        {
            var rows = json.AsList(field);
            var values = new double[rows.Count];
            for (var i = 0; i < values.Length; i++)
            {
                var row = rows[i].AsList(field);
                if (row.Count != 2)
                {
                    throw new JsonFault("bad_type", field);
                }
                values[i] = row[column].AsDouble(field);
            }
            return values;
        }
    }
}
