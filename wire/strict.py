"""JSON text to plain values under the protocol's rules, stricter than a library's.

Refused are: a repeated key, nesting deeper than 32, an integer beyond 64 bits, NaN and Infinity,
each with the field and, within an array, the index.
"""

import json
import re
from typing import Any, Final, TypeVar

import msgspec
import numpy as np

from market.errors import MalformedError
from wire.codes import ErrorCode
from wire.json_kernels import BAD_NUMBER, MAX_DEPTH, REPEATED_KEY, SLOW, TOO_DEEP, scan

__all__ = ["convert", "loads"]

T = TypeVar("T")

_PATH: Final = re.compile(r" - at `\$(.*)`$")
_FIELD: Final = re.compile(r"\.([A-Za-z_]\w*)")
_INDEX: Final = re.compile(r"\[(\d+)\]")
_MISSING: Final = re.compile(r"missing required field `(\w+)`")
_DECODE: Final = msgspec.json.Decoder().decode


def loads(text: bytes | str, *, limit: int) -> dict[str, Any]:
    """The JSON object of this text.

    Args:
        text: UTF-8.
        limit: most bytes.

    Raises:
        MalformedError: ``too_large``, ``bad_json``, ``bad_type`` (not an object), ``repeated_key``,
            ``too_deep`` or ``bad_number``.
    """
    try:
        data = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as cause:
        raise MalformedError("not UTF-8", code=ErrorCode.BAD_JSON) from cause
    if len(data) > limit:
        raise MalformedError(
            f"{len(data)} bytes exceed the limit {limit}", code=ErrorCode.TOO_LARGE
        )
    status, index, start, stop = scan(np.frombuffer(data, np.uint8))
    if status > SLOW:
        raise _refused(data, status, index, start, stop)
    try:
        value = _DECODE(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as cause:
        code = ErrorCode.BAD_NUMBER if "out of range" in str(cause) else ErrorCode.BAD_JSON
        raise MalformedError(f"not JSON: {cause}", code=code) from cause
    if not isinstance(value, dict):
        raise MalformedError("a message is a JSON object", code=ErrorCode.BAD_TYPE)
    if status == SLOW:
        json.loads(data, object_pairs_hook=_unique)
    return value


def convert(value: object, target: type[T]) -> T:
    """Check plain values against a struct, without any coercion of types.

    Raises:
        MalformedError: ``missing_field``, ``bad_type`` or ``out_of_range`` with field and index.
    """
    try:
        return msgspec.convert(value, target, strict=True, str_keys=True)
    except msgspec.ValidationError as cause:
        raise _invalid(str(cause)) from cause


def _refused(data: bytes, status: int, index: int, start: int, stop: int) -> MalformedError:
    if status == TOO_DEEP:
        return MalformedError(f"nested deeper than {MAX_DEPTH}", code=ErrorCode.TOO_DEEP)
    field = data[start:stop].decode(errors="replace")[:64] if start >= 0 else None
    at = index if index >= 0 else None
    if status == REPEATED_KEY:
        return MalformedError(
            f"key {field!r} twice", code=ErrorCode.REPEATED_KEY, field=field, index=at
        )
    assert status == BAD_NUMBER
    return MalformedError(
        f"{field}: an integer beyond 64 bits, NaN or Infinity",
        code=ErrorCode.BAD_NUMBER,
        field=field,
        index=at,
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise MalformedError(
                    f"key {key[:64]!r} twice", code=ErrorCode.REPEATED_KEY, field=key[:64]
                )
            seen.add(key)
    return found


def _invalid(text: str) -> MalformedError:
    match = _PATH.search(text)
    path = match[1] if match else ""
    fields, indices = _FIELD.findall(path), _INDEX.findall(path)
    missing = _MISSING.search(text)
    field = missing[1] if missing else (fields[-1] if fields else None)
    code = ErrorCode.BAD_TYPE
    if missing:
        code = ErrorCode.MISSING_FIELD
    elif re.search(r"[<>]=|Invalid enum|of length|matching", text):
        code = ErrorCode.OUT_OF_RANGE
    index = int(indices[0]) if indices else None
    return MalformedError(text, code=code, field=field, index=index)
