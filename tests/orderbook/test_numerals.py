"""Numbers as text: every float against Python's shortest digits, and against orjson's bytes."""

import math
import struct

import numpy as np
import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from market.jit import kernel
from orderbook.numerals import Text, write_float, write_int
from tests.reference.numerals import float_text

_LONGEST = 26


@kernel
def write_all(bits: NDArray[np.int64], text: Text) -> int:
    at = 0
    for i in range(len(bits)):
        at = write_float(text, at, bits[i])
        text[at] = 44  # a comma
        at += 1
    return at


@kernel
def write_whole(values: NDArray[np.int64], text: Text) -> int:
    return write_int(text, 0, values[0])


def texts(values: NDArray[np.float64]) -> bytes:
    text = np.zeros(_LONGEST * len(values), np.uint8)
    return text[: write_all(values.view(np.int64), text)].tobytes()


def text_of(value: float) -> str:
    return texts(np.array([value])).decode().removesuffix(",")


@given(st.floats())
@example(-0.0)
@example(5e-324)
@example(2.0**-44)  # as near to one decimal as to another
@example(9007199254740993.0)
@example(9_999_999_999_999_998.0)
@example(1e16)
@example(1e23)
@example(9.5e-5)
@example(0.000095)
@example(1.7976931348623157e308)
def test_a_float_has_the_fewest_digits(value: float) -> None:
    text = text_of(value)
    assert text == float_text(value)
    assert len(text) < _LONGEST
    assert not math.isfinite(value) or float(text) == value


@given(st.integers(-(2**63) + 1, 2**63 - 1))
@example(0)
@example(10**18)
@example(-(10**18) + 1)
def test_an_integer_is_written_whole(value: int) -> None:
    text = np.zeros(_LONGEST, np.uint8)
    end = write_whole(np.array([value]), text)
    assert text[:end].tobytes() == str(value).encode()


@pytest.mark.parametrize("power", range(-323, 309, 8))
def test_around_powers(power: int) -> None:
    """Where digits, exponents and the distance to the next float change."""
    middle = np.array([float(f"1e{power}"), 2.0 ** (power * 3)])
    around = np.concatenate([middle, np.nextafter(middle, 0), np.nextafter(middle, np.inf)])
    wanted = "".join(f"{float_text(value)}," for value in around.tolist())
    assert texts(around).decode() == wanted


def _patterns(count: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(11)
    scale = 10.0 ** rng.integers(-12, 18, count)
    return np.concatenate(
        [
            rng.integers(-(2**63), 2**63 - 1, count).view(np.float64),
            rng.integers(-(10**7), 10**7, count) / 4,
            np.round(rng.normal(0, 1000, count), 3),
            np.nextafter(np.round(rng.normal(0, 1000, count), 3), math.inf),
            rng.normal(0, 1, count) * scale,
        ]
    )


def test_a_hundred_thousand_are_those_of_orjson() -> None:
    values = _patterns(20_000 if _compiled() else 20)
    whole = b"[" + texts(values)[:-1] + b"]"
    assert whole == orjson.dumps(values.tolist())


def _compiled() -> bool:
    return hasattr(write_all, "signatures")


def test_the_text_of_a_float_is_of_its_bits() -> None:
    bits = struct.unpack("<q", struct.pack("<d", 6818.75))[0]
    text = np.zeros(_LONGEST, np.uint8)
    assert text[: write_all(np.array([bits]), text)].tobytes() == b"6818.75,"
