"""The row's text against orjson's of the same fields: streams, and rows that no stream makes."""

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook import METRICS_FIELDS, Analyzer, layout
from orderbook.describe import OUTLOOKS, PHASES
from tests.orderbook.compare import analyzer_for
from tests.orderbook.market_fuzz import make_plan
from tests.reference.records import frames_of

_INTS = st.integers(-(2**63) + 1, 2**63 - 1)
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "phase": st.integers(0, len(PHASES) - 1),
    "outlook": st.integers(-1, len(OUTLOOKS) - 1),
    "since": st.one_of(st.just(0), _INTS),
    "complete": st.integers(0, 1),
    "warmup": st.integers(0, 1),
}
_ROWS = st.fixed_dictionaries(
    {
        name: _VALUES.get(name, st.floats() if layout.METRICS_ROW[name].kind == "f" else _INTS)
        for name in METRICS_FIELDS
    }
)


def text_of(analyzer: Analyzer) -> bytes:
    return b"{" + analyzer.row_text() + b"}"


def wanted(analyzer: Analyzer) -> bytes:
    fields = analyzer.calculate_metrics()
    head = {"seq": fields.pop("seq"), "time": fields.pop("time_ns"), "book": analyzer.book_kind}
    return orjson.dumps(head | fields)


@given(row=_ROWS, by_order=st.booleans())
def test_any_row(row: dict[str, Any], by_order: bool) -> None:
    analyzer = analyzer_for()
    for name, value in row.items():
        analyzer._state["row"][name] = value
    analyzer._state["book"]["mode"] = layout.BY_ORDER if by_order else layout.BY_PRICE
    assert text_of(analyzer) == wanted(analyzer)


@pytest.mark.parametrize("seed", range(3))
def test_the_rows_of_a_stream(seed: int) -> None:
    plan = make_plan(seed, 60)
    analyzer = analyzer_for(plan.tick, plan.depth, **plan.settings)
    said = set()
    for step in plan.steps:
        if step.what == "load" or analyzer.phase == "stale":
            analyzer.load_levels(step.bids, step.asks, step.time, analyzer.seq)
        for frame in frames_of(step.recs, 50, analyzer.seq):
            if analyzer.process_l2_update(frame).fault:
                break
            assert text_of(analyzer) == wanted(analyzer)
            said.add(text_of(analyzer))
    assert len(said) > 4


def test_it_is_written_into_the_same_place() -> None:
    analyzer = analyzer_for()
    first = analyzer.row_text()
    analyzer._state["row"]["mid"] = np.float64(1.5)
    assert b'"mid":1.5,' in bytes(analyzer.row_text())
    assert len(first) < analyzer._text.nbytes
