"""A float as JSON has it here: Python's own shortest digits, laid out as orjson does."""

import math
from decimal import Decimal

__all__ = ["float_text"]


def float_text(value: float) -> str:
    """With an exponent above 16 digits before the point, or above 4 zeros behind it."""
    if not math.isfinite(value):
        return "null"
    number = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, number.digits))
    before = 1 if value == 0 else len(digits) + int(number.exponent)
    if 0 < before <= 16:
        text = f"{digits:0<{before}}"
        text = f"{text[:before]}.{text[before:] or 0}"
    elif -4 <= before <= 0:
        text = f"0.{'0' * -before}{digits}"
    else:
        text = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "") + f"e{before - 1:+}"
    return "-" * number.sign + text
