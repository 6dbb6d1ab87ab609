"""The lines of the table, with their goals.

An absolute goal is a figure of one machine (two Zen 5 cores); where a rival runs beside, the ratio
to it is what counts and decides.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["LINES", "SECTIONS", "Line"]

SECTIONS: Final = {
    "book": "(i) book update",
    "analytics": "(ii) analytics",
    "features": "(ii) what the later analytics cost, depth 10",
    "wire": "(iii) WebSocket, client and server on one core",
    "replay": "(iv) files and replay",
    "bridge": "(v) the NinjaTrader bridge under Mono, both cores",
    "start": "start-up",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line.

    Attributes:
        section: key of ``SECTIONS``.
        title: what is measured.
        unit: of the figures.
        goal: what to reach, in the unit; None: only reported.
        ratio: what to reach as ours / rival.
        rival: name of the rival that the ratio is to.
        higher: whether more is better.
    """

    section: str
    title: str
    unit: str
    goal: float | None = None
    ratio: float | None = None
    rival: str = ""
    higher: bool = False


def _book(title: str, goal: float, ratio: float | None = None, rival: str = "C") -> Line:
    return Line("book", title, "ns/record", goal, ratio, rival)


def _trip(what: str, tail: str, ratio: float) -> Line:
    return Line("wire", f"{what}: round trip {tail}", "µs", None, ratio, "TCP echo")


def _flow(what: str, goal: float, ratio: float) -> Line:
    return Line("wire", f"{what}: throughput", "M records/s", goal, ratio, "TCP echo", higher=True)


def _rows(title: str, goal: float, ratio: float | None = None, rival: str = "") -> Line:
    return Line("replay", title, "M rows/s", goal, ratio, rival, higher=True)


def _features() -> dict[str, Line]:
    """Lines without a goal of their own: an instant and a row have theirs with all of them."""
    names = {
        "stacks": "stacks of imbalances",
        "absorption": "absorption",
        "icebergs": "icebergs",
        "pulling": "pulling and stacking",
        "microprice": "micro-price",
        "toxicity": "flow toxicity",
        "signals": "signals",
    }
    lines = {
        "instant_none": Line("features", "an instant, all of them off", "µs"),
        "instant_all": Line("features", "an instant, all of them on", "µs", 0.4),
    }
    for key, name in names.items():
        lines[f"adds_{key}"] = Line("features", f"what {name} alone adds to an instant", "µs")
    lines["row_none"] = Line("features", "a metrics row with its call, all of them off", "µs")
    lines["row_all"] = Line("features", "a metrics row with its call, all of them on", "µs", 0.4)
    for key, name in names.items():
        lines[f"row_{key}"] = Line("features", f"a metrics row, {name} alone", "µs")
    for bars in (1, 10):
        title = f"a footprint of {bars} bar{'s' * (bars > 1)}, when asked for"
        lines[f"footprint_{bars}"] = Line("features", title, "µs")
    return lines


