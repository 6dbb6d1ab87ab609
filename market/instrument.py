"""What is traded: tick size, size step, point value and session, by root and by contract.

The shipped table knows the roots of the usual CME groups. A contract (``ES 12-26``, alias
``ESZ6``) inherits from its root and is otherwise a thing of its own: contracts are never merged.
Tick sizes and contract sizes are the exchange's contract specifications of 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from market.errors import MalformedError, SessionError, SettingsError
from market.ticks import Grid

__all__ = ["DEFAULT_INSTRUMENTS", "Instrument", "InstrumentTable", "alias_of", "contract_of"]

_MONTHS: Final = "FGHJKMNQUVXZ"
_FIRST_YEAR: Final = 2020
_CONTRACT: Final = re.compile(r"([A-Z0-9]{1,8}) (?:(\d\d)-(\d\d)|##-##)", re.ASCII)
_ALIAS: Final = re.compile(rf"([A-Z0-9]{{1,8}}?)([{_MONTHS}])(\d{{1,2}})", re.ASCII)
_MAX_SYMBOL: Final = 64
_MAX_LEVELS: Final = 100
_UNKNOWN_SESSION: Final = "always"


@dataclass(frozen=True, slots=True)
class Instrument:
    """One instrument.

    Attributes:
        symbol: NinjaTrader's full name, ``ES 12-26``.
        root: ``ES``.
        tick: the grid of prices.
        size: the grid of sizes.
        point_value: money per price unit and contract, in the quote currency.
        session: name of the session template, see :mod:`market.session`.
        depth_levels: rows per side that the source shows.
        aliases: other names of the same contract, ``("ESZ6",)``.
    """

    symbol: str
    root: str
    tick: Grid
    size: Grid
    point_value: float
    session: str
    depth_levels: int = 10
    aliases: tuple[str, ...] = ()

    def require(
        self, *, tick_size: float | str | None = None, size_step: float | str | None = None
    ) -> None:
        """Refuse a declaration that contradicts this instrument.

        Raises:
            SessionError: ``tick_size_conflict``, with ``field``, ``known`` and ``declared``.
            MalformedError: ``bad_tick_size`` when the value is not a step at all.
        """
        for field, declared, known in (
            ("tick_size", tick_size, self.tick),
            ("size_step", size_step, self.size),
        ):
            if declared is not None and Grid(declared) != known:
                raise SessionError(
                    f"{self.symbol}: {field} is {known.step!r} here, not {declared}; send that, "
                    "or change it in the configuration section 'instruments'",
                    code="tick_size_conflict",
                    field=field,
                    known=known.step,
                    declared=declared,
                    instrument=self.symbol,
                )


def contract_of(alias: str) -> str | None:
    """``ES 12-26`` for ``ESZ6`` or ``ESZ26``; None when it is not such a name.

    A single digit means a year from 2020 to 2029; two digits say it exactly.
    """
    match = _ALIAS.fullmatch(alias)
    if match is None:
        return None
    root, letter, digits = match.groups()
    year = int(digits) + (_FIRST_YEAR if len(digits) == 1 else 0)
    return f"{root} {_MONTHS.index(letter) + 1:02d}-{year % 100:02d}"


def alias_of(contract: str) -> str | None:
    """``ESZ6`` for ``ES 12-26``; None when it is not a contract's name."""
    match = _CONTRACT.fullmatch(contract)
    if match is None or match[2] is None or not 1 <= int(match[2]) <= len(_MONTHS):
        return None
    return f"{match[1]}{_MONTHS[int(match[2]) - 1]}{match[3][-1]}"


class InstrumentTable:
    """Instruments by name; does not change after construction."""

    __slots__ = ("_roots",)

    def __init__(self, roots: Mapping[str, Instrument]) -> None:
        self._roots: Final = dict(roots)

    @property
    def roots(self) -> tuple[str, ...]:
        """The names that contracts inherit from, in the table's order."""
        return tuple(self._roots)

    def with_settings(self, settings: Mapping[str, Mapping[str, Any]]) -> "InstrumentTable":
        """A table with the user's section ``instruments`` laid over this one.

        Args:
            settings: by root or full symbol, each with ``tick_size`` (required for a new one),
                ``size_step``, ``point_value``, ``session``, ``depth_levels``.

        Raises:
            SettingsError: an unknown key, a missing tick size, or a value out of range.
        """
        roots = dict(self._roots)
        for name, values in settings.items():
            roots[name] = _configured(name, values, self.resolve(name))
        return InstrumentTable(roots)

    def resolve(self, name: str) -> Instrument | None:
        """The instrument of a symbol, an alias (``ESZ6``) or a root (``ES``); None: unknown."""
        known = self._roots.get(name)
        if known is not None:
            return known
        contract = name if _CONTRACT.fullmatch(name) else contract_of(name)
        match = _CONTRACT.fullmatch(contract) if contract else None
        if contract is None or match is None or (match[2] and not 1 <= int(match[2]) <= 12):
            return None
        known = self._roots.get(contract)
        if known is not None:
            return known
        root = self._roots.get(match[1])
        if root is None:
            return None
        alias = alias_of(contract)
        return replace(root, symbol=contract, aliases=(alias,) if alias else ())

    def define(
        self,
        symbol: str,
        tick_size: float | str | None = None,
        size_step: float | str | None = None,
        point_value: float | None = None,
        depth_levels: int | None = None,
    ) -> Instrument:
        """The instrument that a publisher declares.

        A known one keeps its own tick size and size step; what it declares beyond that is taken.

        Raises:
            SessionError: ``unknown_instrument`` when neither known nor given a tick size;
                ``tick_size_conflict`` when it contradicts a known one.
            MalformedError: ``bad_tick_size`` or ``out_of_range``.
        """
        known = self.resolve(symbol)
        if known is None:
            known = _declared(symbol, tick_size, size_step)
        else:
            known.require(tick_size=tick_size, size_step=size_step)
        if point_value is not None:
            if not 0 < point_value < 1e12:
                raise _out_of_range("point_value", point_value, "more than 0")
            known = replace(known, point_value=float(point_value))
        if depth_levels is not None:
            if not 1 <= depth_levels <= _MAX_LEVELS:
                raise _out_of_range("depth_levels", depth_levels, f"1 to {_MAX_LEVELS}")
            known = replace(known, depth_levels=depth_levels)
        return known


