"""The bundled recording: generated depth of ES, written as NinjaTrader would dump it.

``python run.py generate`` with no settings makes the same lines again.
"""

from pathlib import Path
from typing import Final

__all__ = ["DUMP", "SIDECAR", "TRUTH"]

_FOLDER: Final = Path(__file__).resolve().parent

DUMP: Final = _FOLDER / "es_12-26.txt.zst"
"""The recording."""

SIDECAR: Final = _FOLDER / "es_12-26.txt.zst.json"
"""Instrument, tick size and time zone, which the dump itself does not say; readers find it."""

TRUTH: Final = _FOLDER / "es_12-26.truth.json"
"""What was planted in it: walls and their fate, concentrated trading."""
