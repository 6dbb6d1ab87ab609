"""Batches by HTTP, for whoever cannot hold a socket: the same channels, the same numbers.

A request is read and unpacked here, within its limits; everything else happens in its turn of the
pipeline, so a post and a frame never interleave.
"""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from market.enums import FrameType, Phase, Source
from market.errors import DepthbridgeError, EnvironmentFault, MalformedError, SessionError
from market.instrument import Instrument
from market.record import Frame
from recording.stream import Result
from server.answers import ErrorResponse, error_response, refusal_response
from server.api import metrics_fields
from server.channel import Channel
from server.runtime import Runtime
from server.snapshots import snapshot_frames
from wire.codes import ErrorCode
from wire.fast import split_plain_l2
from wire.frames import decode_frame
from wire.messages import (
    BarUpdate,
    L2Update,
    MessageDecoder,
    QuoteUpdate,
    Snapshot,
    TradeUpdate,
    Update,
)
from wire.session import Action, Grant, State
from wire.updates import Batch, bar_values, parse_time, snapshot_update, to_batch

__all__ = ["ANONYMOUS", "update_routes"]

ANONYMOUS: Final = "anonymous"
"""Session of posts that name none; numbered on arrival."""
_BINARY: Final = "application/octet-stream"
_ROUTES: Final[dict[str, tuple[type[Update], ...]]] = {
    "/l2_update": (L2Update, Snapshot, QuoteUpdate),
    "/trade_update": (TradeUpdate, QuoteUpdate),
    "/bar_update": (BarUpdate,),
}


@dataclass(frozen=True, slots=True)
class _Post:
    """What a request says about its data, from the message or the headers."""

    instrument: str
    session: str | None
    seq: int | None
    source: Source
    tick_size: float | None
    size_step: float | None


def update_routes(runtime: Runtime) -> list[Route]:
    """The routes over a runtime."""
    routes = [
        Route(path, _endpoint(runtime, allowed), methods=["POST"])
        for path, allowed in _ROUTES.items()
    ]
    return [*routes, Route("/l3_update", _order_level, methods=["POST"])]


async def _order_level(_: Request) -> Response:
    """Order-level books are not built: say so, with what to send instead."""
    return error_response(
        ErrorCode.BAD_KIND,
        "order-level (L3) books are not built by this version: post /l2_update",
        book="L2",
    )


def _endpoint(runtime: Runtime, allowed: tuple[type[Update], ...]) -> Callable[[Request], Any]:
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
            async with asyncio.timeout(limits.request_s):
                body = await _body(request, limits.frame_bytes)
        except TimeoutError:
            response = error_response(ErrorCode.BAD_LENGTH, "the body did not arrive in time")
            response.status_code = 408
            response.headers["connection"] = "close"
            return response
        except DepthbridgeError as error:
            return refusal_response(error)
        except ClientDisconnect:
            return error_response(ErrorCode.BAD_LENGTH, "the body was cut short")
        headers = {key.lower(): value for key, value in request.headers.items()}
        poster = _Poster(runtime, headers, allowed)
        try:
            return await runtime.pipeline.submit(lambda: poster.take(body))
        except EnvironmentFault as error:
            return error_response(ErrorCode.BUSY, error.message)

    return post