LINES: Final[dict[str, Line]] = {
    "position_mixed": _book("by position, mixed L1/L2 order, bulk", 3.0, 1.3),
    "position_depth": _book("by position, depth alone, bulk", 3.0, 1.3),
    "position_recorded": _book("by position, recorded ES hour, bulk", 3.0, 1.3),
    "price_mixed": _book("by price, mixed L1/L2 order, bulk", 3.0, 1.3),
    "price_depth": _book("by price, depth alone, bulk", 3.0, 1.3),
    "position_200": _book("by position, from Python, batches of 200", 6.0, None, "Python lists"),
    "price_200": _book("by price, from Python, batches of 200", 6.0, None, "SortedDict"),
    "orders_made": _book("by order, 5,000 orders stand, bulk", 15.0, 1.3),
    "orders_recorded": _book("by order, recorded ES hour, bulk", 15.0, 1.3),
    "orders_200": _book("by order, from Python, batches of 200", 19.0, None, ""),
    "books_2000": _book("2,000 books in turn, batches of 200", 10.0, None, ""),
    "book_size": Line("book", "memory of a book", "KiB", 70.0),
    "instant_10": Line("analytics", "one grid instant, depth 10", "µs", 0.4),
    "instant_100": Line("analytics", "one grid instant, depth 100", "µs", 0.8),
    "row_10": Line("analytics", "one metrics row in a frame's own call, depth 10", "µs", 0.4),
    "row_100": Line("analytics", "one metrics row in a frame's own call, depth 100", "µs", 0.8),
    "row_copied_10": Line("analytics", "a row asked for from Python, copied, depth 10", "µs"),
    "row_copied_100": Line("analytics", "a row asked for from Python, copied, depth 100", "µs"),
    "analyzer_200": Line("analytics", "book and analytics, frames of 200", "ns/record"),
    "frame_200": Line("analytics", "bytes in to bytes out, 200 records", "µs", 3.0),
    "frame_200_quiet": Line("analytics", "the same, nobody listens", "µs"),
    "frame_1": Line("analytics", "bytes in to bytes out, 1 record", "µs", 0.9),
    "frame_1_quiet": Line("analytics", "the same, nobody listens", "µs"),
    **_features(),
    "binary_1_p50": _trip("binary, 1 record", "p50", 2.3),
    "binary_1_p99": _trip("binary, 1 record", "p99", 4.0),
    "binary_20_p50": _trip("binary, 20 records", "p50", 2.3),
    "binary_20_p99": _trip("binary, 20 records", "p99", 4.0),
    "binary_200_p50": _trip("binary, 200 records", "p50", 2.3),
    "binary_200_p99": _trip("binary, 200 records", "p99", 4.0),
    "depth_200_p50": _trip("binary, 200 records, depth alone", "p50", 2.3),
    "depth_200_p99": _trip("binary, 200 records, depth alone", "p99", 4.0),
    "json_200_p50": _trip("JSON, 200 records, depth alone", "p50", 4.0),
    "json_200_p99": Line(
        "wire", "JSON, 200 records, depth alone: round trip p99", "µs", rival="TCP echo"
    ),
    "binary_1_flow": _flow("binary, 1 record", 0.045, 0.225),
    "binary_20_flow": _flow("binary, 20 records", 0.9, 0.225),
    "binary_200_flow": _flow("binary, 200 records", 9.0, 0.225),
    "depth_200_flow": _flow("binary, 200 records, depth alone", 9.0, 0.225),
    "json_200_flow": _flow("JSON, 200 records, depth alone", 4.0, 0.1),
    "journal_200_p50": Line(
        "wire", "binary, 200 records, journal on: p50", "µs", None, 1.15, "journal off"
    ),
    "journal_200_flow": Line(
        "wire",
        "binary, 200 records, journal on: throughput",
        "M records/s",
        None,
        0.85,
        "journal off",
        higher=True,
    ),
    "http_200_p50": Line(
        "wire", "HTTP, binary, 200 records: p50", "µs", None, 1.5, "our WebSocket"
    ),
    "dump_depth": _rows("dump text, depth alone, one core", 25.0, 25.0 / 9.0, "pyarrow CSV"),
    "dump_mixed": _rows("dump text, mixed L1/L2 order, one core", 25.0),
    "replay_book": _rows("records in memory through the book", 180.0),
    "replay_metrics": _rows("the same with a metrics row per 200", 90.0),
    "parquet_book": _rows("Parquet through the book", 40.0),
    "parquet_size": Line("replay", "Parquet, a row", "bytes", 5.0),
    "dump_metrics": _rows("dump text to metrics file", 9.7),
    "metrics_command": Line("replay", "the same as a command, 1.56 M rows", "s"),
    "stream_p50": Line("bridge", "an event into its stream: median", "µs", 0.2),
    "stream_p99": Line("bridge", "an event into its stream: p99", "µs", 1.0),
    "hub_p50": Line("bridge", "NinjaTrader's event at the hub: median", "µs", 0.2),
    "hub_p99": Line("bridge", "NinjaTrader's event at the hub: p99", "µs", 1.0),
    "allocated": Line("bridge", "allocated by 400,000 events", "bytes"),
    "bridge_flow": Line("bridge", "end to end, journal off", "M records/s", 2.0, higher=True),
    "bridge_flow_journal": Line(
        "bridge", "end to end, journal on", "M records/s", 2.0, higher=True
    ),
    "bridge_trip_p50": Line(
        "bridge", "frame of 200, reply now: round trip p50", "µs", None, 1.5, "bare echo"
    ),
    "bridge_trip_p99": Line(
        "bridge", "frame of 200, reply now: round trip p99", "µs", rival="bare echo"
    ),
    "bridge_echo_p50": Line("bridge", "a bare echo over the bridge's own WebSocket: p50", "µs"),
    "bridge_live_p50": Line("bridge", "an event until a listener has its measures: p50", "µs"),
    "listening_warm": Line("start", "listening, kernels cached", "s", 0.6),
    "ok_warm": Line("start", "health ok, kernels cached", "s"),
    "listening_cold": Line("start", "listening, nothing cached", "s", 3.0),
    "ok_cold": Line("start", "health ok, nothing cached", "s"),
}
