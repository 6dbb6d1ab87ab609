"""Depthbridge: depth of market in, decisions out. This is the command line and the Python API.

::

    import depthbridge

    day = depthbridge.open("ES", "2026-11-19")
    day.book(levels=10, every="1s").to_polars()
    day.trades().to_pandas()
    day.metrics().to_numpy()

    async with depthbridge.Client("ws://127.0.0.1:8765/ws") as client:
        async for signal in client.signals():
            ...

Nothing is read before a table is asked for.
"""

from typing import TYPE_CHECKING, Any

from depthbridge.kernels import prepare_cache

prepare_cache()

if TYPE_CHECKING:
    from client import Client
    from depthbridge.api import Recorded, Table, open

__all__ = ["Client", "Recorded", "Table", "open"]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    # Lazily, so that the command line starts quickly; kernels only after their cache is set.
    if name == "Client":
        from client import Client

        return Client
    if name in __all__:
        from depthbridge import api

        return getattr(api, name)
    raise AttributeError(f"module 'depthbridge' has no attribute {name!r}")