async def _body(request: Request, limit: int) -> bytes:
    """The decoded body.

    Raises:
        MalformedError: ``too_large`` (as sent or decoded), ``bad_deflate``, ``malformed``.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip"):
        raise MalformedError(f"content-encoding {encoding[:32]} is not gzip", code="malformed")
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


class _Poster:
    """One request while the pipeline works on it."""

    def __init__(
        self, runtime: Runtime, headers: dict[str, str], allowed: tuple[type[Update], ...]
    ) -> None:
        self._hub = runtime.hub
        self._measures = runtime.measures
        self._limit = runtime.settings.server.frame_bytes
        self._headers = headers
        self._allowed = allowed
        self._now = runtime.clock.monotonic_ns()

    def take(self, body: bytes) -> Response:
        """Judge, record and apply; the answer."""
        measures = self._measures
        measures.http.messages += 1
        measures.http.bytes += len(body)
        measures.begin()
        try:
            if self._headers.get("content-type", "").partition(";")[0].strip() == _BINARY:
                return self._binary(body)
            return self._json(body)
        except DepthbridgeError as error:
            return refusal_response(error)
        finally:
            measures.end()

    def _binary(self, body: bytes) -> Response:
        if L2Update not in self._allowed and TradeUpdate not in self._allowed:
            raise MalformedError("bars are JSON", code=ErrorCode.BAD_TYPE)
        frame = decode_frame(body, limit=self._limit)
        session = self._headers.get("x-depthbridge-session")
        name = self._headers.get("x-depthbridge-instrument")
        if session is None or name is None:
            missing = "session" if session is None else "instrument"
            raise MalformedError(
                f"a binary body needs the header X-Depthbridge-{missing.title()}",
                code=ErrorCode.INCOMPLETE_SESSION if session is None else ErrorCode.MISSING_FIELD,
                field=missing,
            )
        post = _Post(
            instrument=name,
            session=session,
            seq=frame.seq,
            source=self._source(None),
            tick_size=self._number("x-depthbridge-tick-size"),
            size_step=self._number("x-depthbridge-size-step"),
        )
        channel = self._channel(post)
        return self._frames(channel, [frame], body)

    def _json(self, body: bytes) -> Response:
        decoder = MessageDecoder(self._limit)
        plain = split_plain_l2(body, decoder) if L2Update in self._allowed else None
        message = plain.message if plain is not None else decoder.decode(body)
        if not isinstance(message, self._allowed):
            names = ", ".join(str(kind.__struct_config__.tag) for kind in self._allowed)
            raise MalformedError(f"type is one of {names}", code=ErrorCode.BAD_TYPE, field="type")
        post = self._described(message)
        instrument = self._define(post)
        known = self._hub.find(instrument.symbol, post.source)
        makers = known.stream.makers if known is not None else ()
        if isinstance(message, BarUpdate):
            values = bar_values(message)
            return self._bar(self._channel(post), post, values)
        if isinstance(message, Snapshot):
            batch = snapshot_update(message, instrument)
            channel = self._channel(post)
            seq = channel.session.expected if post.seq is None else post.seq
            frames = snapshot_frames(batch.records, parse_time(message.time), seq)
            return self._frames(channel, frames)
        if plain is not None:
            batch = plain.batch(instrument, makers)
        else:
            batch = to_batch(message, instrument, makers)
        return self._records(self._channel(post), post, batch)

    def _records(self, channel: Channel, post: _Post, batch: Batch) -> Response:
        seq = channel.session.expected if post.seq is None else post.seq
        frames = list(batch.frames(seq))
        if batch.makers and channel.session.state is not State.BROKEN:
            channel.makers((*channel.stream.makers, *batch.makers))
        return self._frames(channel, frames)

    def _frames(self, channel: Channel, frames: list[Frame], raw: bytes | None = None) -> Response:
        snapshot = bool(frames) and frames[0].type == FrameType.SNAPSHOT
        if channel.session.state is State.BROKEN and not snapshot:
            return self._resync_required(channel)
        ended: list[dict[str, Any]] = []
        result: Result | None = None
        with channel.collecting(ended):
            for frame in frames:
                before = channel.counters.records
                verdict, result = channel.frame(frame, self._now, raw)
                self._measures.http_records += channel.counters.records - before
                if verdict.action is Action.DROP and frame.seq > channel.session.expected:
                    return self._gap(channel)
                if result is not None and result.fault is not None:
                    break
        if result is not None and result.fault is not None:
            return error_response(
                ErrorCode.BOOK_FAULT,
                f"{result.fault}: the records before it are applied; send a snapshot",
                ack=_ack(channel),
                reason=result.fault,
            )
        return _answer(channel, ended)

    def _bar(self, channel: Channel, post: _Post, values: dict[str, Any]) -> Response:
        seq = channel.session.expected if post.seq is None else post.seq
        verdict = channel.bar(seq, values, self._now)
        if verdict.gap is not None or seq > channel.session.expected:
            return self._gap(channel)
        return _answer(channel, [])

    def _described(self, message: Update) -> _Post:
        if message.instrument is None:
            raise MalformedError(
                "'instrument' is missing", code=ErrorCode.MISSING_FIELD, field="instrument"
            )
        if (message.session is None) != (message.seq is None) and not (
            isinstance(message, Snapshot) and message.seq is None
        ):
            missing = "session" if message.session is None else "seq"
            raise MalformedError(
                f"{missing} is missing: send both session and seq, or neither",
                code=ErrorCode.INCOMPLETE_SESSION,
                field=missing,
            )
        return _Post(
            instrument=message.instrument,
            session=message.session,
            seq=message.seq,
            source=self._source(message.source),
            tick_size=message.tick_size,
            size_step=message.size_step,
        )

    def _source(self, given: str | None) -> Source:
        name = given or self._headers.get("x-depthbridge-source", Source.LIVE.value)
        try:
            return Source(name)
        except ValueError as cause:
            raise MalformedError(
                f"source {name[:32]!r} is unknown", code=ErrorCode.OUT_OF_RANGE, field="source"
            ) from cause

    def _number(self, header: str) -> float | None:
        text = self._headers.get(header)
        if text is None:
            return None
        try:
            return float(text)
        except ValueError as cause:
            raise MalformedError(
                f"{header} is no number", code=ErrorCode.BAD_TICK_SIZE, field=header
            ) from cause

    def _define(self, post: _Post) -> Instrument:
        return self._hub.define(post.instrument, tick_size=post.tick_size, size_step=post.size_step)

    def _channel(self, post: _Post) -> Channel:
        """The channel, if this request may publish to it.

        Raises:
            SessionError: ``instrument_busy``.
        """
        instrument = self._define(post)
        session = post.session or ANONYMOUS
        key = (instrument.symbol, post.source)
        claim = self._hub.publishers.claim(key, session, None, self._now)
        if claim.grant is Grant.BUSY:
            raise SessionError(
                f"another session publishes {instrument.symbol} as {post.source.value}; wait for "
                "its bye or 30 s of its absence",
                code=ErrorCode.INSTRUMENT_BUSY,
            )
        channel = self._hub.channel(instrument, post.source)
        channel.begin(session, "http")
        return channel

    def _gap(self, channel: Channel) -> Response:
        return error_response(
            ErrorCode.GAP,
            f"records are missing: continue at {channel.session.expected}",
            **{"from": channel.session.expected},
            ack=_ack(channel),
        )

    def _resync_required(self, channel: Channel) -> Response:
        return error_response(
            ErrorCode.RESYNC_REQUIRED,
            "the book is stale: post type snapshot to /l2_update",
            **{"from": channel.session.expected},
            ack=_ack(channel),
        )


def _ack(channel: Channel) -> dict[str, Any]:
    return {"seq": channel.written_seq, "durable_seq": channel.durable_seq}


def _answer(channel: Channel, ended: list[dict[str, Any]]) -> Response:
    """Ack, metrics, the live clusters and those that ended with this post."""
    if channel.journal_broken:
        return error_response(ErrorCode.BUSY, "the journal cannot be written: try again")
    clusters: list[dict[str, Any]] = []
    if channel.stream.phase is not Phase.STALE:
        clusters = channel.stream.analyzer.calculate_clusters()
    content = {
        "status": "ok",
        "ack": _ack(channel),
        "metrics": metrics_fields(channel),
        "clusters": [*ended, *clusters],
        "signals": [],
    }
    return Response(orjson.dumps(content), media_type="application/json")
