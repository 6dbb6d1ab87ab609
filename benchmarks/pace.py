"""How fast this machine is beside the one that the goals are figures of.

Where a goal has no rival of its own, the one program that ran on both machines stands in: the book
of orders in C. It says what a loop with a hash table takes, and little of an interpreter or a disk.
"""

import statistics
import time
from functools import cache
from typing import Final

from benchmarks import inputs
from benchmarks.native import COrders, compiled
from market.record import Records

__all__ = ["THERE", "paced", "sample"]

THERE: Final = 11.9
"""What the book of orders in C took on the machine of the goals, ns a record."""
_ROUNDS: Final = 3


@cache
def _book() -> tuple[COrders, Records] | None:
    return None if compiled("book") is None else (COrders(base=0), inputs.orders().records)


def sample() -> list[float]:
    """What it takes here and now, ns a record of CPU time; nothing without a compiler."""
    found = _book()
    if found is None:
        return []
    book, records = found
    samples = []
    for _ in range(_ROUNDS):
        book.clear()
        start = time.process_time()
        book.apply(records)
        samples.append((time.process_time() - start) / len(records) * 1e9)
    return samples


def paced(samples: list[float]) -> dict[str, float] | None:
    """The median of a run's samples, and how many times longer that is; None without any."""
    if not samples:
        return None
    here = statistics.median(samples)
    return {"here": here, "there": THERE, "times": here / THERE}