def _declared(
    symbol: str, tick_size: float | str | None, size_step: float | str | None
) -> Instrument:
    if not 0 < len(symbol) <= _MAX_SYMBOL or not symbol.isprintable():
        raise MalformedError(
            f"a symbol has 1 to {_MAX_SYMBOL} printable characters",
            code="out_of_range",
            field="instrument",
        )
    if tick_size is None:
        raise SessionError(
            f"{symbol} is not known here: send its 'tick_size' (and 'size_step', if it is not 1), "
            "or add it to the configuration section 'instruments'",
            code="unknown_instrument",
            instrument=symbol,
        )
    match = _CONTRACT.fullmatch(symbol)
    alias = alias_of(symbol)
    return Instrument(
        symbol=symbol,
        root=match[1] if match else symbol,
        tick=Grid(tick_size),
        size=Grid(1 if size_step is None else size_step),
        point_value=1.0,
        session=_UNKNOWN_SESSION,
        aliases=(alias,) if alias else (),
    )


def _out_of_range(field: str, value: object, allowed: str) -> MalformedError:
    return MalformedError(f"{field} {value!r} is not {allowed}", code="out_of_range", field=field)


def _configured(name: str, values: Mapping[str, Any], known: Instrument | None) -> Instrument:
    allowed = ("tick_size", "size_step", "point_value", "session", "depth_levels")
    path = f"instruments.{name}"
    for key in values:
        if key not in allowed:
            raise SettingsError(
                f"{path}.{key} is unknown; allowed: {', '.join(allowed)}",
                key=f"{path}.{key}",
                allowed=", ".join(allowed),
            )
    if known is None and "tick_size" not in values:
        raise SettingsError(f"{path}.tick_size is missing", key=f"{path}.tick_size")
    try:
        base = known or _declared(name, values["tick_size"], None)
        return replace(
            base,
            tick=Grid(values["tick_size"]) if "tick_size" in values else base.tick,
            size=Grid(values["size_step"]) if "size_step" in values else base.size,
            point_value=_positive(path, values, base.point_value),
            session=str(values.get("session", base.session)),
            depth_levels=_levels(path, values, base.depth_levels),
        )
    except MalformedError as cause:
        raise SettingsError(f"{path}: {cause.message}", key=path) from cause


def _positive(path: str, values: Mapping[str, Any], default: float) -> float:
    value = values.get("point_value", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e12:
        raise SettingsError(
            f"{path}.point_value {value!r} is not more than 0",
            key=f"{path}.point_value",
            allowed="more than 0",
        )
    return float(value)


def _levels(path: str, values: Mapping[str, Any], default: int) -> int:
    value = values.get("depth_levels", default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MAX_LEVELS:
        raise SettingsError(
            f"{path}.depth_levels {value!r} is not 1 to {_MAX_LEVELS}",
            key=f"{path}.depth_levels",
            allowed=f"1 to {_MAX_LEVELS}",
        )
    return value


_SHIPPED: Final = """
cme_equity    ES 0.25 50 | NQ 0.25 20 | YM 1 5 | RTY 0.1 50
cme_equity    MES 0.25 5 | MNQ 0.25 2 | MYM 1 0.5 | M2K 0.1 5
cme_energy    CL 0.01 1000 | MCL 0.01 100 | NG 0.001 10000 | RB 0.0001 42000 | HO 0.0001 42000
cme_metals    GC 0.1 100 | MGC 0.1 10 | SI 0.005 5000 | SIL 0.005 1000 | HG 0.0005 25000
cme_metals    PL 0.1 50 | PA 0.5 100
cme_fx        6E 0.00005 125000 | 6B 0.0001 62500 | 6J 0.0000005 12500000 | 6A 0.00005 100000
cme_fx        6C 0.00005 100000 | 6S 0.00005 125000 | 6N 0.00005 100000 | M6E 0.0001 12500
cme_rates     ZB 0.03125 1000 | ZN 0.015625 1000 | ZF 0.0078125 1000 | ZT 0.00390625 2000
cme_rates     UB 0.03125 1000 | TN 0.015625 1000
cme_grains    ZC 0.25 50 | ZS 0.25 50 | ZW 0.25 50 | ZM 0.1 100 | ZL 0.01 600
cme_livestock LE 0.025 400 | HE 0.025 400 | GF 0.025 500
cme_crypto    BTC 5 5 | MBT 5 0.1 | ETH 0.5 50 | MET 0.5 0.1
"""
"""Session template, then root, tick size and point value (grains in cents)."""


def _shipped() -> dict[str, Instrument]:
    roots = {}
    for line in _SHIPPED.strip().splitlines():
        session, rest = line.split(maxsplit=1)
        for entry in rest.split("|"):
            root, tick, point_value = entry.split()
            roots[root] = Instrument(root, root, Grid(tick), Grid(1), float(point_value), session)
    return roots


DEFAULT_INSTRUMENTS: Final = InstrumentTable(_shipped())
"""The roots of the CME groups."""
