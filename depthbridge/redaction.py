"""Takes out of texts what must not leave the machine: tokens, passwords, where keys lie."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Any, Final

from server.settings import ANALYTICS, Settings

__all__ = ["HIDDEN", "Redactor"]

HIDDEN: Final = "<hidden>"
_SECRET: Final = re.compile(r"token|secret|password|passwd|credential|key|cert", re.IGNORECASE)
_SPOKEN: Final = re.compile(r"token|secret|password|passwd|credential", re.IGNORECASE)
_VARIABLE: Final = "DEPTHBRIDGE_TOKEN"
_BEARER: Final = re.compile(r"(?i)(bearer\s+)[\w.~+/=-]+")
_ASSIGNED: Final = re.compile(
    r"(?i)((?:token|secret|password|cookie|authorization)[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}]+"
)
_SHORTEST: Final = 6
"""A shorter value of a variable would be found everywhere."""


class Redactor:
    """Knows the secrets of one configuration and environment."""

    def __init__(self, settings: Settings, environment: Mapping[str, str]) -> None:
        """Learn them.

        Args:
            settings: their files are read; one that cannot be read is none.
            environment: variables whose names sound like secrets.
        """
        self._settings = settings
        self._variables = environment
        self._secrets: list[tuple[str, str]] = []
        server = settings.server
        for path in (server.token_file, server.tls_key, server.tls_certificate):
            if path is not None:
                self._hide_path(path)
        self._token = environment.get(_VARIABLE) or (
            _content(server.token_file) if server.token_file is not None else ""
        )
        self._learn(self._token)
        for name, value in environment.items():
            if _SPOKEN.search(name):
                self._learn(value)

    @property
    def token(self) -> str:
        """What opens the server; empty without one."""
        return self._token

    def _learn(self, secret: str) -> None:
        for text in {secret, secret.strip()}:
            if len(text) >= _SHORTEST:
                self._secrets.append((text, HIDDEN))
        self._secrets.sort(key=lambda pair: -len(pair[0]))

    def _hide_path(self, path: Path) -> None:
        for text in {str(path), str(path.absolute()), str(path.resolve())}:
            if len(text) > len(path.name):
                self._secrets.append((text, path.name))

    def text(self, text: str) -> str:
        """The text without them."""
        for secret, shown in self._secrets:
            text = text.replace(secret, shown)
            text = text.replace(secret.replace("\\", "\\\\"), shown)
        text = _BEARER.sub(rf"\1{HIDDEN}", text)
        return _ASSIGNED.sub(rf"\1{HIDDEN}", text)

    def holds_secret(self, data: bytes) -> bool:
        """Whether bytes that cannot be changed hold one."""
        hidden = (secret for secret, shown in self._secrets if shown == HIDDEN)
        return any(secret.encode() in data for secret in hidden)

    def configuration(self) -> dict[str, Any]:
        """Every section with its keys; of files with secrets the names only."""
        found: dict[str, Any] = {}
        for name in ("server", "recording", "logging", "book"):
            section = getattr(self._settings, name)
            found[name] = {
                item.name: _shown(item.name, getattr(section, item.name))
                for item in fields(section)
            }
        analytics = self._settings.analytics.to_mapping()
        found |= {name: analytics[name] for name in ANALYTICS if name in analytics}
        found["config_hash"] = self._settings.config_hash
        found["environment"] = {
            name: HIDDEN if _SECRET.search(name) else value
            for name, value in sorted(self._variables.items())
            if name.startswith("DEPTHBRIDGE_")
        }
        return found


def _content(path: Path) -> str:
    """What a file with a secret holds; empty where it cannot be read, for then nobody has it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def _shown(name: str, value: object) -> object:
    if isinstance(value, Path):
        return value.name if _SECRET.search(name) else str(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return list(value) if isinstance(value, tuple) else value
