"""The commented default configuration, written from the same tables that check it."""

from dataclasses import fields
from datetime import time
from typing import Any, Final

import yaml

from orderbook import Parameters
from server.options import describe, options_of
from server.settings import (
    ANALYTICS,
    PRESETS,
    BookSettings,
    LoggingSettings,
    RecordingSettings,
    ServerSettings,
)

__all__ = ["default_yaml"]

_HEAD: Final = """\
# Depthbridge's configuration, every key with its default, what is allowed and what it means.
# A copy needs only the keys that differ. An unknown key or a value out of range stops the start.
# The environment overrides the file: DEPTHBRIDGE_<SECTION>_<KEY>, e.g. DEPTHBRIDGE_SERVER_PORT.
"""
_INSTRUMENTS: Final = """\
# Instruments by root or full name, over the shipped ones (ES, NQ, CL, GC, 6E, ...). Each may have
# tick_size (required for a new one), size_step, point_value, session (a template's name),
# depth_levels (1 to 100). Example:
#   ABC: {tick_size: 0.05, size_step: 1, point_value: 10, session: always, depth_levels: 10}
instruments: {}

# Session templates, over the shipped ones (cme_equity, cme_energy, ..., always). Example:
#   desk: {zone: Europe/Berlin, eth: ["01:10-22:00"], rth: "09:00-17:30"}
sessions: {}
"""
_WIDTH: Final = 96


def default_yaml() -> str:
    """The text of ``depthbridge.default.yaml``."""
    parts = [_HEAD, _preset(), _section("server", ServerSettings), _INSTRUMENTS]
    parts.append(_section("book", BookSettings))
    parts += [_analytics(name) for name in ANALYTICS]
    parts += [_section("recording", RecordingSettings), _section("logging", LoggingSettings)]
    return "\n".join(parts)


def _preset() -> str:
    names = ", ".join(PRESETS)
    return f"# Sets every definition to a platform's own: {names} or null.\npreset: null\n"


def _section(name: str, section: Any) -> str:  # noqa: ANN401 - a dataclass type
    about = section.__doc__.partition(": ")[2]
    lines = [f"# {about[:1].upper()}{about[1:]}" if about else "", f"{name}:"]
    for key, (one, hint, default) in options_of(section).items():
        lines += _comment(f"{one.about} [{describe(one, hint)}]")
        lines.append(f"  {key}: {_scalar(default)}")
    return "\n".join(line for line in lines if line) + "\n"


def _analytics(name: str) -> str:
    section = getattr(Parameters(), name)
    lines = [f"# {(section.__doc__ or '').partition(' (section')[0]}.", f"{name}:"]
    for item in fields(section):
        facts = item.metadata
        if "allowed" in facts:
            allowed = ", ".join(facts["allowed"])
        else:
            allowed = f"{facts['low']:g} to {facts['high']:.15g} {facts['unit']}".strip()
        lines += _comment(f"{facts['meaning']} [{allowed}]")
        lines.append(f"  {item.name}: {_scalar(item.default)}")
    return "\n".join(lines) + "\n"


def _scalar(value: object) -> str:
    plain = list(value) if isinstance(value, tuple) else value
    if isinstance(value, time):
        plain = value.strftime("%H:%M")
    text = yaml.safe_dump(plain, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(text: str) -> list[str]:
    lines: list[str] = []
    line = "  #"
    for word in text.split():
        if len(line) + 1 + len(word) > _WIDTH:
            lines.append(line)
            line = "  #"
        line += f" {word}"
    return [*lines, line]
