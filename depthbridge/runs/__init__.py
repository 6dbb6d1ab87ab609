"""Offline runs over a recording: book rows, metrics rows with cluster events, trades, footprints.

Each is an iterable of column chunks (NumPy and pyarrow arrays by name) that streams; commands and
the Python API write or collect what it yields. What was good before a fault or a damaged line is
yielded before the error is raised.
"""

from depthbridge.runs.base import Columns, Run, every_seconds
from depthbridge.runs.book import BookRun
from depthbridge.runs.footprint import FootprintRun, bar_kind
from depthbridge.runs.metrics import MetricsRun, Watch
from depthbridge.runs.told import ClustersRun, SignalsRun
from depthbridge.runs.trades import TradesRun

__all__ = [
    "BookRun",
    "ClustersRun",
    "Columns",
    "FootprintRun",
    "MetricsRun",
    "Run",
    "SignalsRun",
    "TradesRun",
    "Watch",
    "bar_kind",
    "every_seconds",
]
