"""Icebergs in an hour of ES: those of the book of orders against the exchange's own fills.

A fill names the resting order (record ``F``, which no book applies). An order that stays at its
price with more than the fill left of it had hidden size: that is the vendor's word for it, and the
analyzer, which sees trades and changes of orders only, must find the same rows.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import depthbridge
from tests.evidence.databento import mbo_events
from tests.reference.mbo_book import SNAPSHOT

pytestmark = pytest.mark.recordings

ORDERS = "databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"


def shown_again(path: Path) -> Iterator[tuple[str, float]]:
    """Side and price of each order that was filled and shows more than the fill left."""
    standing: dict[int, tuple[int, int]] = {}
    filled: dict[int, tuple[int, int, int, int]] = {}
    for event in mbo_events(path):
        ref = event.order_id
        if event.flags & SNAPSHOT and event.action != "A":
            continue
        if event.action == "F" and ref in standing:
            filled[ref] = (event.time, event.size, *standing[ref])
        elif event.action == "M":
            time, fill, size, price = filled.pop(ref, (0, 0, 0, 0))
            if (time, price) == (event.time, event.price) and event.size > size - fill:
                yield ("bid" if event.side == "B" else "ask"), price / 4
        if event.action in "AM":
            standing[ref] = (event.size, event.price)
        elif event.action == "C" and ref in standing:
            size, price = standing[ref]
            standing[ref] = (size - event.size, price)


def icebergs(path: Path, config: Path) -> list[Any]:
    table = depthbridge.open(path, config=config).clusters().to_numpy()
    return [row for row in table if row["kind"] == "iceberg"]


def test_they_are_at_the_rows_where_the_exchange_filled_hidden_size(
    recorded: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("clusters: {iceberg_refills: 1}\n")
    wanted = set(shown_again(recorded / ORDERS))
    found = {
        (row["side"], row["price_low"])
        for row in icebergs(recorded / ORDERS, config)
        if row["event"] == "new"
    }
    assert len(wanted) >= 10
    assert found == wanted


def test_both_books_show_the_same_stacks_and_absorption(recorded: Path, tmp_path: Path) -> None:
    """Trades make them: orders and the dump that was derived from them tell of the same ones."""
    config = tmp_path / "config.yaml"
    config.write_text("clusters: {icebergs: off}\n")
    told = []
    for path in (ORDERS, "ninjatrader/es_20231225_derived_from_mbo.txt"):
        day = depthbridge.open(
            recorded / path, config=config, instrument="ES 03-24", time_zone="UTC"
        )
        rows = day.clusters().to_numpy()
        told.append(
            [
                (row["kind"], row["event"], row["side"], row["price_low"], row["size"])
                for row in rows
                if row["kind"] in ("imbalance_stack", "absorption")
            ]
        )
    assert told[0] == told[1]
    assert len(told[0]) > 40
