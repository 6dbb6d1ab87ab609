"""A review as text for people, as JSON, and as hit rates for the confidence of later signals."""

from collections.abc import Iterator
from typing import Any, Final

from depthbridge.clocktime import moment
from depthbridge.reviewing.intervals import LEVEL, Interval
from depthbridge.reviewing.review import ALL, HIT_HORIZON, Line, Review
from market.enums import Source
from market.instrument import Instrument
from recording.hit_rates import HitRates, InstrumentRates, RuleRate

__all__ = ["LEAST", "as_json", "as_text", "bounds", "hit_rates", "share", "signed"]

LEAST: Final = 20
"""Signals of a rule without which it has no hit rate: fewer say nothing."""


def as_json(review: Review, instrument: Instrument) -> dict[str, Any]:
    """Moves in ticks, in the direction of the signals; times ns UTC."""
    return {
        "instrument": instrument.symbol,
        "sessions": review.sessions,
        "hours": review.hours,
        "until": review.until,
        "signals": review.signals,
        "draws": review.draws,
        "seed": review.seed,
        "level": LEVEL,
        "lines": [_line(line) for line in review.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        name: value._asdict() if isinstance(value, Interval) else value
        for name, value in line._asdict().items()
    }


def as_text(review: Review, instrument: Instrument) -> str:
    """A page."""
    return "\n".join(_lines(review, instrument)) + "\n"


def _lines(review: Review, instrument: Instrument) -> Iterator[str]:
    total = sum(review.signals.values())
    if not review.sessions:
        yield f"{instrument.symbol}: no trading session, nothing to judge"
        return
    many = "1 session" if review.sessions == 1 else f"{review.sessions} sessions"
    yield f"{instrument.symbol}: {many} up to {moment(review.until)} UTC"
    rate = f", {total / review.hours:.1f} an hour" if review.hours else ""
    yield f"{total:,} signals in {review.hours:.1f} hours{rate}"
    if not review.lines:
        yield "no signal, nothing to judge"
        return
    yield (
        f"moves in ticks, in the signal's direction; beside it the mean of {review.draws} random "
        f"times of the half hours around (seed {review.seed}); {LEVEL:.0%} intervals"
    )
    rule = ""
    for line in review.lines:
        if line.rule != rule:
            rule = line.rule
            yield ""
            yield f"{rule}: {total if rule == ALL else review.signals[rule]:,} signals"
        yield "  " + _row(line)


def _row(line: Line) -> str:
    if not line.signals:
        return f"{line.seconds:>4} s  no outcome known ({line.unknown})"
    return (
        f"{line.seconds:>4} s  n {line.signals:>5}  move {signed(line.move.value)} "
        f"{bounds(line.move)}  random {signed(line.random)}  excess "
        f"{signed(line.excess.value)} {bounds(line.excess)}  best {signed(line.favourable)} "
        f"({signed(line.random_favourable)})  worst {signed(line.adverse)} "
        f"({signed(line.random_adverse)})  hits {share(line.hits.value)} "
        f"[{share(line.hits.low)}, {share(line.hits.high)}]  random {share(line.random_hits)}"
    )


def signed(value: float | None) -> str:
    """A move in ticks; a dash: not known."""
    return "-" if value is None else f"{value:+.2f}"


def bounds(interval: Interval) -> str:
    """Of a move."""
    return f"[{signed(interval.low)}, {signed(interval.high)}]"


def share(value: float | None) -> str:
    """Of 1, as percent; a dash: not known."""
    return "-" if value is None else f"{value:.0%}"


def hit_rates(
    review: Review, instrument: Instrument, source: Source, known: HitRates | None = None
) -> HitRates:
    """The rates of rules with at least LEAST signals, beside what is known of others.

    Args:
        review: of one instrument.
        instrument: whose.
        source: of the stream.
        known: rates of other instruments and sources, which are kept.
    """
    rules = {
        line.rule: RuleRate(line.hits.value, line.signals)
        for line in review.lines
        if line.rule != ALL
        and line.seconds == HIT_HORIZON
        and line.signals >= LEAST
        and line.hits.value is not None
    }
    kept = dict(known.rates) if known is not None else {}
    kept[instrument.symbol, source] = InstrumentRates(review.until, rules)
    return HitRates(kept)
