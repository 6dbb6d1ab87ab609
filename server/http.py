"""Batches by HTTP, for whoever cannot hold a socket: the same channels, the same numbers.

A request is read and unpacked here, within its limits; everything else happens in its turn of the
pipeline, so a post and a frame never interleave.
"""

import zlib
from collections.abc import Callable
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from market.errors import DepthbridgeError, EnvironmentFault, MalformedError
from server.answers import ErrorResponse, error_response, refusal_response
from server.posts import Poster
from server.runtime import Runtime
from wire.codes import ErrorCode
from wire.messages import (
    BarUpdate,
    Fill,
    L2Update,
    L3Update,
    Message,
    Order,
    Position,
    QuoteUpdate,
    Snapshot,
    TradeUpdate,
)

__all__ = ["update_routes"]

_ROUTES: Final[dict[str, tuple[type[Message], ...]]] = {
    "/l2_update": (L2Update, Snapshot, QuoteUpdate),
    "/l3_update": (L3Update, Snapshot, QuoteUpdate),
    "/trade_update": (TradeUpdate, QuoteUpdate),
    "/bar_update": (BarUpdate,),
    "/order": (Order,),
    "/fill": (Fill,),
    "/position": (Position,),
}


def update_routes(runtime: Runtime) -> list[Route]:
    """The routes over a runtime."""
    return [
        Route(path, _endpoint(runtime, allowed), methods=["POST"])
        for path, allowed in _ROUTES.items()
    ]


def _endpoint(runtime: Runtime, allowed: tuple[type[Message], ...]) -> Callable[[Request], Any]:
    async def post(request: Request) -> Response:
        response = await answer(request)
        if isinstance(response, ErrorResponse):
            runtime.measures.refused[response.code.value] += 1
        return response

    async def answer(request: Request) -> Response:
        if not runtime.warm:
            return error_response(ErrorCode.STARTING, "kernels are warming up: try again")
        limits = runtime.settings.server
        try:
            body = await _body(request, limits.frame_bytes)
        except DepthbridgeError as error:
            return refusal_response(error)
        except ClientDisconnect:
            return error_response(ErrorCode.BAD_LENGTH, "the body was cut short")
        headers = {key.lower(): value for key, value in request.headers.items()}
        poster = Poster(runtime, headers, allowed)
        try:
            return await runtime.pipeline.submit(lambda: poster.take(body))
        except EnvironmentFault as error:
            return error_response(ErrorCode.BUSY, error.message)

    return post


async def _body(request: Request, limit: int) -> bytes:
    """The decoded body.

    Raises:
        MalformedError: ``too_large`` (as sent or decoded), ``bad_deflate``, ``bad_encoding``.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise MalformedError(
            f"content-encoding {encoding[:32]} is not gzip", code=ErrorCode.BAD_ENCODING
        )
    decoder = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None
    parts = []
    sent = size = 0
    async for chunk in request.stream():
        sent += len(chunk)
        part = chunk if decoder is None else _inflated(decoder, chunk, limit + 1 - size)
        size += len(part)
        if sent > limit or size > limit:
            raise MalformedError(f"more than {limit} bytes", code=ErrorCode.TOO_LARGE)
        parts.append(part)
    if decoder is not None and (not decoder.eof or decoder.unused_data):
        raise MalformedError("the body is not one whole gzip stream", code=ErrorCode.BAD_DEFLATE)
    return b"".join(parts)


def _inflated(decoder: Any, chunk: bytes, room: int) -> bytes:  # noqa: ANN401 - zlib hides its type
    try:
        part: bytes = decoder.decompress(chunk, max(room, 1))
    except zlib.error as cause:
        raise MalformedError(f"gzip: {cause}", code=ErrorCode.BAD_DEFLATE) from cause
    return part
