"""One HTTP post in its turn of the pipeline: whose data it is, what becomes of it, the answer."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray
from starlette.responses import Response

from market.enums import Aggressor, FrameType, Kind, Source
from market.errors import DepthbridgeError, EnvironmentFault, MalformedError, SessionError
from market.instrument import Instrument
from market.record import Frame
from recording.messages import live_clusters
from recording.stream import Result
from server.answers import error_response, json_response, refusal_response
from server.api import is_count, metrics_fields
from server.channel import Channel, Told
from server.reports import take_report
from server.runtime import Runtime
from server.snapshots import snapshot_frames
from wire.codes import ErrorCode
from wire.fast import split_plain_l2
from wire.frames import decode_frame
from wire.messages import (
    BarUpdate,
    L2Update,
    L3Update,
    Message,
    MessageDecoder,
    QuoteUpdate,
    Report,
    Snapshot,
    TradeUpdate,
    Update,
)
from wire.schema import is_session
from wire.session import ANONYMOUS, Action, Grant, State
from wire.updates import Batch, Origin, bar_values, parse_time, snapshot_update, to_batch

__all__ = ["Poster"]

_BINARY: Final = "application/octet-stream"
_KINDS: Final[dict[type[Message], tuple[Kind, ...]]] = {
    L2Update: (Kind.DEPTH_POSITION, Kind.DEPTH_PRICE, Kind.QUOTE, Kind.TRADE),
    L3Update: (Kind.ORDER, Kind.QUOTE, Kind.TRADE),
    QuoteUpdate: (Kind.QUOTE,),
    TradeUpdate: (Kind.TRADE,),
}
"""What a binary body may hold where the message may be sent: /l2_update and /l3_update take a
stream as it is numbered, trades among depth or orders."""


@dataclass(frozen=True, slots=True)
class _Post:
    """What a request says about its data, from the message or the headers."""

    instrument: str
    session: str | None
    seq: int | None
    source: Source
    tick_size: float | None
    size_step: float | None
    since_signal: int | None


class _WrongOrders:
    """Order records of a post that did not fit the book: the last 16 one by one, and how many."""

    def __init__(self, channel: Channel, origin: Origin) -> None:
        self._channel = channel
        self._origin = origin
        self._count = 0

    def note(self) -> None:
        """A frame was applied."""
        self._count += self._channel.wrong_orders

    def fields(self) -> dict[str, object]:
        """For the answer; nothing where nothing was wrong."""
        if not self._count:
            return {}
        last = self._channel.stream.analyzer.last_order_faults[-self._count :]
        index_of = self._origin.index_of
        rows = [{"index": index_of(seq), "seq": seq, "fault": word} for seq, word in last]
        return {"order_faults": {"count": self._count, "last": rows}}


class Poster:
    """One request while the pipeline works on it."""

    def __init__(
        self, runtime: Runtime, headers: dict[str, str], allowed: tuple[type[Message], ...]
    ) -> None:
        self._hub = runtime.hub
        self._measures = runtime.measures
        self._supersede = runtime.supersede
        self._limit = runtime.settings.server.frame_bytes
        self._headers = headers
        self._allowed = allowed
        self._now = runtime.clock.monotonic_ns()

    def take(self, body: bytes) -> Response:
        """Judge, record and apply; the answer."""
        measures = self._measures
        measures.http.messages += 1
        measures.http.bytes += len(body)
        if self._now >= measures.due:
            measures.begin(self._now)
        try:
            if self._headers.get("content-type", "").partition(";")[0].strip() == _BINARY:
                return self._binary(body)
            return self._json(body)
        except DepthbridgeError as error:
            return refusal_response(error)
        finally:
            measures.end()

    def _binary(self, body: bytes) -> Response:
        if not any(message in self._allowed for message in _KINDS):
            raise MalformedError("bars are JSON", code=ErrorCode.BAD_TYPE)
        frame = decode_frame(body, limit=self._limit)
        self._require_kinds(frame)
        session, name = self._session(None), self._said("instrument", None)
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
            seq=self._count("seq", frame.seq),
            source=self._source(None),
            tick_size=self._number("tick_size"),
            size_step=self._number("size_step"),
            since_signal=self._count("since_signal", None),
        )
        channel = self._channel(post)
        return self._frames(channel, post, [frame], body)

    def _require_kinds(self, frame: Frame) -> None:
        """Refuse records that do not belong to this path.

        Raises:
            MalformedError: ``bad_kind``, or ``bad_type`` for a snapshot.
        """
        if frame.type == FrameType.SNAPSHOT and Snapshot not in self._allowed:
            raise MalformedError(
                "post snapshots to /l2_update or /l3_update", code=ErrorCode.BAD_TYPE
            )
        known = [
            kind for message, kinds in _KINDS.items() if message in self._allowed for kind in kinds
        ]
        strangers = np.flatnonzero(~np.isin(frame.records["kind"], known))
        if len(strangers):
            raise MalformedError(
                "a kind of record that this path does not take",
                code=ErrorCode.BAD_KIND,
                index=int(strangers[0]),
                field="kind",
            )

    def _json(self, body: bytes) -> Response:
        decoder = MessageDecoder(self._limit)
        plain = split_plain_l2(body, decoder) if L2Update in self._allowed else None
        message = plain.message if plain is not None else decoder.decode(body)
        if isinstance(message, Report) and isinstance(message, self._allowed):
            return self._report(message)
        if not isinstance(message, self._allowed) or not isinstance(message, Update):
            names = ", ".join(str(kind.__struct_config__.tag) for kind in self._allowed)
            raise MalformedError(f"type is one of {names}", code=ErrorCode.BAD_TYPE, field="type")
        post = self._described(message)
        instrument = self._define(post)
        known = self._hub.find(instrument.symbol, post.source)
        makers = known.stream.makers if known is not None else ()
        before = known.trade_side if known is not None else Aggressor.UNKNOWN
        if isinstance(message, BarUpdate):
            values = bar_values(message)
            return self._bar(self._channel(post), post, values)
        if isinstance(message, Snapshot):
            batch = snapshot_update(message, instrument)
            self._require_orders(message)
            channel = self._channel(post)
            seq = channel.session.expected if post.seq is None else post.seq
            frames = snapshot_frames(batch.records, parse_time(message.time), seq)
            return self._frames(channel, post, frames)
        if plain is not None:
            batch = plain.batch(instrument, makers)
        else:
            batch = to_batch(message, instrument, makers, before)
        return self._records(self._channel(post), post, batch)

    def _require_orders(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot that would make the other kind of book than its path is for.

        Raises:
            MalformedError: ``bad_kind``.
        """
        by_order = L3Update in self._allowed
        if by_order and (snapshot.bids or snapshot.asks):
            raise MalformedError(
                "a snapshot of a book of orders lists 'orders'; post rows to /l2_update",
                code=ErrorCode.BAD_KIND,
                field="bids" if snapshot.bids else "asks",
            )
        if not by_order and snapshot.orders is not None:
            raise MalformedError(
                "post a snapshot of orders to /l3_update", code=ErrorCode.BAD_KIND, field="orders"
            )

    def _report(self, message: Report) -> Response:
        said = self._headers.get("x-depthbridge-instrument")
        if said is not None and said != message.instrument:
            raise _contradiction("instrument", said, message.instrument)
        known = self._hub.find(message.instrument, self._source(message.source))
        if known is not None:
            _require_journal(known)
        take_report(self._hub, message, self._source(message.source))
        return json_response({"status": "ok"})

    def _records(self, channel: Channel, post: _Post, batch: Batch) -> Response:
        seq = channel.session.expected if post.seq is None else post.seq
        frames = list(batch.frames(seq))
        if not frames and seq > channel.session.expected:
            return self._gap(channel)
        for frame in frames:
            channel.require_present(frame)
        if batch.makers and channel.session.state is not State.BROKEN:
            channel.makers((*channel.stream.makers, *batch.makers))
        response = self._frames(channel, post, frames, places=batch.places)
        channel.note_trades(batch, seq)
        return response

    def _frames(
        self,
        channel: Channel,
        post: _Post,
        frames: list[Frame],
        raw: bytes | None = None,
        places: NDArray[np.int64] | None = None,
    ) -> Response:
        snapshot = bool(frames) and frames[0].type == FrameType.SNAPSHOT
        if channel.session.state is State.BROKEN and not snapshot:
            return self._resync_required(channel)
        wrong = _WrongOrders(channel, Origin(frames[0].seq if frames else 0, places))
        result: Result | None = None
        with channel.collecting() as told:
            for frame in frames:
                before = channel.counters.records
                verdict, result = channel.frame(frame, self._now, raw)
                self._measures.http_records += channel.counters.records - before
                wrong.note()
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
        return _answer(channel, told, post.since_signal, **wrong.fields())

    def _bar(self, channel: Channel, post: _Post, values: dict[str, Any]) -> Response:
        seq = channel.session.expected if post.seq is None else post.seq
        verdict = channel.bar(seq, values, self._now)
        if verdict.gap is not None or seq > channel.session.expected:
            return self._gap(channel)
        return _answer(channel, Told([], []), post.since_signal)

    def _described(self, message: Update) -> _Post:
        """Whose data it is, by the body, the headers, or both if they agree."""
        name = self._said("instrument", message.instrument)
        if name is None:
            raise MalformedError(
                "'instrument' is missing", code=ErrorCode.MISSING_FIELD, field="instrument"
            )
        session = self._session(message.session)
        seq = self._count("seq", message.seq)
        if (session is None) != (seq is None) and not (
            isinstance(message, Snapshot) and session is None
        ):
            missing = "session" if session is None else "seq"
            raise MalformedError(
                f"{missing} is missing: send both session and seq, or neither",
                code=ErrorCode.INCOMPLETE_SESSION,
                field=missing,
            )
        return _Post(
            instrument=name,
            session=session,
            seq=seq,
            source=self._source(message.source),
            tick_size=self._number("tick_size", message.tick_size),
            size_step=self._number("size_step", message.size_step),
            since_signal=self._count("since_signal", message.since_signal),
        )

    def _said(self, field: str, given: str | None) -> str | None:
        """What the body says of a field, or the header; both only if they are the same.

        Raises:
            MalformedError: ``contradiction``.
        """
        header = self._headers.get(_header(field))
        if header is None:
            return given
        if given is not None and given != header:
            raise _contradiction(field, header, given)
        return header

    def _session(self, given: str | None) -> str | None:
        header = self._headers.get(_header("session"))
        if header is not None and not is_session(header):
            raise MalformedError(
                "the session is a UUID", code=ErrorCode.OUT_OF_RANGE, field="session"
            )
        session = self._said("session", given)
        return None if session is None else session.lower()

    def _count(self, field: str, given: int | None) -> int | None:
        header = self._headers.get(_header(field))
        if header is None:
            return given
        if not is_count(header):
            raise MalformedError(
                f"the header {field} is no number", code=ErrorCode.BAD_NUMBER, field=field
            )
        if given is not None and given != int(header):
            raise _contradiction(field, header, given)
        return int(header)

    def _source(self, given: str | None) -> Source:
        name = self._said("source", given) or Source.LIVE.value
        try:
            return Source(name)
        except ValueError as cause:
            raise MalformedError(
                f"source {name[:32]!r} is unknown", code=ErrorCode.OUT_OF_RANGE, field="source"
            ) from cause

    def _number(self, field: str, given: float | None = None) -> float | None:
        text = self._headers.get(_header(field))
        if text is None:
            return given
        try:
            number = float(text)
        except ValueError as cause:
            raise MalformedError(
                f"the header {field} is no number", code=ErrorCode.BAD_TICK_SIZE, field=field
            ) from cause
        if given is not None and given != number:
            raise _contradiction(field, text, given)
        return number

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
        if claim.grant is Grant.NEW:
            channel.publisher = None
            if claim.superseded is not None:
                self._supersede(claim.superseded)
        settings = self._hub.settings
        if channel.inherited:
            channel.configure(settings.informed(settings.analytics, instrument, post.source))
        channel.begin(session, "http")
        if post.session is None:
            _require_journal(channel)
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
            "the book is stale: post type snapshot",
            **{"from": channel.session.expected},
            ack=_ack(channel),
        )


