"""The programs of ``c/``, compiled where there is a compiler."""

import ctypes
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.inputs import work_folder
from market.record import Records

__all__ = ["CBook", "COrders", "compiled", "compiler_version"]

_SOURCES: Final = Path(__file__).parent / "c"
_ROWS: Final = 16
_SLOTS: Final = 1 << 14
_LEVELS: Final = 1 << 15


@cache
def compiled(name: str) -> Path | None:
    """A compiled ``c/<name>.c``: a program, or a library for ``book``; None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    source = _SOURCES / f"{name}.c"
    target = work_folder() / (f"{name}.so" if name == "book" else name)
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        options = ["-shared", "-fPIC"] if name == "book" else []
        words = [compiler, "-O3", "-march=native", *options, str(source), "-o", str(target)]
        subprocess.run(words, check=True)
    return target


class CBook:
    """A book in C, by position or by price, through ctypes."""

    def __init__(self, *, by_price: bool, base: int = 0) -> None:
        path = compiled("book")
        assert path is not None
        library = ctypes.CDLL(str(path))
        self._apply: Any = library.apply_price if by_price else library.apply_position
        self._apply.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        self._apply.restype = None
        self._by_price = by_price
        self._state = np.zeros(3 + 2 * _SLOTS if by_price else 2 + 4 * _ROWS, np.int64)
        if by_price:
            self._state[:3] = base, -1, -1

    def apply(self, records: Records) -> None:
        """Apply all records in one call."""
        self._apply(records.ctypes.data, len(records), self._state.ctypes.data)

    def best(self) -> tuple[int, int]:
        """Best (bid, ask) in ticks."""
        if self._by_price:
            base, ask, bid = self._state[:3].tolist()
            return base + bid, base + _SLOTS - 1 - ask
        return int(self._state[2 + _ROWS]), int(self._state[2])


class COrders:
    """A book of orders in C, through ctypes."""

    def __init__(self, base: int) -> None:
        path = compiled("book")
        assert path is not None
        library = ctypes.CDLL(str(path))
        self._apply: Any = library.apply_orders
        self._apply.argtypes = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)
        self._apply.restype = None
        library.size_of_table.restype = ctypes.c_int64
        self._state = np.zeros(library.size_of_table() // 8, np.int64)
        self._base = base
        self.clear()

    def clear(self) -> None:
        """Empty the book."""
        self._state[:] = 0
        self._state[:3] = self._base, -1, -1

    def apply(self, records: Records) -> None:
        """Apply all records in one call."""
        self._apply(records.ctypes.data, len(records), self._state.ctypes.data)

    def best(self) -> tuple[int, int]:
        """Best (bid, ask) in ticks."""
        base, ask, bid = self._state[:3].tolist()
        return base + bid, base + _LEVELS - 1 - ask


@cache
def compiler_version() -> str:
    """What compiles ``c/``; empty without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return ""
    answer = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=False)
    return answer.stdout.partition("\n")[0]
