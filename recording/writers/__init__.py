"""Writers of recordings: entries to CSV, Parquet, journal, or NinjaTrader's dump.

Each takes the file to write and entries one by one; an entry that its format cannot hold is
refused with ``UsageError``; control entries without a place are counted.
"""

from recording.writers.base import RecordingWriter
from recording.writers.registry import WRITERS, writer_named

__all__ = ["WRITERS", "RecordingWriter", "writer_named"]
