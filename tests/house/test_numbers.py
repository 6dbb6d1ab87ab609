"""Numbers of the command line: what people write, and nothing that only Python understands."""

import argparse
import math

import pytest

from depthbridge.numbers import decimal_number, whole_number


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("-3", -3), ("+12", 12), ("007", 7)])
def test_whole_numbers(text: str, value: int) -> None:
    assert whole_number(text) == value


@pytest.mark.parametrize(
    "text", ["1_0", "", " 1", "1.0", "1e3", "\u0663", "\uff11", "0x1", "9" * 19]
)
def test_what_is_no_whole_number(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no whole number"):
        whole_number(text)


@pytest.mark.parametrize(
    ("text", "value"), [("0.5", 0.5), (".5", 0.5), ("5.", 5.0), ("-2e-3", -0.002), ("1E3", 1000.0)]
)
def test_decimal_numbers(text: str, value: float) -> None:
    assert math.isclose(decimal_number(text), value)


@pytest.mark.parametrize(
    "text", ["1_0.5", "nan", "inf", "1e999", "", ".", "1,5", "\u0663", "0x1p3"]
)
def test_what_is_no_decimal_number(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no number"):
        decimal_number(text)
