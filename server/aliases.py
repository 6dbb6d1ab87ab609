"""Renamed settings: the old key still works for one release, with a warning.

An option says what it was called (``Option(..., formerly=("server.listen_port",))``); a parameter
of the analytics says so in its field's metadata. Each source of values (the file, the environment,
a publisher's ``hello.settings``) is translated before it is laid over the others, so precedence
is the same under both names.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from market.errors import SettingsError
from server.options import options_of

__all__ = ["renamed_keys", "translated"]


def renamed_keys(
    sections: Mapping[str, Any], parameters: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Old to new ``section.key``.

    Args:
        sections: by name, the dataclasses whose fields have options.
        parameters: by name, the dataclasses of the analytics.
    """
    table: dict[str, str] = {}
    for name, section in sections.items():
        for key, (option, _, _) in options_of(section).items():
            table |= dict.fromkeys(option.formerly, f"{name}.{key}")
    for name, section in (parameters or {}).items():
        for item in fields(section):
            table |= dict.fromkeys(item.metadata.get("formerly", ()), f"{name}.{item.name}")
    return table


def translated(
    values: Mapping[str, Any], renamed: Mapping[str, str]
) -> tuple[dict[str, Any], list[str]]:
    """The values of one source under their present names, and a note for each old one.

    Raises:
        SettingsError: both the old and the new key are given.
    """
    present = {
        name: dict(section) if isinstance(section, Mapping) else section
        for name, section in values.items()
    }
    notes = []
    for old, new in renamed.items():
        old_section, _, old_key = old.partition(".")
        holder = present.get(old_section)
        if not isinstance(holder, dict) or old_key not in holder:
            continue
        section, _, key = new.partition(".")
        target = present.get(section)
        if target is None:
            target = present[section] = {}
        if key in target:
            raise SettingsError(
                f"{old} and {new} are both given: {old} is the old name of {new}, remove it",
                key=old,
                allowed=new,
            )
        target[key] = holder.pop(old_key)
        notes.append(f"{old} is now called {new}; the old name goes with the next release")
        if not holder:
            del present[old_section]
    return present, notes
