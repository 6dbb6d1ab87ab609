"""Compiles every kernel that live data goes through."""

import gc

import orderbook
import wire.fast
import wire.frames

__all__ = ["warm_kernels"]


def warm_kernels() -> None:
    """Compile, or load from the cache; takes milliseconds, or a minute or two.

    A compiler makes millions of small objects that stay: collecting them costs a fifth of its time.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        wire.frames.warmup()
        wire.fast.warmup()
        orderbook.warmup()
    finally:
        if collected:
            gc.enable()
