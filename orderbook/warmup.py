"""Compiles every kernel of the package, or loads it from the cache, before the first event."""

import numpy as np

from market.instrument import Instrument
from market.record import RECORD, Frame, Records
from market.session import calendar_for
from market.ticks import Grid
from orderbook.analyzer import Analyzer
from orderbook.books.book import Book, level_records
from orderbook.books.order_book import OrderBook, standing_orders
from orderbook.export import INTERVAL, BookExporter
from orderbook.parameters import Parameters

__all__ = ["warmup"]

_SECOND = 1_000_000_000
_TIME = 1_700_000_000 * _SECOND


def warmup() -> None:
    """Run everything once on a tiny stream: milliseconds from the cache, else a minute or two."""
    _analyze()
    _keep_book()


def _stream() -> Frame:
    """Both sides and a trade; read only, as frames from the wire are."""
    records = np.zeros(3, RECORD)
    records["kind"] = (0, 0, 3)
    records["side"] = (0, 1, 1)
    records["price"] = (2, 1, 2)
    records["size"] = 1
    records.flags.writeable = False
    return Frame(records, _TIME, 1)


def _analyze() -> None:
    instrument = Instrument("WARM 01-30", "WARM", Grid(1), Grid(1), 1.0, "always")
    analyzer = Analyzer(instrument)
    analyzer.process_l2_update(_stream())
    trades = np.zeros(1, RECORD)
    trades["kind"], trades["ref"] = 3, 1
    trades.flags.writeable = False
    analyzer.backfill(Frame(trades, _TIME, 4))
    analyzer.advance(_TIME + 2 * _SECOND)
    analyzer.read()
    analyzer.row_text()
    analyzer.calculate_clusters()
    analyzer.analyze_volume_profile()
    analyzer.gap("reset")
    analyzer.load_snapshot(level_records([(1, 1)], [(2, 1)]), _TIME + 3 * _SECOND, 9)
    analyzer.process_l2_update(_stream()._replace(base=_TIME - 9 * _SECOND, seq=9))
    analyzer.take_events()
    analyzer.thaw(analyzer.freeze())
    without = {"absorption": "off", "icebergs": "off"}
    analyzer.reconfigure(Parameters.from_mapping({"clusters": without}))
    ordered = Analyzer(instrument)
    ordered.process_l2_update(Frame(_orders(), _TIME, 1))
    ordered.book()
    daily = Analyzer(instrument, calendar=calendar_for("always"))
    daily.process_l2_update(_stream())
    daily.advance(_TIME + 86_400 * _SECOND)


def _keep_book() -> None:
    frame = _stream()
    exporter = BookExporter(10, 1, INTERVAL, _SECOND)
    for _ in exporter.feed(frame, np.arange(3)):
        pass
    exporter.finish()
    for records in (frame.records, frame.records.copy()):
        book = Book()
        book.apply(records, frame.base)
        book.top(1)
    orders = OrderBook()
    orders.load_orders(_orders())
    orders.order(1)
    orders.queue(1, 1)
    standing_orders(orders.state, orders.heap)


def _orders() -> Records:
    """One order of each side."""
    records = np.zeros(2, RECORD)
    records["kind"], records["side"], records["size"] = 4, (0, 1), 1
    records["price"] = records["ref"] = (2, 1)
    records.flags.writeable = False
    return records
