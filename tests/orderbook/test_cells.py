"""Sorted cells of prices are found by the distance of prices, with gaps between them or without."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.jit import kernel
from orderbook.analytics.cells import find_cell
from orderbook.layout import CELL_WIDTH, PROFILE, STATE, Words


@kernel
def found(words: Words, heap: Words, price: int) -> int:
    return find_cell(words.view(STATE)[0].book.heap, heap, PROFILE, price)


@given(st.integers(-50, 50), st.lists(st.integers(1, 4), max_size=12))
def test_a_cell_is_found_where_numpy_finds_it(first: int, steps: list[int]) -> None:
    prices = np.cumsum([first, *steps])
    for count in (0, len(prices)):
        words = np.zeros(STATE.itemsize // 8, np.int64)
        header = words.view(STATE)[0]["book"]["heap"]
        header["offset"][PROFILE] = 3
        header["count"][PROFILE] = count
        heap = np.zeros(3 + CELL_WIDTH * len(prices), np.int64)
        heap[3::CELL_WIDTH] = prices
        for price in range(first - 2, int(prices[-1]) + 3):
            assert found(words, heap, price) == np.searchsorted(prices[:count], price)
