"""The HTTP protocol class that uvicorn runs: strict heads, deadlines, bounded everything.

One request at a time: what a client sends ahead waits, bounded, until it has its answer. A request
must be whole within ``request_s`` of its connection's beginning, of the previous answer or, on a
connection that was idle since, of its first byte. Whatever ends a connection has a moment to be
read; then the connection is thrown away, whether or not the peer takes part.
"""

import asyncio
import logging
from collections import Counter
from typing import Any, Final, cast
from urllib.parse import unquote

from uvicorn._types import ASGI3Application, HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle
from uvicorn.protocols.utils import get_local_addr, is_ssl
from uvicorn.server import ServerState

from server.guard.answering import AnswerTransport, refusal_bytes
from server.guard.bodies import Body, ChunkedBody, LengthBody
from server.guard.deadline import Deadline, Deadlines
from server.guard.heads import Head, HeadLimits, Refusal, early_refusal, parse_head
from server.guard.table import Table
from server.settings import ServerSettings
from wire.codes import ErrorCode

__all__ = ["HEALTH_PATHS", "Front", "RequestProtocol"]

_LOG: Final = logging.getLogger("uvicorn.error")
HEALTH_PATHS: Final = frozenset(("/health", "/livez", "/readyz"))
"""What is answered even when nothing else is."""
_AHEAD: Final = 1 << 16
"""Bytes beyond the present request that may wait before reading pauses."""
_BODY_AHEAD: Final = 1 << 16
"""Bytes of a body that may wait for the application before reading pauses."""
_LINGER_S: Final = 1.0
"""How long a client may take to read why it was refused."""
_CLOSE_S: Final = 2.0
"""How long the last bytes of an answer may take."""


class Front:
    """What all HTTP connections of a server share.

    Attributes:
        table: the connections.
        refused: counts requests that never reached the application, by code.
    """

    def __init__(self, settings: ServerSettings, refused: Counter[str]) -> None:
        self.settings = settings
        self.heads = HeadLimits(
            settings.header_bytes, settings.request_line_bytes, settings.header_fields
        )
        self.refused = refused
        self.table: Table[RequestProtocol] = Table(
            settings.http_connections,
            settings.http_connections_per_address,
            RequestProtocol.make_room,
        )
        self._deadlines: Deadlines | None = None

    def deadlines(self, loop: asyncio.AbstractEventLoop) -> Deadlines:
        """The deadlines of the connections, in the one loop that they have."""
        if self._deadlines is None:
            self._deadlines = Deadlines(loop)
        return self._deadlines


