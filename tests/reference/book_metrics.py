"""What a row reads from the book itself: touch, imbalance, ratio."""

import math

from market.ticks import Grid
from tests.reference.ewma import LN2
from tests.reference.position_book import Rows
from tests.reference.settings import Settings

__all__ = ["book_metrics", "crossed", "two_sided"]

Metrics = dict[str, float | None]


def two_sided(bids: Rows, asks: Rows) -> bool:
    return bool(bids) and bool(asks)


def crossed(bids: Rows, asks: Rows) -> bool:
    """Crossed or locked."""
    return two_sided(bids, asks) and bids[0][0] >= asks[0][0]


def book_metrics(bids: Rows, asks: Rows, tick: Grid, settings: Settings) -> Metrics:
    """Fields of a metrics row; None is null."""
    found: Metrics = dict.fromkeys(
        (
            "best_bid",
            "best_ask",
            "mid",
            "spread",
            "weighted_mid",
            "queue_imbalance",
            "imbalance",
            "bid_ask_ratio",
            "log2_ratio",
        )
    )
    if bids:
        found["best_bid"] = tick.to_price(bids[0][0])
    if asks:
        found["best_ask"] = tick.to_price(asks[0][0])
    if not two_sided(bids, asks) or crossed(bids, asks):
        return found
    (bb, b0), (ba, a0) = bids[0], asks[0]
    found["mid"] = (bb + ba) / 2 * tick.numerator / tick.denominator
    found["spread"] = float(ba - bb)
    if a0 + b0:
        found["weighted_mid"] = (bb * a0 + ba * b0) / (a0 + b0) * tick.numerator / tick.denominator
        found["queue_imbalance"] = (b0 - a0) / (b0 + a0)
    _weighted(found, bids, asks, settings)
    return found


def _weighted(found: Metrics, bids: Rows, asks: Rows, settings: Settings) -> None:
    difference = total = 0.0
    sum_b = sum_a = 0
    for row in range(settings.levels):
        b = bids[row][1] if row < len(bids) else 0
        a = asks[row][1] if row < len(asks) else 0
        weight = math.exp(-LN2 * row / settings.halve)
        difference += weight * (b - a)
        total += weight * (b + a)
        sum_b += b
        sum_a += a
    if total:
        found["imbalance"] = 100.0 * difference / total
    if sum_a:
        ratio = sum_b / sum_a
        found["bid_ask_ratio"] = ratio
        if ratio:
            found["log2_ratio"] = math.log(ratio) / LN2
