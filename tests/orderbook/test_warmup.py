"""After the warm-up nothing is left to compile: in the middle of live data that costs seconds."""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import orderbook
from market.instrument import DEFAULT_INSTRUMENTS
from market.record import RECORD, Frame
from market.session import calendar_for
from orderbook import Analyzer

pytestmark = pytest.mark.skipif(
    os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing compiles with the JIT off"
)


def compiled() -> Iterator[tuple[str, Any]]:
    """Every kernel of the package that Python can call."""
    for found in pkgutil.walk_packages(orderbook.__path__, "orderbook."):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            own = getattr(value, "__module__", "") == module.__name__
            options = getattr(value, "targetoptions", None)
            if own and options is not None and not options.get("no_cpython_wrapper"):
                yield f"{found.name}.{name}", value


def signatures() -> dict[str, int]:
    return {name: len(value.signatures) for name, value in compiled()}


def test_every_kernel_is_warm_and_a_rough_day_compiles_nothing_more() -> None:
    orderbook.warmup()
    before = signatures()
    assert len(before) > 10
    assert [name for name, count in before.items() if not count] == []
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    analyzer = Analyzer(instrument, calendar=calendar_for(instrument.session))
    time = 1_795_099_800_000_000_000
    records = np.zeros(4, RECORD)
    records["side"], records["price"], records["size"] = (0, 1, 0, 1), (8, 7, 9, 6), 5
    records["position"] = (0, 0, 1, 1)
    analyzer.process_l2_update(Frame(records, time, 1))
    analyzer.advance(time + 2 * 86_400_000_000_000)
    analyzer.gap("feed")
    analyzer.load_levels([(7, 3)], [(9, 4)], analyzer.clock, 9)
    analyzer.process_l2_update(Frame(records, time, 9))
    analyzer.calculate_clusters()
    analyzer.analyze_volume_profile()
    assert signatures() == before
