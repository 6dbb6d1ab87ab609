"""The one error tree.

::

    DepthbridgeError            all that this program raises on purpose; carries ``code`` and facts
    ├── DataError               the peer's or the file's nonsense: refuse it, say where
    │   ├── MalformedError      one frame or message, seen from itself alone (``index``, ``field``)
    │   ├── FileFormatError     a recording that cannot be read (``path``, ``line`` or ``offset``)
    │   └── BookFaultError      rows that no market can have (``index``, ``seq``, ``reason``)
    ├── UsageError              wrong argument, unknown instrument, missing file: exit code 2
    │   └── SettingsError       a key that is unknown or out of range (``key``, ``allowed``)
    ├── SessionError            a peer out of step: busy instrument, gap, second tick size
    └── EnvironmentFault        port in use, folder in use or not writable, disk full

Anything else that reaches the top is a defect of ours. ``code`` is a stable word: it goes over the
wire and into logs, and never changes its meaning.
"""

from typing import ClassVar

__all__ = [
    "BookFaultError",
    "DataError",
    "DepthbridgeError",
    "EnvironmentFault",
    "FileFormatError",
    "MalformedError",
    "SessionError",
    "SettingsError",
    "UsageError",
]


class DepthbridgeError(Exception):
    """Root of the tree.

    ``code`` is a stable word; ``facts`` are what a program needs to act on, also part of the
    message that a person reads.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.facts = facts


class DataError(DepthbridgeError):
    """The input is wrong."""

    default_code = "data"


class MalformedError(DataError):
    """A frame or message that is wrong by itself; nothing of it was applied.

    Attributes:
        index: zero-based record within the frame or message, or None.
        field: name of the offending field, or None.
    """

    default_code = "malformed"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        index: int | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message, code=code, index=index, field=field)
        self.index = index
        self.field = field


class FileFormatError(DataError):
    """A recording that cannot be read from here on; what came before it was delivered.

    Attributes:
        path: the file.
        line: zero-based line of a text file, or None.
        offset: byte offset of a binary file, or None.
    """

    default_code = "file_format"

    def __init__(
        self,
        message: str,
        *,
        path: str,
        line: int | None = None,
        offset: int | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, code=code, path=path, line=line, offset=offset)
        self.path = path
        self.line = line
        self.offset = offset


class BookFaultError(DataError):
    """Rows that no market can have.

    Attributes:
        reason: ``unsorted``, ``too_deep``, ``mixed`` or ``checksum``.
        index: zero-based record of the frame that was not applied.
        seq: sequence number of that record.
    """

    default_code = "book_fault"

    def __init__(self, message: str, *, reason: str, index: int, seq: int) -> None:
        super().__init__(message, reason=reason, index=index, seq=seq)
        self.reason = reason
        self.index = index
        self.seq = seq


class UsageError(DepthbridgeError):
    """The caller asked for something that cannot be done; one clear line, exit code 2."""

    default_code = "usage"


class SettingsError(UsageError):
    """A setting that is unknown or out of range."""

    default_code = "settings"

    def __init__(self, message: str, *, key: str, allowed: str = "") -> None:
        super().__init__(message, key=key, allowed=allowed)
        self.key = key
        self.allowed = allowed


class SessionError(DepthbridgeError):
    """A peer out of step with the protocol's state."""

    default_code = "session"


class EnvironmentFault(DepthbridgeError):  # noqa: N818 - the machine is at fault, not the caller
    """The machine says no: port or folder in use, no permission, disk full."""

    default_code = "environment"
