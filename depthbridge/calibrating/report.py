"""A calibration as text for people, as JSON for programs, and as a settings file."""

from collections.abc import Iterator
from typing import Any, Final

from depthbridge.calibrating.dial import KNOBS, SWITCHES, settings_at
from depthbridge.calibrating.run import Calibration
from depthbridge.calibrating.scores import QUANTILES, Behaviour

__all__ = ["as_json", "as_settings", "as_text", "explained"]

_SHOWN: Final = ("1 %", "5 %", "25 %", "50 %", "75 %", "95 %", "99 %")


def as_json(found: Calibration) -> dict[str, Any]:
    """Rates are signals an hour."""
    behaviour = found.behaviour
    return {
        "instrument": found.instrument.symbol,
        "wanted": found.wanted,
        "rate": found.rate,
        "hours": found.hours,
        "dial": found.dial,
        "tried": [one._asdict() for one in found.tried],
        "rules": {rule: count / found.hours for rule, count in found.rules.items()},
        "false_alarms": found.false_alarms,
        "false_alarms_by_rule": found.shuffled_rules,
        "noise": {rule: rates._asdict() for rule, rates in found.noise.items()},
        "seed": found.seed,
        "settings": settings_at(found.dial, found.noise),
        "scores": {
            name: {
                "known": one.known,
                "undefined": one.undefined,
                "mean": one.mean,
                "quantiles": dict(zip(map(str, QUANTILES), one.quantiles, strict=True)),
                "histogram": {"low": one.low, "high": one.high, "counts": one.counts},
            }
            for name, one in behaviour.scores.items()
        },
        "ofi": None if behaviour.flow is None else behaviour.flow._asdict(),
        "queue_imbalance_auc": behaviour.queue_auc,
    }


def as_settings(found: Calibration) -> str:
    """YAML that ``--config`` takes."""
    lines = [
        f"# {found.instrument.symbol}: {found.rate:.1f} signals an hour over {found.hours:.1f} "
        f"hours ({found.wanted:g} were asked for), dial {found.dial:.3f}",
    ]
    for section, values in settings_at(found.dial, found.noise).items():
        lines.append(f"{section}:")
        lines += [f"  {key}: {value!r}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def as_text(found: Calibration) -> str:
    """A page."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Calibration) -> Iterator[str]:
    yield (
        f"{found.instrument.symbol}: {found.rate:.1f} signals an hour over {found.hours:.1f} hours "
        f"({found.wanted:g} were asked for)"
    )
    if found.rate > 2 * found.wanted or found.rate < found.wanted / 2:
        end = "strictest" if found.rate > found.wanted else "loosest"
        yield f"that is the {end} the dial goes: this recording has no rate nearer to it"
    for rule, count in found.rules.items():
        yield f"  {rule:<22}{count / found.hours:8.1f} an hour"
    yield ""
    if found.false_alarms is None:
        yield "false alarms: not known of a book of orders"
    else:
        yield (
            f"false alarms: {found.false_alarms:.1f} an hour on the same book with sizes that do "
            f"not last (time-shuffled, seed {found.seed})"
        )
        for rule, rate in found.shuffled_rules.items():
            yield f"  {rule:<22}{rate:8.1f} an hour"
    for rule, rates in found.noise.items():
        yield (
            f"{rule} is not separated from noise, and is switched off (signals.{SWITCHES[rule]}): "
            f"{rates.rate:.1f} an hour, and {rates.false_alarms:.1f} on the shuffled book"
        )
    yield ""
    yield "thresholds"
    values = settings_at(found.dial)
    for knob in KNOBS:
        name = f"{knob.section}.{knob.key}"
        yield f"  {name:<30}{values[knob.section][knob.key]:g}"
    yield ""
    yield (
        f"{'score, at full seconds':<22}" + "".join(f"{word:>10}" for word in _SHOWN) + "  defined"
    )
    for name, one in found.behaviour.scores.items():
        share = one.known / (one.known + one.undefined)
        numbers = "".join(f"{value:>10.3g}" for value in one.quantiles)
        yield f"{name:<22}{numbers}{share:>9.0%}"
    yield ""
    yield from explained(found.behaviour)


def explained(behaviour: Behaviour) -> Iterator[str]:
    """What order flow explained and queue imbalance foretold, a line each."""
    flow, auc = behaviour.flow, behaviour.queue_auc
    if flow is not None and flow.r2 is not None:
        later = "-" if flow.r2_next is None else f"{flow.r2_next:.3f}"
        yield (
            f"order-flow imbalance explains R² {flow.r2:.3f} of the same second's change of mid "
            f"and {later} of the next second's ({flow.seconds:,} seconds)"
        )
    if auc is not None:
        yield f"queue imbalance tells the next move of mid with an AUC of {auc:.3f} (½ is a coin)"
