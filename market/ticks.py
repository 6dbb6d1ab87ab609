"""The only place where prices turn from floats or decimals into ticks, and back.

A tick size is a decimal fraction (1/32 is 0.03125), so the conversion is exact integer
arithmetic: ``price = ticks * numerator / denominator``.
"""

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

from market.errors import MalformedError

__all__ = ["Grid"]

_MAX_TICKS: Final = 2**53
_NOISE_TICKS: Final = 1e-6
_NOISE_ULPS: Final = 4
_MAX_EXPONENT: Final = 40


class Grid:
    """The prices ``k * step`` of an instrument, or the sizes ``k * size_step``.

    NinjaTrader hands prices over as doubles that may carry the noise of a few additions; a value
    within 1e-6 of a step (or four ulps, if that is more) of the grid is on it, anything else is
    refused.
    """

    __slots__ = ("denominator", "numerator", "step")

    def __init__(self, step: float | str | Decimal) -> None:
        try:
            exact = _fraction(step)
        except (InvalidOperation, ValueError, OverflowError) as cause:
            raise MalformedError(f"{step!r} is not a step", code="bad_tick_size") from cause
        if exact <= 0 or exact.denominator > 10**12 or exact.numerator > 10**12:
            raise MalformedError(f"step {step!r} is out of range", code="bad_tick_size")
        self.step: Final = float(exact)
        self.numerator: Final = exact.numerator
        self.denominator: Final = exact.denominator

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.fraction == other.fraction

    def __hash__(self) -> int:
        return hash(self.fraction)

    def __repr__(self) -> str:
        return f"Grid({self.step!r})"

    @property
    def fraction(self) -> Fraction:
        """The step as an exact fraction."""
        return Fraction(self.numerator, self.denominator)

    def to_ticks(self, value: float | str | Decimal, *, field: str = "price") -> int:
        """The index of a value on the grid.

        Raises:
            MalformedError: ``off_grid`` between two steps, ``bad_number`` not finite or too large.
        """
        if isinstance(value, str | Decimal):
            return self._exact_ticks(value, field)
        if not math.isfinite(value):
            raise MalformedError(
                f"{field} {value!r} is not a number", code="bad_number", field=field
            )
        scaled = value * self.denominator / self.numerator
        if abs(scaled) >= _MAX_TICKS:
            raise MalformedError(f"{field} {value!r} is too large", code="bad_number", field=field)
        ticks = round(scaled)
        noise = max(_NOISE_TICKS * self.step, _NOISE_ULPS * math.ulp(value))
        if abs(value - self.to_price(ticks)) > noise:
            raise self._off_grid(value, field)
        return ticks

    def to_price(self, ticks: int) -> float:
        """The float nearest to ``ticks * step``; its shortest form is the decimal price."""
        return ticks * self.numerator / self.denominator

    def _exact_ticks(self, value: str | Decimal, field: str) -> int:
        try:
            exact = _fraction(value)
        except (InvalidOperation, ValueError, OverflowError) as cause:
            raise MalformedError(
                f"{field} {value!r} is not a number", code="bad_number", field=field
            ) from cause
        ticks = exact * self.denominator / self.numerator
        if ticks.denominator != 1:
            raise self._off_grid(value, field)
        if abs(ticks.numerator) >= _MAX_TICKS:
            raise MalformedError(f"{field} {value!r} is too large", code="bad_number", field=field)
        return ticks.numerator

    def _off_grid(self, value: object, field: str) -> MalformedError:
        return MalformedError(
            f"{field} {value} is not a multiple of {self.step!r}", code="off_grid", field=field
        )


def _fraction(value: float | str | Decimal) -> Fraction:
    """The decimal as a fraction; exponents like 1e999999 would fill the memory: refused."""
    decimal = Decimal(str(value))
    if abs(decimal.adjusted()) > _MAX_EXPONENT:
        raise ValueError("exponent out of range")
    return Fraction(decimal)
