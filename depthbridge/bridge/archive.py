"""The zip for NinjaTrader's Tools > Import > NinjaScript Add-On."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from depthbridge.bridge.sources import Source

__all__ = ["INFO", "write_archive"]

INFO: Final = (
    '\ufeff<?xml version="1.0" encoding="utf-8"?>\r\n'
    "<NinjaTrader>\r\n"
    "  <Export>\r\n"
    "    <Version>8.1.5.2</Version>\r\n"
    "    <Agile>None</Agile>\r\n"
    "  </Export>\r\n"
    "</NinjaTrader>\r\n"
)
"""``Info.xml`` as NinjaTrader writes it: without it the import dialog refuses the file."""
_TIME: Final = (2026, 1, 1, 0, 0, 0)
"""The same sources make the same bytes."""


def write_archive(sources: Sequence[Source], path: Path) -> None:
    """Write the package; it appears under its name only when it is whole.

    Args:
        sources: its files.
        path: of the zip; its folder is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry("Info.xml"), INFO.encode())
        for source in sources:
            archive.writestr(_entry(source.name), source.content)
    part.replace(path)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
