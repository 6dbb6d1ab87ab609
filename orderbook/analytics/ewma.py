"""Exponentially weighted means by half-life, in closed form over runs of equal input."""

import math
from typing import Final

from market.jit import inlined
from orderbook.layout import Struct

__all__ = ["LN2", "ewma_clear", "ewma_extend", "ewma_update", "ewma_value", "ewma_value_at"]

LN2: Final = math.log(2.0)


@inlined
def ewma_value_at(ewma: Struct, time: int, half_life: float) -> float:
    """The mean at ``time`` (ns, not before the present run), had the input stayed what it is."""
    if ewma.anchor == ewma.x:
        return ewma.x
    elapsed = float(time - ewma.t_anchor)
    return ewma.x + (ewma.anchor - ewma.x) * math.exp(-(LN2 * elapsed) / half_life)


@inlined
def ewma_value(ewma: Struct, half_life: float) -> float:
    """The mean after its last input; meaningless while ``count`` is 0. Half-life in ns."""
    return ewma_value_at(ewma, ewma.t, half_life)


@inlined
def ewma_update(ewma: Struct, x: float, time: int, half_life: float) -> None:
    """Add one input. A change of input makes the value before it the new anchor."""
    if ewma.count == 0:
        ewma.x = x
        ewma.anchor = x
        ewma.t_anchor = time
    elif x != ewma.x:
        ewma.anchor = ewma_value(ewma, half_life)
        ewma.t_anchor = ewma.t
        ewma.x = x
    ewma.t = time
    ewma.count += 1


@inlined
def ewma_extend(ewma: Struct, time: int, inputs: int) -> None:
    """Repeat the last input ``inputs`` times, the last one at ``time``."""
    if inputs > 0:
        ewma.t = time
        ewma.count += inputs


@inlined
def ewma_clear(ewma: Struct) -> None:
    """Forget all inputs."""
    ewma.count = 0
    ewma.x = 0.0
    ewma.anchor = 0.0
