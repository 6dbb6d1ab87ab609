"""What the last look at the open bar found, so that only what traded since is asked again.

An instant at which nothing reached a threshold says of every row that did not trade since that it
does not reach it now. Nothing of it shows in any output: all zeros stand for "nothing is known",
and then everything is looked at.
"""

from market.jit import inlined
from orderbook.layout import Struct

__all__ = ["forget_known"]


@inlined
def forget_known(state: Struct) -> None:
    """The bar has closed, or time begins anew."""
    known = state.known
    known.traded = 0
    known.absorbed = 0
    known.stacks = 0
    known.lowest = 0
    known.imbalances[0] = 0
    known.imbalances[1] = 0
