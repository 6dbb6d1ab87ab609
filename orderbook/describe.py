"""Rows and events as the named fields that leave the program; null is None."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.enums import Phase
from market.instrument import Instrument
from orderbook.layout import EVENT, METRICS_FIELDS, NULL_TICKS
from orderbook.parameters import Parameters

__all__ = [
    "END_REASONS",
    "EVENT_WORDS",
    "KINDS",
    "OUTLOOKS",
    "PHASES",
    "SIDES",
    "STATES",
    "cluster_fields",
    "event_word",
    "metrics_fields",
    "plain_events",
]

PHASES: Final = tuple(phase.value for phase in Phase)
OUTLOOKS: Final = (
    "neutral",
    "continue_bullish",
    "continue_bearish",
    "reversal_bullish",
    "reversal_bearish",
)
EVENT_WORDS: Final = ("end", "update", "new", "snapshot")
KINDS: Final = ("resting", "traded", "imbalance_stack", "absorption", "iceberg")
STATES: Final = ("active", "touched", "ended", "suspected")
SIDES: Final = ("ask", "bid")
END_REASONS: Final = (
    None,
    "session_end",
    "stale",
    "through",
    "consumed",
    "out_of_window",
    "pulled",
    "merged",
    "expired",
)
_NAMES: Final = METRICS_FIELDS[1:]
_EVENT_NAMES: Final = EVENT.names or ()
_PHASE, _OUTLOOK, _SINCE, _COMPLETE, _WARMUP = (
    METRICS_FIELDS.index(name) for name in ("phase", "outlook", "since", "complete", "warmup")
)


def metrics_fields(values: Sequence[Any]) -> dict[str, Any]:
    """All fields of a metrics row but ``index``, by name, in export order.

    ``phase`` and ``outlook`` are words, ``complete`` and ``warmup`` booleans, null is None.

    Args:
        values: the row's plain values: ``Analyzer.values()``, or ``row.item()`` of a METRICS_ROW.
    """
    numbers = (None if value != value else value for value in values[1:])
    fields = dict(zip(_NAMES, numbers, strict=True))
    fields["phase"] = PHASES[values[_PHASE]]
    fields["outlook"] = OUTLOOKS[values[_OUTLOOK]] if values[_OUTLOOK] >= 0 else None
    fields["since"] = values[_SINCE] or None
    fields["complete"] = values[_COMPLETE] == 1
    fields["warmup"] = values[_WARMUP] == 1
    return fields


def plain_events(events: NDArray[Any]) -> list[dict[str, Any]]:
    """The fields of each EVENT as Python's values: one read by NumPy takes a microsecond."""
    return [dict(zip(_EVENT_NAMES, values, strict=True)) for values in events.tolist()]


def event_word(event: Mapping[str, Any]) -> str:
    """``new``, ``update``, ``end`` or ``snapshot``."""
    return EVENT_WORDS[event["event"]]


def cluster_fields(
    event: Mapping[str, Any], instrument: Instrument, parameters: Parameters, config: str = ""
) -> dict[str, Any]:
    """The cluster object of one of ``plain_events``, in the order of the protocol."""
    low, high = event["tick_low"], event["tick_high"]
    buy, sell = event["buy"], event["sell"]
    rel = _float(event["rel"])
    first, last = event["t_first"], event["t_last"]
    to_price, to_size = instrument.tick.to_price, instrument.size.to_price
    return {
        "id": event["id"],
        "kind": KINDS[event["kind"]],
        "side": SIDES[event["side"]],
        "tick_low": low,
        "tick_high": high,
        "price_low": to_price(low),
        "price_high": to_price(high),
        "poc": to_price(event["poc"]),
        "size": _plain(to_size(event["size"])),
        "size_peak": _plain(to_size(event["size_peak"])),
        "orders": event["orders"] if event["by_order"] and event["orders"] >= 0 else None,
        "buy": _plain(to_size(buy)),
        "sell": _plain(to_size(sell)),
        "delta": _plain(to_size(buy - sell)),
        "added": _size(event["added"], instrument),
        "cancelled": _size(event["cancelled"], instrument),
        "dominance": _float(event["dominance"]),
        "rel": rel,
        "score": None if rel is None else 100.0 * (1.0 - 1.0 / max(1.0, rel)),
        "opacity": None if event["opacity"] < 0 else event["opacity"],
        "state": STATES[event["state"]],
        "end_reason": END_REASONS[event["end_reason"]],
        "t_first": first,
        "t_last": last,
        "age_ms": (last - first) // 1_000_000,
        "distance_ticks": None if event["distance"] == NULL_TICKS else event["distance"],
        "source": {
            "book": "L3" if event["by_order"] else "L2",
            "aggressor": None,
            "feed": None,
            "warmup": bool(event["warmup"]),
        },
        "config": config or parameters.config_hash,
    }


def _float(value: float) -> float | None:
    return None if math.isnan(value) else value


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def _size(steps: int, instrument: Instrument) -> float | int | None:
    return None if steps == NULL_TICKS else _plain(instrument.size.to_price(steps))


def events_as_fields(
    events: NDArray[Any], instrument: Instrument, parameters: Parameters
) -> list[dict[str, Any]]:
    """One object per event, with its ``event`` word, time and seq."""
    config = parameters.config_hash
    return [
        {
            "event": event_word(event),
            "seq": event["seq"] - 1,
            "time": event["time"],
            "cluster": cluster_fields(event, instrument, parameters, config),
        }
        for event in plain_events(np.atleast_1d(events))
    ]
