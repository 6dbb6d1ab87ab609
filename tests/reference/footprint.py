"""Imbalances and stacks row by row, as docs/analytics.md says them."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["BUY", "SELL", "Rule", "is_imbalance", "stacks"]

BUY, SELL = "buy", "sell"


class Rule(NamedTuple):
    """Ratio, difference, volume, and the two choices."""

    ratio: float
    difference: float
    volume: float
    mode: str = "diagonal"
    zero: str = "allow"


def is_imbalance(
    buys: Mapping[int, int], sells: Mapping[int, int], price: int, what: str, rule: Rule
) -> bool:
    """Whether the row has an imbalance of the aggressor; rows that are not there count as zero."""
    if what == BUY:
        own = buys.get(price, 0)
        other = sells.get(price if rule.mode == "horizontal" else price - 1, 0)
    else:
        own = sells.get(price, 0)
        other = buys.get(price if rule.mode == "horizontal" else price + 1, 0)
    if other == 0 and rule.zero == "ignore":
        return False
    if own <= 0 or own <= rule.volume:
        return False
    return float(own) >= rule.ratio * float(other) and own - other >= rule.difference


def stacks(
    buys: Mapping[int, int], sells: Mapping[int, int], what: str, rule: Rule, rows: int
) -> list[tuple[int, int]]:
    """Lowest and highest row of each run of ``rows`` or more imbalances, ascending."""
    found: list[tuple[int, int]] = []
    prices = sorted({*buys, *sells})
    if not prices:
        return found
    run: list[int] = []
    for price in range(prices[0], prices[-1] + 2):
        if is_imbalance(buys, sells, price, what, rule):
            run.append(price)
            continue
        if len(run) >= rows:
            found.append((run[0], run[-1]))
        run = []
    return found