class RequestProtocol(asyncio.Protocol):
    """One connection, until it is closed or becomes a WebSocket."""

    def __init__(
        self,
        front: Front,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin before the connection is made.

        Args:
            front: what connections share.
            config: of uvicorn, as are the others.
            server_state: its connections and tasks.
            app_state: goes into each scope.
        """
        if not config.loaded:
            config.load()
        self._front = front
        self._config = config
        self._state = server_state
        self._app_state = app_state
        self._app = cast("ASGI3Application", config.loaded_app)
        self._loop = _loop or asyncio.get_running_loop()
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._flow: FlowControl = cast("FlowControl", None)
        self._buffer = bytearray()
        self._judged = 0
        self._body: Body | None = None
        self._expects = False
        self._cycle: RequestResponseCycle | None = None
        self._waits: Head | None = None
        self._early = bytearray()
        self._stopping = False
        self._inside = True
        self._ended = False
        self._deadline = Deadline(front.deadlines(self._loop), self._too_late)
        self._stall: asyncio.TimerHandle | None = None

    # From the transport.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place; the first request is due."""
        self._transport = cast("asyncio.Transport", transport)
        self._flow = FlowControl(self._transport)
        self._client = _peer_of(self._transport)
        self._state.connections.add(cast("Any", self))
        self._inside = self._front.table.join(self, self._client[0] if self._client else "")
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the place back; an application that still works on an answer is told."""
        self._leave()
        self._ended = True
        if self._cycle is not None:
            self._cycle.disconnected = True
            self._cycle.message_event.set()
        self._flow.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Whatever the client sends."""
        if self._ended:
            return
        if self._cycle is not None and self._idle:
            self._deadline.set(self._front.settings.request_s)
        self._buffer += data
        self._advance()

    def eof_received(self) -> None:
        """Nothing more will come: the connection is closed."""

    def pause_writing(self) -> None:
        """The client does not take its answer: it may not take for ever."""
        self._flow.pause_writing()
        if self._stall is None:
            seconds = self._front.settings.slow_client_s
            self._stall = self._loop.call_later(seconds, self._transport.abort)

    def resume_writing(self) -> None:
        """It takes its answer."""
        self._flow.resume_writing()
        self._stop_stall()

    # From the server.

    def shutdown(self) -> None:
        """The server stops: a present answer is the last one."""
        self._stopping = True
        if self._answering:
            assert self._cycle is not None
            self._cycle.keep_alive = False
        elif self._waits is None:
            self._close()

    def make_room(self) -> None:
        """Somebody else gets this place."""
        self._front.refused["evicted"] += 1
        self._transport.abort()

    # Requests.

    @property
    def _idle(self) -> bool:
        return not self._buffer and self._body is None and not self._answering

    @property
    def _answering(self) -> bool:
        return self._cycle is not None and not self._cycle.response_complete

    def _advance(self) -> None:
        """Work on what waits, as far as it goes."""
        while self._buffer and not self._ended:
            if self._body is not None:
                self._take_body()
                if self._body is not None:
                    return
            elif self._answering:
                if len(self._buffer) > _AHEAD:
                    self._flow.pause_reading()
                return
            elif not self._take_head():
                return

    def _take_head(self) -> bool:
        """Begin a request, if its head is there."""
        data = self._buffer
        end = data.find(b"\r\n\r\n", max(0, self._judged - 3)) + 4
        if end < 4:
            refusal = early_refusal(data, self._judged, self._front.heads)
            self._judged = len(data)
            if refusal is not None:
                self._refuse(refusal)
            return False
        self._judged = 0
        raw = bytes(data[:end])
        del data[:end]
        head = parse_head(raw, self._front.heads)
        if isinstance(head, Refusal):
            self._refuse(head)
            return False
        return self._begin(head)

    def _begin(self, head: Head) -> bool:
        path = _path_of(head)
        if not self._inside and (path not in HEALTH_PATHS or head.websocket):
            self._refuse(Refusal(ErrorCode.BUSY, "too many connections"))
            return False
        limit = self._front.settings.frame_bytes
        if head.length > limit:
            self._refuse(Refusal(ErrorCode.TOO_LARGE, f"{head.length} bytes exceed {limit}"))
            return False
        if head.websocket:
            self._upgrade(head)
            return False
        self._expects = head.expects
        self._waits = head
        if head.length:
            self._body = LengthBody(head.length) if head.length > 0 else ChunkedBody(limit)
        else:
            self._whole()
        if head.expects and self._body is not None:
            self._start(head)
        return True

    def _start(self, head: Head) -> RequestResponseCycle:
        """Start the application of a request.

        A small body is there before: five hundred that are dripped would start five hundred
        applications, which do nothing but wait and be ended.
        """
        cycle = RequestResponseCycle(
            scope=self._scope(head),
            transport=cast(
                "asyncio.Transport",
                AnswerTransport(self._write, self._is_closing, self._last_answer),
            ),
            flow=self._flow,
            logger=_LOG,
            access_logger=_LOG,
            access_log=False,
            default_headers=self._state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=head.expects,
            keep_alive=head.keep_alive and self._inside and not self._stopping,
            on_response=self._answered,
        )
        cycle.body += self._early
        self._early.clear()
        self._waits, self._cycle = None, cycle
        task = self._loop.create_task(cycle.run_asgi(self._app))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)
        return cycle

    def _scope(self, head: Head) -> HTTPScope:
        raw_path, _, query = head.target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.3"},
            "http_version": head.version,
            "server": get_local_addr(self._transport),
            "client": self._client,
            "scheme": "https" if is_ssl(self._transport) else "http",
            "method": head.method,
            "root_path": "",
            "path": _path_of(head),
            "raw_path": raw_path,
            "query_string": query,
            "headers": head.fields,
            "state": self._app_state.copy(),
            "extensions": {},
        }

    def _take_body(self) -> None:
        """Hand on what arrived of the body, or drop it if the answer is complete.

        The application begins, or is woken, when there is enough of it, or all: not for each
        dripped byte.
        """
        body = self._body
        assert body is not None
        part = body.take(self._buffer)
        if isinstance(part, Refusal):
            self._refuse(part)
            return
        if body.done:
            self._body = None
        if self._waits is not None:
            self._early += part
            if body.done:
                self._whole()
            elif len(self._early) > _BODY_AHEAD:
                self._flow.pause_reading()
                self._start(self._waits).message_event.set()
        elif self._answering:
            assert self._cycle is not None
            self._cycle.body += part
            if body.done:
                self._whole()
            if len(self._cycle.body) > _BODY_AHEAD:
                self._flow.pause_reading()
                self._cycle.message_event.set()
        elif body.done:
            self._expect_request()

    def _whole(self) -> None:
        """Nothing of the request is missing: from now on the time is ours."""
        cycle = self._cycle if self._waits is None else self._start(self._waits)
        assert cycle is not None
        cycle.more_body = False
        cycle.message_event.set()
        self._deadline.clear()
        self._front.table.busy(self)

    def _answered(self) -> None:
        """The answer is complete; then the next request, which may wait already."""
        self._state.total_requests += 1
        if self._is_closing():
            return
        self._flow.resume_reading()
        if self._body is not None and self._expects:
            self._linger()  # whether the body will come is the client's choice now
        elif self._body is None:
            self._expect_request()
            if self._buffer:
                self._loop.call_soon(self._advance)

    def _upgrade(self, head: Head) -> None:
        """Hand the connection, and what came after the head, to the WebSocket's class."""
        fields = b"".join(b"%s: %s\r\n" % field for field in head.fields)
        self._leave()
        self._ended = True
        made = cast("Any", self._config.ws_protocol_class)(
            config=self._config, server_state=self._state, app_state=self._app_state
        )
        made.connection_made(self._transport)
        self._transport.set_protocol(made)
        made.data_received(b"GET %s HTTP/1.1\r\n%s\r\n" % (head.target, fields))
        if self._buffer:
            made.data_received(bytes(self._buffer))
            self._buffer.clear()

    def _write(self, data: bytes) -> None:
        if not self._ended:
            self._transport.write(data)

    def _is_closing(self) -> bool:
        return self._ended or self._transport.is_closing()

    def _last_answer(self) -> None:
        if self._body is not None or self._buffer:
            self._linger()
        else:
            self._close()

    # Deadlines.

    def _expect_request(self) -> None:
        """From now on a request has its time."""
        self._front.table.waiting(self)
        self._deadline.set(self._front.settings.request_s)

    def _too_late(self) -> None:
        if self._ended:
            self._transport.abort()
        elif self._buffer or self._body is not None:
            self._refuse(Refusal(ErrorCode.TIMEOUT, "the request was not whole in time"))
        else:
            self._front.refused["idle"] += 1
            self._close()

    # The end.

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in place of the application, if nobody has answered yet; then end."""
        self._front.refused[refusal.code.value] += 1
        cycle = self._cycle
        if self._waits is not None:
            half_answered = False
        elif cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            half_answered = cycle.response_started
        else:
            half_answered = self._body is not None
        if half_answered:
            self._close()
            return
        self._transport.write(refusal_bytes(refusal, self._state.default_headers))
        self._linger()

    def _linger(self) -> None:
        """Drop what still comes, for a moment: a reset would take our answer along."""
        self._end(_LINGER_S)
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _close(self) -> None:
        """Close when the last bytes are gone, or soon."""
        self._end(_CLOSE_S)
        self._transport.close()

    def _end(self, seconds: float) -> None:
        if self._ended:
            return
        self._ended = True
        self._body = self._waits = None
        self._buffer = bytearray()
        self._early.clear()
        self._flow.resume_reading()
        self._stop_stall()
        self._front.table.waiting(self)
        self._deadline.set(seconds)

    def _leave(self) -> None:
        self._state.connections.discard(cast("Any", self))
        self._front.table.leave(self)
        self._deadline.end()
        self._stop_stall()

    def _stop_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


def _path_of(head: Head) -> str:
    return unquote(head.target.partition(b"?")[0].decode("ascii"))


def _peer_of(transport: asyncio.Transport) -> tuple[str, int] | None:
    """Host and port of the other side; None where there is none such."""
    name = transport.get_extra_info("peername")
    return (str(name[0]), int(name[1])) if isinstance(name, tuple) else None
