"""Writers of recordings: entries to CSV or Parquet.

Each takes the file to write and entries one by one; an entry that its format cannot hold is
refused with ``UsageError``, never dropped in silence.
"""

from recording.writers.base import RecordingWriter
from recording.writers.registry import WRITERS, writer_named

__all__ = ["WRITERS", "RecordingWriter", "writer_named"]
