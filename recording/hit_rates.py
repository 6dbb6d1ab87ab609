"""Hit rates of signal rules on the user's own recordings: the file that ``review`` writes.

::

    {"format": 1,
     "rates": {"ES 12-26": {"live": {"until": 1795104000000000000,
                                     "rules": {"bounce": {"rate": 0.54, "signals": 120}}}}}}

Instruments by full name or by root, sources by word. ``until`` is the newest event time that the
rates rest on: no signal up to then has a confidence, so that no recording judges itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from market.enums import Source
from market.errors import FileFormatError, SettingsError
from market.instrument import Instrument
from orderbook import Parameters
from orderbook.signals import RULE_WORDS, with_rates

__all__ = ["HitRates", "InstrumentRates", "RuleRate"]

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class RuleRate:
    """How often a rule was right, of how many signals."""

    rate: float
    signals: int


@dataclass(frozen=True, slots=True)
class InstrumentRates:
    """The rates of one instrument and source, and the newest event time (ns) behind them."""

    until: int
    rules: Mapping[str, RuleRate]


@dataclass(frozen=True, slots=True)
class HitRates:
    """Rates by (instrument's name or root, source)."""

    rates: Mapping[tuple[str, Source], InstrumentRates] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """The rates of a file.

        Raises:
            SettingsError: there is no such file, ``key`` being ``recording.hit_rates``.
            FileFormatError: it is none that this program understands.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
        except OSError as error:
            raise SettingsError(
                f"the hit rates {path} cannot be read: {error.strerror}", key="recording.hit_rates"
            ) from error
        except ValueError as error:
            raise FileFormatError(
                f"{path} is no file of hit rates: {error}", path=str(path)
            ) from error
        try:
            return cls(_parsed(content))
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise FileFormatError(
                f"{path} is no file of hit rates that this program understands: {error!r}",
                path=str(path),
            ) from error

    def write(self, path: Path) -> None:
        """Write the file; whoever reads it meanwhile has the old one or the new one."""
        rates: dict[str, dict[str, Any]] = {}
        for (name, source), found in sorted(self.rates.items()):
            rules = {
                rule: {"rate": one.rate, "signals": one.signals}
                for rule, one in sorted(found.rules.items())
            }
            rates.setdefault(name, {})[source.value] = {"until": found.until, "rules": rules}
        part = path.with_name(f"{path.name}.part")
        text = json.dumps({"format": _FORMAT, "rates": rates}, indent=1)
        part.write_text(f"{text}\n", "utf-8")
        part.replace(path)

    def informed(
        self, parameters: Parameters, instrument: Instrument, source: Source
    ) -> Parameters:
        """Parameters that know the rates of an instrument and source; unchanged without any.

        The full name goes before the root.
        """
        for name in (instrument.symbol, instrument.root):
            found = self.rates.get((name, source))
            if found is not None:
                rules = {rule: one.rate for rule, one in found.rules.items()}
                return with_rates(parameters, rules, found.until)
        return parameters


def _parsed(content: Any) -> dict[tuple[str, Source], InstrumentRates]:  # noqa: ANN401 - JSON
    """The content of a file.

    Raises:
        AttributeError, KeyError, TypeError, ValueError: it is not as it should be.
    """
    if content["format"] != _FORMAT:
        raise ValueError(f"format {content['format']!r}")
    found = {}
    for name, sources in content["rates"].items():
        for source, given in sources.items():
            rules = {
                rule: RuleRate(float(one["rate"]), int(one["signals"]))
                for rule, one in given["rules"].items()
            }
            rates = InstrumentRates(int(given["until"]), rules)
            _require(rates)
            found[name, Source(source)] = rates
    return found


def _require(rates: InstrumentRates) -> None:
    unknown = [rule for rule in rates.rules if rule not in RULE_WORDS]
    if unknown:
        raise ValueError(f"no rule {unknown[0]!r}")
    if not all(0.0 <= one.rate <= 1.0 for one in rates.rules.values()):
        raise ValueError("a rate that is not between 0 and 1")
    if not 0 <= rates.until < 1 << 62:
        raise ValueError(f"until {rates.until}")
