import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import MalformedError
from market.record import RECORD
from market.ticks import Grid
from wire.json_kernels import (
    BAD_NUMBER,
    REPEATED_KEY,
    SCANNED,
    SLOW,
    TOO_DEEP,
    parse_l2_rows,
    scan,
)

STEPS = ["0.25", "0.01", "0.00005", "0.03125", "0.0000005", "5", "1", "0.001"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('{"a":{"b":[1,{"c":-2.5e10}]}}', SCANNED),
        ('{"a":1,"a":1}', REPEATED_KEY),
        ('{"\\u0061":1}', SLOW),
        ("{" + ",".join(f'"{n}":1' for n in range(49)) + "}", SLOW),
        ('{"a":18446744073709551615}', SCANNED),
        ('{"a":18446744073709551616}', BAD_NUMBER),
        ('{"a":-9223372036854775809}', BAD_NUMBER),
        ('{"a":184467440737095516160.5}', SCANNED),
        ("[" * 32, SCANNED),
        ("[" * 33, TOO_DEEP),
        ("]]]}}}", SCANNED),
        ('{"a', SCANNED),
        ('"\\', SCANNED),
        ("", SCANNED),
    ],
)
def test_scan(text: str, status: int) -> None:
    assert scan(np.frombuffer(text.encode(), np.uint8))[0] == status


def parsed(price: str, grid: Grid) -> int | None:
    text = ('{"time":1,"side":"bid","operation":"add","price":' + price + ',"volume":1}]').encode()
    out, times = np.empty(1, RECORD), np.empty(1, np.int64)
    count, _ = parse_l2_rows(
        np.frombuffer(text, np.uint8), 0, (grid.numerator, grid.denominator, 1, 1), out, times
    )
    return int(out["price"][0]) if count == 1 else None


@given(st.sampled_from(STEPS).map(Grid), st.integers(-(10**7), 10**9))
def test_prices_on_the_grid_are_read_as_the_grid_reads_them(grid: Grid, ticks: int) -> None:
    text = json.dumps(grid.to_price(ticks))
    found = parsed(text, grid)
    assert found == ticks if "e" not in text and text != "-0.0" else found is None


@given(st.sampled_from(STEPS).map(Grid), st.decimals(-10_000, 10_000, places=6))
def test_what_the_grid_refuses_is_never_read(grid: Grid, price: object) -> None:
    found = parsed(f"{price:f}", grid)
    try:
        expected = grid.to_ticks(float(str(price)))
    except MalformedError:
        assert found is None
    else:
        assert found in (None, expected)
