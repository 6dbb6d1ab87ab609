"""The NinjaTrader package: its files, the zip for the import dialog, compiling, installing.

It knows C# as text alone; what the files say is in ``bridge/ninjatrader/``.
"""

from depthbridge.bridge.archive import write_archive
from depthbridge.bridge.compiling import compile_sources
from depthbridge.bridge.installing import Installation
from depthbridge.bridge.sources import Source, bridge_sources

__all__ = ["Installation", "Source", "bridge_sources", "compile_sources", "write_archive"]
