"""The C# files of the bridge, as NinjaTrader's folders want them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from market.errors import UsageError

__all__ = ["FOLDERS", "PREFIX", "Source", "bridge_sources"]

FOLDERS: Final = ("AddOns", "Indicators", "Strategies")
"""Where NinjaTrader looks for each kind, below ``bin/Custom``."""
PREFIX: Final = "Depthbridge"
"""Every file begins with it, so that ours are known among the user's own."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        name: below ``bin/Custom``, with forward slashes.
        content: its bytes; lines end with CRLF, as on Windows.
    """

    name: str
    content: bytes


def bridge_sources(folder: Path) -> Sequence[Source]:
    """All files, in the order of their names.

    Args:
        folder: ``bridge/ninjatrader`` of the checkout.

    Raises:
        UsageError: there are none, or one is not plain ASCII: without a byte order mark
            NinjaTrader's compiler reads anything else in the code page of the PC.
    """
    sources = []
    for kind in FOLDERS:
        for path in sorted((folder / kind).glob(f"{PREFIX}*.cs")):
            content = path.read_bytes()
            if not content.isascii():
                raise UsageError(f"{path} is not plain ASCII")
            lines = content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            sources.append(Source(f"{kind}/{path.name}", lines))
    if not sources:
        raise UsageError(f"there is no bridge in {folder}")
    return sources
