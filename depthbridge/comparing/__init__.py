"""Our numbers beside NinjaTrader's own, and why they differ.

::

    tallies.py   trades and exported bars as bars with their footprints
    causes.py    what differs, by cause; pure
    report.py    the result as text and as JSON
"""

from depthbridge.comparing.causes import Comparison, check_contract, compare
from depthbridge.comparing.report import as_json, as_text
from depthbridge.comparing.tallies import Tally, tally_export, tally_recording

__all__ = [
    "Comparison",
    "Tally",
    "as_json",
    "as_text",
    "check_contract",
    "compare",
    "tally_export",
    "tally_recording",
]
