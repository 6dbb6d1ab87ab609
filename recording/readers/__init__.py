"""Readers of all recording formats; each yields entries, streaming.

::

    reading.py    open_recording: a file or folder to entries
    registry.py   the one table of formats, detection by content
    opener.py     bytes of plain, gzip, zstd and xz files
    naming.py     which instrument a file is of
    text.py       drives a text parser over a file; state.py, text_kernel.py: its parts
    dump.py       NinjaTrader Market Replay dump; survey.py, zones.py: its time zone
"""

from recording.readers.reading import Recording, open_recording
from recording.readers.registry import Format, format_named, formats
from recording.readers.report import Report

__all__ = ["Format", "Recording", "Report", "format_named", "formats", "open_recording"]
