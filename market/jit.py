"""The one decorator of all compiled kernels.

Numba's cache key covers the kernel's own file only, so a change in a callee would keep stale
machine code. Kernels are therefore cached only into a folder that the entry points name after a
digest of all kernel sources (``depthbridge.kernels.prepare_cache``); without such a folder they
compile in memory.

No fastmath, no error model of NumPy's: JIT on, JIT off and the twins agree bit for bit.
"""

import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from numba import njit
from numba.extending import intrinsic

__all__ = ["borrowed", "fused", "inlined", "kernel"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_CACHE = bool(os.environ.get("NUMBA_CACHE_DIR"))
_STEP: dict[str, Any] = {
    "nogil": True,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile an entry point: releases the GIL, cached, no exceptions inside."""
    compiled: Callable[_P, _R] = njit(cache=_CACHE, nogil=True)(function)
    return compiled


def inlined(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a step that only other kernels call; a way in from Python would cost time."""
    compiled: Callable[_P, _R] = njit(**_STEP)(function)
    return compiled


def fused(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """As ``inlined``, always merged into its caller: for steps cheaper than their call.

    Only kernels may call it; called from Python, Numba 0.68 crashes.
    """
    compiled: Callable[_P, _R] = njit(**_STEP, forceinline=True)(function)
    return compiled


if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":

    def borrowed(array: Any) -> Any:  # noqa: ANN401 - any array type
        """The array itself."""
        return array

else:

    @intrinsic
    def borrowed(typing_context: Any, array: Any) -> Any:  # noqa: ANN401
        """The same array without reference counting, for the time of one kernel call.

        An array that is handed from step to step costs two atomic operations a time, 9 ns of a
        depth update that takes 3; the caller holds the reference.
        """

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            view = context.make_array(signature.return_type)(context, builder, value=values[0])
            view.meminfo = view.meminfo.type(None)
            return view._getvalue()

        return array(array), generate
