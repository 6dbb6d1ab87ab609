"""Words and fields of outputs: one word per code, null where nothing is known."""

from itertools import pairwise

import numpy as np

from market.enums import Phase
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from orderbook import METRICS_FIELDS, Analyzer, layout
from orderbook.describe import END_REASONS, EVENT_WORDS, KINDS, OUTLOOKS, PHASES, STATES

EXPORT_HEADER = (
    "index,time_ns,seq,phase,best_bid,best_ask,mid,spread,weighted_mid,queue_imbalance,imbalance,"
    "bid_ask_ratio,log2_ratio,ofi,ofi_1,ofi_2,ofi_3,ofi_4,ofi_5,ofi_z,momentum,volume,composite,"
    "outlook,cvd,delta,vwap,vwap_dev,since,complete,volume_gap,microprice,added_bid,cancelled_bid,"
    "traded_bid,added_ask,cancelled_ask,traded_ask,pulling,stacking,flow_toxicity,warmup"
)


def analyzer() -> Analyzer:
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    return Analyzer(instrument)


def test_the_row_is_the_published_header() -> None:
    assert ",".join(METRICS_FIELDS) == EXPORT_HEADER


def test_every_code_has_its_word() -> None:
    assert EVENT_WORDS[layout.EVENT_NEW] == "new"
    assert EVENT_WORDS[layout.EVENT_END] == "end"
    assert EVENT_WORDS[layout.EVENT_UPDATE] == "update"
    assert EVENT_WORDS[layout.EVENT_SNAPSHOT] == "snapshot"
    assert (KINDS[layout.RESTING], KINDS[layout.TRADED]) == ("resting", "traded")
    assert [STATES[i] for i in (layout.ACTIVE, layout.TOUCHED, layout.ENDED)] == [
        "active",
        "touched",
        "ended",
    ]
    words = {
        layout.SESSION_END: "session_end",
        layout.STALE_END: "stale",
        layout.THROUGH: "through",
        layout.CONSUMED: "consumed",
        layout.OUT_OF_WINDOW: "out_of_window",
        layout.PULLED: "pulled",
        layout.MERGED: "merged",
        layout.EXPIRED: "expired",
    }
    assert {code: END_REASONS[code] for code in words} == words
    assert END_REASONS[layout.NO_REASON] is None
    assert tuple(Phase) == PHASES
    assert PHASES[layout.STALE] == "stale"
    assert PHASES[layout.SYNCED] == "synced"
    assert len(OUTLOOKS) == 5


def test_what_is_unknown_is_null_and_never_nan() -> None:
    a = analyzer()
    records = np.zeros(1, RECORD)
    records["side"], records["price"], records["size"] = 1, 20_000, 5
    a.process_l2_update(Frame(records, 10**18, 1))
    fields = a.calculate_metrics()
    assert fields["best_bid"] == 5000
    assert fields["best_ask"] is None
    assert fields["mid"] is None
    assert fields["outlook"] is None
    assert fields["phase"] == "waiting"
    assert fields["cvd"] is None
    assert not [name for name, value in fields.items() if value != value]


def test_prices_come_out_as_the_decimals_that_went_in() -> None:
    """Ticks of 0.05 have no exact float; the shortest form must still be the price."""
    table = DEFAULT_INSTRUMENTS
    euro = table.resolve("6E 12-26")
    assert euro is not None
    a = Analyzer(euro)
    for ticks in range(21_600, 21_700):
        records = np.zeros(1, RECORD)
        records["side"], records["price"], records["size"], records["op"] = 1, ticks, 1, 1
        a.process_l2_update(Frame(records, 10**18, 1))
        assert repr(a.calculate_metrics()["best_bid"]) == f"{ticks * 5 / 100_000:.5f}".rstrip("0")


def test_reading_a_row_takes_nothing_but_its_own_ofi_marks() -> None:
    a = analyzer()
    records = np.zeros(4, RECORD)
    records["side"] = [1, 0, 1, 1]
    records["price"], records["size"] = [20_000, 20_001, 20_000, 20_000], [5, 5, 9, 7]
    records["op"], records["dt"] = [0, 0, 1, 1], [0, 0, 10, 20]
    a.process_l2_update(Frame(records, 10**18, 1))
    a.advance(10**18 + 30)
    first, second = a.read()[0], a.read()[0]
    assert first["ofi"] == -2.0  # 5 to 9 completed within the frame, 9 to 7 since
    assert second["ofi"] == 0.0
    for name in METRICS_FIELDS:
        if not name.startswith("ofi"):
            assert repr(first[name]) == repr(second[name]), name


def test_phases_are_declared_in_the_order_in_which_they_hold() -> None:
    assert all(a < b for a, b in pairwise([layout.STALE, layout.WAITING, layout.CLOSED]))


def test_before_any_event_everything_is_null_and_warming_up() -> None:
    fields = analyzer().calculate_metrics()
    known = {name: value for name, value in fields.items() if value is not None}
    assert known == {
        "time_ns": 0,
        "seq": 0,
        "phase": "waiting",
        "complete": False,
        "warmup": True,
    }
