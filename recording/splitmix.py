"""Random integers that are the same on every platform and Python version."""

import math
from typing import Final

__all__ = ["Random"]

_MASK: Final = 2**64 - 1
_EXPONENTIAL: Final = tuple(round(-math.log((i + 0.5) / 256) * 1024) for i in range(256))


class Random:
    """SplitMix64: tiny, fast enough, the same everywhere."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def bits(self) -> int:
        """64 random bits."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return z ^ (z >> 31)

    def below(self, limit: int) -> int:
        """An integer in [0, limit); the bias of 2^-40 does not matter here."""
        return (self.bits() >> 20) * limit >> 44

    def between(self, low: int, high: int) -> int:
        """An integer in [low, high]."""
        return low + self.below(high - low + 1)

    def exponential(self, mean: int) -> int:
        """About exponentially distributed, at most 6.2 means."""
        return mean * _EXPONENTIAL[self.bits() >> 56] >> 10
