"""Numbers as people write them on a command line: plain ASCII digits, nothing that Python adds.

Python also takes ``1_0``, ``nan``, ``inf`` and the digits of other scripts; there they are slips.
"""

import argparse
import re
from typing import Final

__all__ = ["decimal_number", "random_seed", "whole_number"]

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def whole_number(text: str) -> int:
    """A whole number, for argparse.

    Raises:
        ArgumentTypeError: it is none.
    """
    if _WHOLE.fullmatch(text) is None:
        raise argparse.ArgumentTypeError(f"{text} is no whole number")
    return int(text)


def random_seed(text: str) -> int:
    """What NumPy's generators take: a whole number from 0, for argparse.

    Raises:
        ArgumentTypeError: it is none.
    """
    value = whole_number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below 0")
    return value


def decimal_number(text: str) -> float:
    """A finite decimal number, for argparse.

    Raises:
        ArgumentTypeError: it is none.
    """
    value = float(text) if _DECIMAL.fullmatch(text) else float("inf")
    if abs(value) == float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number")
    return value
