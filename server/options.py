"""How a section of settings is declared: default, range, unit and comment beside each key.

A section is a frozen dataclass whose fields are ``Annotated`` with an :class:`Option`; ``build``
makes one from a mapping and refuses what is unknown or out of range.
"""

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime, time
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from market.errors import SettingsError

__all__ = ["Option", "build", "describe", "options_of"]

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_S = TypeVar("_S", bound="DataclassInstance")


class Option(NamedTuple):
    """What is allowed for a key, in a form that prints.

    Attributes:
        about: one line for the configuration file.
        low: least value, inclusive; None: no limit.
        high: largest value, inclusive.
        unit: of a number.
        choices: of a word.
        formerly: ``section.key`` under which it was known in the release before.
    """

    about: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()


def options_of(section: "type[DataclassInstance]") -> dict[str, tuple[Option, Any, Any]]:
    """Key to (option, type, default), in the order of declaration."""
    hints = get_type_hints(section, include_extras=True)
    table = {}
    for field in dataclasses.fields(section):
        hint, one = get_args(hints[field.name])
        table[field.name] = (one, hint, field.default)
    return table


def build(section: type[_S], values: Mapping[str, Any], path: str) -> _S:
    """The section from what the user wrote.

    Raises:
        SettingsError: unknown key, wrong type or out of range; with ``key`` and ``allowed``.
    """
    known = options_of(section)
    checked = {}
    for key, value in values.items():
        if key not in known:
            raise SettingsError(
                f"{path}.{key} is not a setting; allowed: {', '.join(known)}",
                key=f"{path}.{key}",
                allowed=", ".join(known),
            )
        one, hint, _ = known[key]
        checked[key] = _checked(value, one, hint, f"{path}.{key}")
    return section(**checked)


def describe(one: Option, hint: object) -> str:
    """What is allowed, in words: ``1 to 65535``, ``true or false``, ``debug, info``."""
    kind, optional = _kind(hint)
    if one.choices:
        words = ", ".join(one.choices)
    elif kind is bool:
        words = "true or false"
    elif kind is tuple:
        words = "a list of words"
    elif kind is time:
        words = "a time of day such as '04:00'"
    elif kind in (int, float):
        noun = "a whole number" if kind is int else "a number"
        words = f"{noun} {_range(one)}".strip()
    else:
        words = "a path" if kind is Path else "a word"
    return f"{words} or null" if optional else words


def _range(one: Option) -> str:
    unit = f" {one.unit}" if one.unit else ""
    if one.low is not None and one.high is not None:
        return f"{one.low:g} to {one.high:.15g}{unit}"
    if one.low is not None:
        return f"from {one.low:g}{unit}"
    return unit.strip()


def _kind(hint: object) -> tuple[object, bool]:
    """The plain type of an annotation, and whether null is allowed."""
    if get_origin(hint) in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return _kind(inner[0])[0], True
    return get_origin(hint) or hint, False


def _checked(value: Any, one: Option, hint: object, path: str) -> Any:  # noqa: ANN401
    kind, optional = _kind(hint)
    if value is None and optional:
        return None
    converted = _converted(value, kind)
    if converted is None or not _within(converted, one):
        allowed = describe(one, hint)
        raise SettingsError(f"{path} is {value!r}; allowed: {allowed}", key=path, allowed=allowed)
    return converted


def _converted(value: Any, kind: object) -> Any:  # noqa: ANN401
    """The value as the declared type, None if it is none."""
    if kind is bool:
        return value if isinstance(value, bool) else None
    if kind is int:
        return value if isinstance(value, int) and not isinstance(value, bool) else None
    if kind is float:
        good = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if good else None
    if kind is time:
        return _time_of_day(value)
    if kind is Path:
        return Path(value).expanduser() if isinstance(value, str) and value else None
    if kind is tuple:
        if isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
            return tuple(value)
        return None
    return value if isinstance(value, str) and value else None


def _time_of_day(value: object) -> time | None:
    """``HH:MM``; YAML reads 16:30 without quotes as a number to the base of 60."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    if not isinstance(value, str):
        return None
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - of whatever day and zone
    except ValueError:
        return None


def _within(value: Any, one: Option) -> bool:  # noqa: ANN401
    if one.choices:
        return value in one.choices
    if isinstance(value, int | float) and not isinstance(value, bool):
        return (one.low is None or value >= one.low) and (one.high is None or value <= one.high)
    return True