def _header(field: str) -> str:
    return f"x-depthbridge-{field.replace('_', '-')}"


def _contradiction(field: str, header: object, body: object) -> MalformedError:
    return MalformedError(
        f"the header says {field} {str(header)[:64]!r}, the body {str(body)[:64]!r}",
        code=ErrorCode.CONTRADICTION,
        field=field,
    )


def _require_journal(channel: Channel) -> None:
    """Take nothing that cannot be told from its repetition while the disk refuses.

    Raises:
        EnvironmentFault: ``busy``.
    """
    if channel.journal_broken:
        raise EnvironmentFault(
            "the journal cannot be written; nothing was taken: try again", code=ErrorCode.BUSY
        )


def _ack(channel: Channel) -> dict[str, Any]:
    return {"seq": channel.written_seq, "durable_seq": channel.durable_seq}


def _answer(channel: Channel, told: Told, since_signal: int | None, **more: object) -> Response:
    """Ack, metrics, the live clusters and those that ended with this post, its signals.

    Instead of its own signals it has all that are later than the one that the post names.

    A numbered post can be sent again, so it is asked for until it is in the journal. One without
    numbers would be doubled: it was taken, and ``ack`` says how far the journal has come.
    """
    if channel.journal_broken and channel.session.session != ANONYMOUS:
        return error_response(ErrorCode.BUSY, "the journal cannot be written: try again")
    clusters = live_clusters(channel.stream)
    content = {
        "status": "ok",
        "ack": _ack(channel),
        "metrics": metrics_fields(channel),
        "clusters": [*told.ended, *clusters],
        "signals": told.signals if since_signal is None else channel.recent_signals(since_signal),
        **more,
    }
    return Response(orjson.dumps(content), media_type="application/json")
