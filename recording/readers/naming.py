"""Which instrument a file belongs to, when the caller does not say: by a sidecar or by its name.

A sidecar is a JSON object beside the file, ``<file name>.json``, with any of ``instrument``,
``tick_size``, ``size_step``, ``time_zone``.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from market.errors import DepthbridgeError, FileFormatError, UsageError
from market.instrument import Instrument, InstrumentTable, alias_of, contract_of

__all__ = ["Sidecar", "find_instrument", "name_in", "plain_name", "read_sidecar"]

_KEYS: Final = ("instrument", "tick_size", "size_step", "time_zone")
_CONTRACT: Final = re.compile(
    r"(?<![A-Z0-9])([A-Z0-9]{1,8})[ _](\d\d-\d\d|##-##)(?!\d)", re.IGNORECASE
)
_ALIAS: Final = re.compile(
    r"(?<![A-Z0-9])([A-Z0-9]{1,8}?[FGHJKMNQUVXZ]\d{1,2})(?![A-Z0-9])", re.IGNORECASE
)
_ENDINGS: Final = (".csv", ".txt", ".dbn", ".gz", ".zst", ".xz")
_LONGEST: Final = 64
_WORD: Final = re.compile(r"[A-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What lies beside a recording; None where it says nothing."""

    instrument: str | None = None
    tick_size: float | str | None = None
    size_step: float | str | None = None
    time_zone: str | None = None


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar of a file; keys that belong to others are left alone.

    Raises:
        FileFormatError: it is there, but it is no JSON object.
    """
    beside = path.with_name(path.name + ".json")
    if not beside.is_file():
        return Sidecar()
    try:
        values: Any = json.loads(beside.read_bytes())
    except ValueError as cause:
        raise FileFormatError(f"{beside}: {cause}", path=str(beside), offset=0) from cause
    if not isinstance(values, dict):
        raise FileFormatError(f"{beside}: not a JSON object", path=str(beside), offset=0)
    return Sidecar(**{key: values[key] for key in _KEYS if values.get(key) is not None})


def find_instrument(
    path: Path,
    table: InstrumentTable,
    *,
    instrument: str | None,
    tick_size: float | str | None,
    sidecar: Sidecar,
    otherwise: str | None = None,
) -> tuple[Instrument, str | None]:
    """The instrument, and a line that says how it was found if nobody said it.

    Order: the caller, the sidecar, the file's name, its folder's name, ``otherwise``.

    Raises:
        UsageError: unknown, with what to pass.
    """
    name = instrument or sidecar.instrument
    note = None
    if name is None:
        name = name_in(path, table) or otherwise
        if name is None:
            raise UsageError(
                f"{path}: the instrument is not in the name; pass --instrument, for example "
                "--instrument 'ES 12-26' (and --tick-size if it is not a known future)",
                code="unknown_instrument",
                path=str(path),
            )
        note = f"instrument {name} taken from the name {path.name}"
    step = tick_size if tick_size is not None else sidecar.tick_size
    try:
        return table.define(name, step, sidecar.size_step), note
    except DepthbridgeError as cause:
        if cause.code == "unknown_instrument":
            hint = f"{name} is not a known instrument; pass --tick-size, for example 0.25"
        else:
            hint = cause.message
        raise UsageError(f"{path}: {hint}", code=cause.code, path=str(path)) from cause


def plain_name(path: Path) -> str:
    """A file's name without its endings: what an instrument is called that nobody names."""
    name = path.name
    while Path(name).suffix.lower() in _ENDINGS:
        name = Path(name).stem
    return name[:_LONGEST]


def name_in(path: Path, table: InstrumentTable, *, folder: bool = True) -> str | None:
    """A contract, its alias or a known root at the beginning of a file's or its folder's name."""
    names = (path.name.upper(), *([path.absolute().parent.name.upper()] if folder else ()))
    for text in names:
        contract = _CONTRACT.search(text)
        if contract is not None:
            return f"{contract[1]} {contract[2]}"
    for text in names:
        for alias in _ALIAS.finditer(text):
            name = contract_of(alias[1])
            if name is not None and alias_of(name) and table.resolve(name):
                return name
        word = _WORD.match(text)
        if word is not None and word[0] in table.roots:
            return word[0]
    return None
