"""The columns of the exports; their names are a promise."""

from typing import Any, Final

from market.instrument import Instrument

__all__ = [
    "METRICS_COLUMNS",
    "book_schema",
    "clusters_schema",
    "footprint_schema",
    "metrics_schema",
    "signals_schema",
    "trades_schema",
]

METRICS_COLUMNS: Final = (
    *("index", "time_ns", "seq", "phase", "best_bid", "best_ask", "mid", "spread"),
    *("weighted_mid", "queue_imbalance", "imbalance", "bid_ask_ratio", "log2_ratio"),
    *("ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5", "ofi_z", "momentum", "volume"),
    *("composite", "outlook", "cvd", "delta", "vwap", "vwap_dev", "since", "complete"),
    *("volume_gap", "microprice", "added_bid", "cancelled_bid", "traded_bid", "added_ask"),
    *("cancelled_ask", "traded_ask", "pulling", "stacking", "flow_toxicity", "warmup"),
)

CLUSTER_COLUMNS: Final = (
    *("event", "seq", "time_ns", "id", "kind", "side", "tick_low", "tick_high", "price_low"),
    *("price_high", "poc", "size", "size_peak", "orders", "buy", "sell", "delta", "added"),
    *("cancelled", "dominance", "rel", "score", "opacity", "state", "end_reason", "t_first"),
    *("t_last", "age_ms", "distance_ticks", "config"),
)

SIGNAL_COLUMNS: Final = (
    *("id", "time_ns", "seq", "kind", "side", "strength", "confidence", "price", "cluster"),
    *("expires", "reason", "book", "config"),
)


def book_schema(levels: int, instrument: Instrument) -> Any:  # noqa: ANN401 - a pyarrow schema
    """``index,time_ns,bid_price_1,bid_size_1,ask_price_1,ask_size_1,…``."""
    import pyarrow as pa

    size = _size_type(instrument)
    fields = [("index", pa.int64()), ("time_ns", pa.timestamp("ns", "UTC"))]
    for level in range(1, levels + 1):
        for side in ("bid", "ask"):
            fields.append((f"{side}_price_{level}", pa.float64()))
            fields.append((f"{side}_size_{level}", size))
    return pa.schema(fields)


def metrics_schema() -> Any:  # noqa: ANN401
    """The columns of ``metrics``."""
    import pyarrow as pa

    types = {
        "index": pa.int64(),
        "time_ns": pa.timestamp("ns", "UTC"),
        "seq": pa.int64(),
        "phase": pa.string(),
        "outlook": pa.string(),
        "since": pa.timestamp("ns", "UTC"),
        "complete": pa.bool_(),
        "warmup": pa.bool_(),
    }
    return pa.schema([(name, types.get(name, pa.float64())) for name in METRICS_COLUMNS])


def clusters_schema() -> Any:  # noqa: ANN401
    """The columns of cluster events: the cluster object, without its source."""
    import pyarrow as pa

    words = ("event", "kind", "side", "state", "end_reason", "config")
    whole = ("seq", "id", "tick_low", "tick_high", "orders", "opacity", "age_ms", "distance_ticks")
    times = ("time_ns", "t_first", "t_last")
    numbers = (
        *("price_low", "price_high", "poc", "size", "size_peak", "buy", "sell", "delta", "added"),
        *("cancelled", "dominance", "rel", "score"),
    )
    types = (
        dict.fromkeys(words, pa.string())
        | dict.fromkeys(whole, pa.int64())
        | dict.fromkeys(times, pa.timestamp("ns", "UTC"))
        | dict.fromkeys(numbers, pa.float64())
    )
    return pa.schema([(name, types[name]) for name in CLUSTER_COLUMNS])


def signals_schema() -> Any:  # noqa: ANN401
    """The columns of signals."""
    import pyarrow as pa

    types = (
        dict.fromkeys(("kind", "side", "reason", "book", "config"), pa.string())
        | dict.fromkeys(("id", "seq", "cluster"), pa.int64())
        | dict.fromkeys(("time_ns", "expires"), pa.timestamp("ns", "UTC"))
        | dict.fromkeys(("strength", "confidence", "price"), pa.float64())
    )
    return pa.schema([(name, types[name]) for name in SIGNAL_COLUMNS])


def trades_schema(instrument: Instrument) -> Any:  # noqa: ANN401
    """The columns of trades."""
    import pyarrow as pa

    return pa.schema(
        [
            ("index", pa.int64()),
            ("time_ns", pa.timestamp("ns", "UTC")),
            ("price", pa.float64()),
            ("size", _size_type(instrument)),
            ("aggressor", pa.string()),
            ("source", pa.string()),
        ]
    )


def footprint_schema(instrument: Instrument) -> Any:  # noqa: ANN401
    """The columns of a footprint: a row per bar and traded price, ``time_ns`` the bar's start."""
    import pyarrow as pa

    sizes = ("buy", "sell", "unknown", "delta")
    flags = ("buy_imbalance", "buy_stack", "sell_imbalance", "sell_stack")
    return pa.schema(
        [
            ("time_ns", pa.timestamp("ns", "UTC")),
            ("price", pa.float64()),
            *((name, _size_type(instrument)) for name in sizes),
            ("trades", pa.int64()),
            *((name, pa.bool_()) for name in flags),
        ]
    )


def _size_type(instrument: Instrument) -> Any:  # noqa: ANN401
    import pyarrow as pa

    return pa.int64() if instrument.size.denominator == 1 else pa.float64()
