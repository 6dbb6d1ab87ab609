from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import MalformedError
from market.ticks import Grid

STEPS = ["0.25", "0.01", "0.00005", "0.03125", "0.0000005", "5", "0.1", "1", "0.00001"]
grids = st.sampled_from(STEPS).map(Grid)


@given(grids, st.integers(-(2**40), 2**40))
def test_every_price_of_the_grid_comes_back(grid: Grid, ticks: int) -> None:
    price = grid.to_price(ticks)
    assert grid.to_ticks(price) == ticks
    assert abs(Fraction(price) - ticks * grid.fraction) <= abs(Fraction(price)) * Fraction(1, 2**52)


@given(grids, st.integers(-(10**8), 10**8))
def test_decimals_are_exact(grid: Grid, ticks: int) -> None:
    exact = Decimal(ticks) * Decimal(grid.numerator) / Decimal(grid.denominator)
    assert grid.to_ticks(exact) == ticks
    assert grid.to_ticks(f"{exact:f}") == ticks


@given(grids, st.integers(1, 10**6), st.integers(1, 6))
def test_the_noise_of_additions_is_forgiven(grid: Grid, ticks: int, additions: int) -> None:
    price = grid.to_price(ticks)
    for _ in range(additions):
        price = price + grid.step
    assert grid.to_ticks(price) == ticks + additions


@given(grids, st.integers(-(10**6), 10**6), st.floats(0.001, 0.999))
def test_prices_between_two_steps_are_refused(grid: Grid, ticks: int, part: float) -> None:
    with pytest.raises(MalformedError) as caught:
        grid.to_ticks(grid.to_price(ticks) + part * grid.step)
    assert caught.value.code == "off_grid"


@pytest.mark.parametrize(
    ("step", "price", "ticks"),
    [("0.25", 4500.25, 18001), ("0.01", 71.23, 7123), ("0.00005", 1.09235, 21847),
     ("0.03125", 117.96875, 3775), ("0.01", -37.63, -3763)],
)  # fmt: skip
def test_known_prices(step: str, price: float, ticks: int) -> None:
    assert Grid(step).to_ticks(price) == ticks
    assert Grid(step).to_price(ticks) == price


@pytest.mark.parametrize("step", [0, -1, "x", "", float("nan"), float("inf"), "1e-99", "1e99999"])
def test_wrong_steps_are_refused(step: float | str) -> None:
    with pytest.raises(MalformedError) as caught:
        Grid(step)
    assert caught.value.code == "bad_tick_size"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1e300, "x", "1e999999", Decimal("NaN")]
)
def test_what_is_no_number_is_refused(value: float | str | Decimal) -> None:
    with pytest.raises(MalformedError) as caught:
        Grid(0.25).to_ticks(value, field="bid")
    assert (caught.value.code, caught.value.field) == ("bad_number", "bid")


def test_grids_are_equal_by_value() -> None:
    assert Grid(0.25) == Grid("0.250")
    assert hash(Grid(0.25)) == hash(Grid("0.25"))
    assert Grid(0.25) != Grid(0.5)
    assert repr(Grid("0.25")) == "Grid(0.25)"
