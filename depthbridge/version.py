"""The version, in one place for a checkout, a ZIP and an installed package."""

from typing import Final

__all__ = ["VERSION"]

VERSION: Final = "0.3.0"
