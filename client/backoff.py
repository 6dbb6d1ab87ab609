"""How long to wait before the next attempt to connect; randomness is a parameter."""

from typing import Final

__all__ = ["Backoff"]


class Backoff:
    """Waits that double up to a limit, each spread over its second half.

    Args:
        first: first wait, seconds.
        most: longest wait, seconds.
    """

    __slots__ = ("_attempts", "_first", "_most")

    def __init__(self, first: float = 0.1, most: float = 5.0) -> None:
        self._first: Final = first
        self._most: Final = most
        self._attempts = 0

    def delay(self, chance: float) -> float:
        """The next wait, seconds; ``chance`` is uniform in [0, 1)."""
        whole = min(self._first * 2.0 ** min(self._attempts, 32), self._most)
        self._attempts += 1
        return whole * (0.5 + chance / 2)

    def reset(self) -> None:
        """The other side spoke: the next wait is the first again."""
        self._attempts = 0
