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

from llvmlite import ir  # type: ignore[import-untyped]
from numba import njit, types
from numba.extending import intrinsic

__all__ = [
    "BLOCK",
    "bit_length",
    "borrowed",
    "brief",
    "copy_block",
    "fetched",
    "fused",
    "inlined",
    "kernel",
    "rarely",
    "unsigned",
]

_P = ParamSpec("_P")
_R = TypeVar("_R")

BLOCK = 32
"""Bytes that :func:`copy_block` copies."""
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


def brief(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """As ``kernel``, for a few microseconds: it keeps the GIL, as that costs 50 ns less a call."""
    compiled: Callable[_P, _R] = njit(cache=_CACHE)(function)
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

    def bit_length(value: int) -> int:
        """Bits of a value that is not negative."""
        return int(value).bit_length()

    def borrowed(array: Any) -> Any:  # noqa: ANN401 - any array type
        """The array itself."""
        return array

    def copy_block(target: Any, at: int, source: Any, start: int) -> None:  # noqa: ANN401 - bytes
        """BLOCK bytes from ``source[start:]`` to ``target[at:]``."""
        target[at : at + BLOCK] = source[start : start + BLOCK]

    def fetched(array: Any, index: int) -> None:  # noqa: ANN401 - any array type
        """Nothing: without the JIT there is no cache line to ask for."""

    def unsigned(index: int) -> int:
        """The index itself."""
        return index

    def rarely(condition: Any) -> Any:  # noqa: ANN401 - a bool of Python or NumPy
        """The condition itself."""
        return condition

else:

    @intrinsic
    def bit_length(typing_context: Any, value: Any) -> Any:  # noqa: ANN401
        """Bits of a value that is not negative, 0 of 0."""

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            zeros = builder.ctlz(values[0], ir.Constant(ir.IntType(1), 0))
            return builder.sub(ir.Constant(ir.IntType(64), 64), zeros)

        return types.int64(types.int64), generate

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

    @intrinsic
    def copy_block(typing_context: Any, target: Any, at: Any, source: Any, start: Any) -> Any:  # noqa: ANN401
        """BLOCK bytes from ``source[start:]`` to ``target[at:]``, both uint8, with room for them.

        Two instructions, where a loop over a few bytes costs several for each.
        """

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            places = []
            for i in (0, 2):
                view = context.make_array(signature.args[i])(context, builder, value=values[i])
                place = builder.gep(view.data, [values[i + 1]])
                block = ir.VectorType(ir.IntType(8), BLOCK).as_pointer()
                places.append(builder.bitcast(place, block))
            builder.store(builder.load(places[1], align=1), places[0], align=1)
            return context.get_dummy_value()

        return types.none(target, types.int64, source, types.int64), generate

    @intrinsic
    def fetched(typing_context: Any, array: Any, index: Any) -> Any:  # noqa: ANN401
        """Ask for the cache line of an element that will be read soon; changes nothing.

        ``index`` must be inside of the array.
        """

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            kind = signature.args[0]
            view = context.make_array(kind)(context, builder, value=values[0])
            place = context.cast(builder, values[1], signature.args[1], types.intp)
            address = builder.gep(view.data, [place])
            byte = ir.IntType(8).as_pointer()
            word = ir.IntType(32)
            shape = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
            prefetch = builder.module.declare_intrinsic("llvm.prefetch", [byte], shape)
            reading, keep, data = word(0), word(3), word(1)
            builder.call(prefetch, [builder.bitcast(address, byte), reading, keep, data])
            return context.get_dummy_value()

        return types.none(array, index), generate

    @intrinsic
    def unsigned(typing_context: Any, index: Any) -> Any:  # noqa: ANN401
        """An index that is never negative, as a type that says so; for subscripts only.

        Of a signed one Numba asks each time whether it counts from the end: three instructions,
        and more than a hundred of an order's update. Mixed with signed numbers it would become a
        float.
        """

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            return values[0]

        return types.uint64(types.int64), generate

    @intrinsic
    def rarely(typing_context: Any, condition: Any) -> Any:  # noqa: ANN401
        """A condition that seldom holds: what it guards is laid out away from the common path."""

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401
            bit = ir.IntType(1)
            expect = builder.module.declare_intrinsic(
                "llvm.expect", [bit], ir.FunctionType(bit, [bit, bit])
            )
            return builder.call(expect, [values[0], bit(0)])

        return types.boolean(types.boolean), generate
