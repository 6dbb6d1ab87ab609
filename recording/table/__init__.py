"""A recording as a Parquet table that loses nothing: rows of records, and all that lies between.

::

    layout.py   columns and metadata; entries that are no rows, as journal bytes
    writer.py   entries to a table
    reader.py   a table to exactly the entries that were written

``convert`` writes tables, and so does the nightly compaction of journals.
"""

from recording.table.reader import TableReader, TimedItem
from recording.table.writer import TableWriter

__all__ = ["TableReader", "TableWriter", "TimedItem"]
