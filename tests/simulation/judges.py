"""What must hold at the end of a life beside its book: bars, sums of the session, makers."""

from collections import Counter
from math import isclose
from typing import Any

from recording.stream import Stream
from tests.reference.records import ASK, BID, Rec
from tests.simulation.ledger import DAY, Ledger
from tests.simulation.market import Market

__all__ = ["the_rest_is_right"]


def the_rest_is_right(stream: Stream, ledger: Ledger, market: Market, *, filled: bool) -> None:
    """Compare a stream with the plain lists of its journal, and these with the market.

    Args:
        stream: as the server left it.
        ledger: has read the journal.
        market: has said all.
        filled: all trades of the session were told again after that.
    """
    _bars_are_right(stream, ledger)
    _makers_are_right(stream, ledger)
    if len({rec.time // DAY for rec in market.plan.recs}) == 1:  # else the session has turned
        _sums_are_right(stream, ledger, market)
        # A sleep can be noticed before the list came, or after it.
        whole = ledger.sums.complete or ledger.sums.spoilt
        assert whole or not filled, "a whole list left the sums incomplete"


def _bars_are_right(stream: Stream, ledger: Ledger) -> None:
    found = {series: studies.freeze() for series, studies in stream.analyzer.bars.items()}
    assert set(found) == set(ledger.bars)
    for series, bars in ledger.bars.items():
        assert found[series]["closes"] == [close for _, close in bars[-200:]], "bars are others"
        assert found[series]["time"] == bars[-1][0]


def _sums_are_right(stream: Stream, ledger: Ledger, market: Market) -> None:
    sums, row = ledger.sums, stream.analyzer.read()
    assert bool(row["complete"][0]) is sums.complete, "the sums say otherwise of themselves"
    if sums.complete:
        assert _plain(sums.trades) == _plain(market.trades), "trades are lost or doubled"
    if sums.volume:
        assert row["cvd"][0] == sums.cvd
        assert isclose(row["vwap"][0], (sums.vwap or 0) * float(market.plan.tick), abs_tol=1e-9)
        assert stream.analyzer.analyze_volume_profile()["volume"] == sums.volume


def _plain(trades: list[Rec]) -> Counter[tuple[Any, ...]]:
    return Counter((trade.time, trade.side, trade.price, trade.size) for trade in trades)


def _makers_are_right(stream: Stream, ledger: Ledger) -> None:
    makers, found = ledger.makers, stream.maker_rows
    assert (makers is None) is (found is None)
    for side in (BID, ASK):
        if makers is not None and found is not None:
            rows = [(price, size, dict(one)) for price, size, one in found.levels(side)]
            assert rows == makers.levels(side), "rows are another maker's"
