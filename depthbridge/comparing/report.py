"""A comparison as text for people and as JSON for programs."""

from collections.abc import Iterator
from typing import Any, Final

from depthbridge.clocktime import moment
from depthbridge.comparing.causes import CAUSES, Comparison

__all__ = ["as_json", "as_text"]

_NS: Final = 1_000_000_000
_WHAT: Final = {"ticks": "minutes of ticks", "minute": "bars", "day": "days"}


def as_json(found: Comparison) -> dict[str, Any]:
    """Times are ns UTC, prices and volumes in the instrument's units."""
    return {
        "instrument": found.instrument,
        "export": found.kind,
        "period_s": found.period / _NS,
        "begin": found.begin,
        "end": found.end,
        "bars": {"compared": found.compared, "equal": found.equal},
        "causes": [
            {
                "cause": name,
                "meaning": CAUSES[name],
                "count": cause.count,
                "volume": cause.volume,
                "examples": cause.examples,
            }
            for name, cause in found.causes.items()
        ],
        "sessions": found.sessions,
    }


def as_text(found: Comparison) -> str:
    """A page."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{found.instrument}: {moment(found.begin)} to {moment(found.end)} UTC"
    what = _WHAT[found.kind]
    yield f"{found.equal:,} of {found.compared:,} {what} are equal in price and volume"
    yield ""
    if not found.causes:
        yield "nothing differs"
    for name, cause in found.causes.items():
        volume = f", {cause.volume:,g} of volume" if cause.volume else ""
        yield f"{name}: {cause.count:,}{volume}"
        yield f"  {CAUSES[name]}"
        for example in cause.examples:
            yield "  " + _example(example)
    for row in found.sessions:
        yield ""
        volume = row["volume"]
        yield (
            f"{row['trade_date']}: volume {volume['recording']:,g}, export {volume['export']:,g}"
        )
        yield "  " + _area("70 % (cbot2), trades", row["recording"]["cbot2"])
        yield "  " + _area("68 % (nt68), trades", row["recording"]["nt68"])
        basis = row["export"]["basis"]
        yield "  " + _area(f"68 % (nt68), export's {basis}", row["export"]["nt68"])


def _example(example: dict[str, Any]) -> str:
    at = example["at"]
    when = at if isinstance(at, str) else moment(at)
    said = [
        f"{key.replace('_', ' ')} {_said(value)}" for key, value in example.items() if key != "at"
    ]
    return ": ".join([when, "; ".join(said)]) if said else when


def _said(value: Any) -> str:  # noqa: ANN401 - whatever an example holds
    if isinstance(value, list):
        return " ".join(f"{number:g}" for number in value)
    if isinstance(value, dict):
        return " ".join(f"{key} {number:g}" for key, number in value.items())
    return f"{value:,g}"


def _area(name: str, area: dict[str, float]) -> str:
    return f"{name:<28} POC {area['poc']:g}  value area {area['low']:g} to {area['high']:g}"
