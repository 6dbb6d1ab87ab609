"""The token, where it comes from; sessions that a login opens; how often one may try."""

import hmac
import os
import re
import secrets
import stat
import sys
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from market.errors import SettingsError

__all__ = ["VARIABLE", "Attempts", "Sessions", "Token", "readable_by_others"]

VARIABLE: Final = "DEPTHBRIDGE_TOKEN"
"""Environment variable that may hold the token instead of a file."""
_LEAST: Final = 22
"""Characters of a token with 128 bits in URL-safe base 64."""
_TOKEN: Final = re.compile(rb"[A-Za-z0-9._~+/-]+=*")
"""b64token of RFC 6750, section 2.1; nothing in it is escaped in JSON or CSV."""
_SECOND: Final = 1_000_000_000
_MOST_SESSIONS: Final = 32
_MOST_ADDRESSES: Final = 1024


class Token:
    """What a client must know. It never shows itself: neither in a log nor in a traceback."""

    __slots__ = ("_digest", "_value")

    def __init__(self, value: bytes) -> None:
        self._value = value
        self._digest = sha256(value).digest()

    def __repr__(self) -> str:
        return "Token(…)"

    def matches(self, given: bytes) -> bool:
        """Compare in a time that says nothing about where they differ."""
        return hmac.compare_digest(sha256(given).digest(), self._digest)

    def reveal(self) -> str:
        """The token itself, for a client in this very process."""
        return self._value.decode("ascii")

    @classmethod
    def load(cls, path: Path | None, environment: Mapping[str, str]) -> "Token | None":
        """The token of a file or of the environment; None: none is wanted.

        Raises:
            SettingsError: unreadable, too short, of other characters, or two that differ.
        """
        held = environment.get(VARIABLE)
        from_variable = None if held is None else _checked(held.encode(), VARIABLE)
        from_file = None if path is None else _read(path)
        if from_file and from_variable and from_file != from_variable:
            raise SettingsError(
                f"server.token_file and {VARIABLE} hold different tokens: keep one",
                key="server.token_file",
            )
        value = from_file or from_variable
        return None if value is None else cls(value)


def readable_by_others(path: Path) -> bool:
    """Whether other users of this machine may read a file (POSIX permissions)."""
    if sys.platform == "win32":
        return False
    return bool(os.stat(path).st_mode & (stat.S_IRGRP | stat.S_IROTH))  # noqa: PTH116 - follows


class Sessions:
    """Logins: random values that a browser sends back in a cookie. Only their hashes are kept."""

    def __init__(self, lifetime_ns: int) -> None:
        self._lifetime = lifetime_ns
        self._ends: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._ends)

    def open(self, now: int) -> str:
        """A new session's value; the oldest one ends if there are too many (``now`` in ns)."""
        value = secrets.token_urlsafe(32)
        self._ends = {key: end for key, end in self._ends.items() if end > now}
        if len(self._ends) >= _MOST_SESSIONS:
            del self._ends[next(iter(self._ends))]
        self._ends[_key(value)] = now + self._lifetime
        return value

    def known(self, value: str, now: int) -> bool:
        """Whether this is an open session's value."""
        return self._ends.get(_key(value), 0) > now

    def close(self, value: str) -> None:
        """End a session."""
        self._ends.pop(_key(value), None)


class Attempts:
    """How often an address may try to log in."""

    def __init__(self, per_minute: int) -> None:
        self._most = per_minute
        self._left: dict[str, tuple[float, int]] = {}

    def take(self, address: str, now: int) -> bool:
        """Use one attempt up, right or wrong; False: wait first (``now`` in ns)."""
        left, since = self._left.pop(address, (float(self._most), now))
        left = min(self._most, left + (now - since) * self._most / (60 * _SECOND))
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        if len(self._left) > _MOST_ADDRESSES:
            del self._left[next(iter(self._left))]
        return allowed


def _read(path: Path) -> bytes:
    try:
        return _checked(path.read_bytes(), f"server.token_file {path}")
    except OSError as cause:
        raise SettingsError(
            f"server.token_file {path} cannot be read: {cause.strerror}", key="server.token_file"
        ) from cause


def _checked(raw: bytes, where: str) -> bytes:
    value = raw.strip()
    if len(value) < _LEAST or not value.isascii() or not value.decode("ascii").isprintable():
        raise SettingsError(
            f"{where} holds {len(value)} characters, or some that no header can carry",
            key="server.token_file",
            allowed=f"at least {_LEAST} visible ASCII characters",
        )
    if not _TOKEN.fullmatch(value):
        raise SettingsError(
            f"{where} holds characters that no bearer token has",
            key="server.token_file",
            allowed="letters, digits and - . _ ~ + /, at the end also =",
        )
    return value


def _key(value: str) -> bytes:
    return sha256(value.encode("utf-8", "surrogatepass")).digest()
