"""Signals as the named fields that leave the program, and their parameters on the way in.

What the rules are stands in docs/analytics.md; ``orderbook.analytics.signals`` is their kernel.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from market.errors import UsageError
from market.instrument import Instrument
from orderbook.describe import PHASES, SIDES
from orderbook.layout import Struct
from orderbook.parameters import Parameters, Signals

__all__ = [
    "RULE_WORDS",
    "WITHHELD_WORDS",
    "confidence_of",
    "recent_signals",
    "signal_counters",
    "signal_fields",
    "with_rates",
    "write_signal_parameters",
]

RULE_WORDS: Final = ("bounce", "break", "stack_continuation", "absorption_reversal", "pull_ahead")
WITHHELD_WORDS: Final = (*PHASES[:5], "one_sided", "warmup", "spacing", "agreement")
_RATES: Final = ("bounce_rate", "break_rate", "stack_rate", "absorption_rate", "pull_rate")
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000


def write_signal_parameters(params: Struct, signals: Signals) -> None:
    """Copy the section into the kernels' layout, in ns."""
    rules = (
        (signals.bounce, signals.bounce_ticks, signals.bounce_imbalance),
        (signals.breaks, signals.break_ticks, signals.break_share),
        (signals.stack, signals.stack_ticks, signals.stack_rows),
        (signals.absorption, signals.absorption_ticks, signals.absorption_rel),
        (signals.pull, signals.pull_distance, signals.pull_share),
    )
    for slot, (switch, ticks, limit) in enumerate(rules):
        params["rules"][slot] = (switch == "on", ticks, limit)
    params["bounce_keep"] = signals.bounce_keep
    params["stack_hold"] = signals.stack_hold_ms * _NS_PER_MS
    params["pull_age"] = signals.pull_age_ms * _NS_PER_MS
    params["pull_imbalance"] = signals.pull_imbalance
    params["watch"] = int(signals.watch_s * _NS_PER_S)
    params["agree"] = signals.agree
    params["agree_within"] = int(signals.agree_s * _NS_PER_S)
    params["spacing"] = max(1, int(signals.spacing_s * _NS_PER_S))
    params["expire"] = int(signals.expire_s * _NS_PER_S)
    params["warmup"] = int(signals.warmup_s * _NS_PER_S)


def signal_fields(signal: Struct, instrument: Instrument, parameters: Parameters) -> dict[str, Any]:
    """The fields of one SIGNAL from ``id`` on, as the wire names them."""
    rule = int(signal["rule"])
    return {
        "id": int(signal["id"]),
        "instrument": instrument.symbol,
        "seq": int(signal["seq"]) - 1,
        "time": int(signal["time"]),
        "kind": RULE_WORDS[rule],
        "side": SIDES[signal["side"]],
        "strength": float(signal["strength"]),
        "confidence": confidence_of(parameters.signals, RULE_WORDS[rule], int(signal["time"])),
        "price": instrument.tick.to_price(int(signal["price"])),
        "reason": _REASONS[rule](_Facts(signal, instrument)),
        "cluster": int(signal["cluster"]),
        "expires": int(signal["expires"]),
    }


def confidence_of(signals: Signals, rule: str, time: int) -> float | None:
    """Hit rate of a rule on recordings from before ``time`` (ns); None: unknown."""
    rate: float = getattr(signals, _RATES[RULE_WORDS.index(rule)])
    return rate if rate > 0.0 and time > signals.rates_until_ns else None


def with_rates(parameters: Parameters, rates: Mapping[str, float], until: int) -> Parameters:
    """A copy that knows hit rates by rule; rules that are not named keep what they have.

    Args:
        parameters: what to begin with.
        rates: 0 to 1.
        until: newest event time (ns) behind them: signals up to then have no confidence.

    Raises:
        SettingsError: a rate outside of 0 to 1.
        UsageError: no such rule.
    """
    for rule in rates:
        if rule not in RULE_WORDS:
            raise UsageError(f"no rule {rule!r}: {', '.join(RULE_WORDS)}")
    named: dict[str, float] = {
        _RATES[RULE_WORDS.index(rule)]: float(rate) for rule, rate in rates.items()
    }
    return parameters.overridden({"signals": {**named, "rates_until_ns": until}})


def recent_signals(state: Struct, after: int = 0) -> NDArray[Any]:
    """The last signals with an id above ``after``, SIGNAL array, in order of their ids."""
    recent = state["recent"]
    wanted = recent[recent["id"] > after]
    ordered: NDArray[Any] = wanted[np.argsort(wanted["id"])]
    return ordered


def signal_counters(state: Struct) -> dict[str, dict[str, int]]:
    """How many signals each rule gave, and how many words were withheld for which reason."""
    withheld = dict(zip(WITHHELD_WORDS, state["withheld"].tolist(), strict=True))
    return {
        "fired": dict(zip(RULE_WORDS, state["fired"].tolist(), strict=True)),
        "withheld": withheld | {"unwatched": int(state["dropped"])},
    }


class _Facts:
    """A signal's numbers as words."""

    def __init__(self, signal: Struct, instrument: Instrument) -> None:
        price, size = instrument.tick.to_price, instrument.size.to_price
        low, high = (price(int(signal[name])) for name in ("tick_low", "tick_high"))
        self.up = int(signal["direction"]) > 0
        self.bid = int(signal["side"]) == 1
        self.side = SIDES[signal["side"]]
        self.cluster = int(signal["cluster"])
        self.zone = f"at {low!r}" if low == high else f"at {low!r} to {high!r}"
        left, peak = (size(int(signal[name])) for name in ("size", "size_peak"))
        self.left = f"{left:.10g} of {peak:.10g} left"
        self.measure = f"{float(signal['measure']):.3g}"
        self.limit = f"{float(signal['limit']):.3g}"
        self.imbalance = f"{float(signal['imbalance']):+.1f}"
        self.waited = f"{int(signal['waited']) / _NS_PER_S:.1f} s"
        touch, way = ("bid", "above") if self.up else ("ask", "below")
        ticks = int(signal["ticks"])
        self.touch = f"the {touch} is {ticks} tick{'' if ticks == 1 else 's'} {way} it"
        self.away = f"{-ticks} ticks from the {touch}"


def _bounce(facts: _Facts) -> str:
    return (
        f"{facts.side} cluster {facts.cluster} {facts.zone} ({facts.left}) was touched and held: "
        f"{facts.touch}, imbalance {facts.imbalance} (at least {facts.limit} that way)"
    )


def _break(facts: _Facts) -> str:
    sold = "sold into" if facts.bid else "bought out of"
    return (
        f"{facts.side} cluster {facts.cluster} {facts.zone} ({facts.left}) was eaten up: "
        f"{facts.measure} of its peak {sold} it (at least {facts.limit}), {facts.touch}"
    )


def _stack(facts: _Facts) -> str:
    word = "buy" if facts.up else "sell"
    return (
        f"stack {facts.cluster} of {facts.measure} rows of {word} imbalance {facts.zone} (at least "
        f"{facts.limit}): price held beyond it, {facts.touch} {facts.waited} later"
    )


def _absorption(facts: _Facts) -> str:
    word = "sells" if facts.up else "buys"
    return (
        f"{word} absorbed {facts.zone} (cluster {facts.cluster}, {facts.measure} x the threshold, "
        f"at least {facts.limit}): {facts.touch} {facts.waited} later"
    )


def _pull(facts: _Facts) -> str:
    return (
        f"{facts.side} cluster {facts.cluster} {facts.zone} ({facts.left}) was pulled "
        f"{facts.away}: {facts.measure} of its peak is gone (at least {facts.limit}), "
        f"imbalance {facts.imbalance}"
    )


_REASONS: Final[tuple[Callable[[_Facts], str], ...]] = (
    _bounce,
    _break,
    _stack,
    _absorption,
    _pull,
)
