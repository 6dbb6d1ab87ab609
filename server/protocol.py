"""The WebSocket protocol class that uvicorn runs: its sans-I/O one, with our own reading.

After the handshake frames are read by :class:`server.guard.frames.FrameReader`, a limited number
in each turn of the event loop, so that no peer's bytes hold up anybody else; while frames wait,
reading from the socket pauses. Messages go straight to the connection's inbox, answers straight to
the transport. While reading is paused the peer's pongs are not seen, so the ping deadline waits.
"""

import asyncio
import contextlib
import socket
import struct
from asyncio.transports import BaseTransport
from typing import Any, Final, Protocol, cast

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import ProtocolError
from websockets.frames import Frame, Opcode

from server.guard.frames import FrameReader, Got, Refused
from server.settings import ServerSettings
from wire.codes import CloseCode, ErrorCode

__all__ = ["EXTENSION", "Peer", "StreamProtocol", "text_head"]

EXTENSION = "depthbridge.protocol"
"""Key in the ASGI scope's ``extensions`` under which the endpoint finds the protocol."""
_PROTOCOL_ERROR: Final = 1002
_INVALID_DATA: Final = 1007
_WRITE_BUFFER: Final = 1 << 14
"""Bytes in the transport above which the outbox keeps what is new."""
_UNSENT: Final = 1 << 14
"""Bytes in the kernel, not sent yet, above which it takes no more, where it can be told so.

Left to itself it takes megabytes for a peer that reads nothing: nobody would notice the stall for
seconds, and what lies there cannot be replaced by what is newer.
"""
_RESET: Final = struct.pack("ii", 1, 0)
_MESSAGE: Final = int(Got.BINARY)
"""What brought a whole message is no greater."""
_TEXT: Final = 0x81
"""First byte of a text message in one frame."""
_SHORT: Final = struct.Struct("!BB")
_MEDIUM: Final = struct.Struct("!BBH")
_LONG: Final = struct.Struct("!BBQ")
_FRAMES: Final = 128
"""Frames worked on in one turn: well under a millisecond."""
_POLITE_S: Final = 5.0
"""How long a peer may take to answer a close frame."""
_LINGER_S: Final = 1.0
"""How long a peer that broke a rule may take to read why; what it sends meanwhile is dropped."""
_OFFENCES: Final = frozenset(
    (_PROTOCOL_ERROR, _INVALID_DATA, CloseCode.TOO_LARGE, CloseCode.OVER_LIMIT)
)
_SECOND_LOOK_S: Final = 0.25
"""A pong may lie unread in the socket when its deadline passes."""


class Peer(Protocol):
    """What a protocol tells about its connection. All calls come from the event loop."""

    def message(self, data: bytes | str) -> bool:
        """A whole message arrived; True asks to pause reading."""

    def extra_frame(self) -> None:
        """A frame that ends no message arrived: it counts as a message does."""

    def fail(self, code: ErrorCode, message: str, close: CloseCode) -> None:
        """Say what is wrong and close."""

    def writable(self) -> None:
        """The transport takes data again."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    def __init__(
        self,
        limits: ServerSettings,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin before the handshake.

        Args:
            limits: of a message and its frames.
            config: of uvicorn, as are the others.
            server_state: its connections and tasks.
            app_state: not used.
        """
        super().__init__(config, server_state, app_state, _loop)
        self.close_timeout = _POLITE_S
        self.conn.debug = False  # it would log the Authorization header
        self.peer: Peer | None = None
        self.paused_by_peer = False
        self._reader = FrameReader(
            message_bytes=limits.frame_bytes, fragments=limits.message_fragments
        )
        self._reading = True
        self._turn_due = False
        self._offended = False
        self._last_look = False
        self._pong: bytes | None = None

    # The handshake.

    def connection_made(self, transport: BaseTransport) -> None:
        """Let little wait in the transport: the outbox conflates, a buffer cannot."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            self._option(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)

    async def run_asgi(self) -> None:
        """Let the endpoint find this object; a query string stays out of uvicorn's log."""
        extensions = cast("dict[str, object]", self.scope["extensions"])
        extensions[EXTENSION] = self
        whole, app = self.scope, self.app
        self.scope = whole.copy()
        self.scope["query_string"] = b""

        async def run(_: object, receive: Any, send: Any) -> None:  # noqa: ANN401 - uvicorn's
            await app(whole, receive, send)
            if self.initial_response is not None:
                self.handshake_complete = True  # it was refused; uvicorn would call that an error

        self.app = run
        await super().run_asgi()

    def attach(self, peer: Peer) -> None:
        """From now on messages go to ``peer``; to be called right after the upgrade."""
        self.peer = peer
        self._soon()

    # Reading.

    def data_received(self, data: bytes) -> None:
        """The request at first; then frames, which wait until a peer is attached."""
        if not self.handshake_initiated:
            super().data_received(data)
        elif not self._offended:
            self._reader.feed(data)
            if not self._turn_due:
                self._turn()

    def _soon(self) -> None:
        """Go on with waiting frames in the loop's next turn."""
        if not self._turn_due:
            self._turn_due = True
            self.loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        if self.disconnected:
            return
        peer = self.peer
        if peer is not None and not self.paused_by_peer:
            if self._work(peer):
                self._soon()
            if self.conn.writes:
                self.transport.write(b"".join(self.conn.data_to_send()))
        self._set_reading()

    def _work(self, peer: Peer) -> bool:
        """Handle a turn's frames; whether more may wait."""
        take = self._reader.next
        for _ in range(_FRAMES):
            found = take()
            if found is None:
                return False
            got, data = found
            if got <= _MESSAGE:
                if not self.close_sent and peer.message(cast("bytes | str", data)):
                    self.paused_by_peer = True
                    return False
            elif not self._other_frame(peer, got, data):
                return False
            if self._offended:
                return False
        return True

    def _other_frame(self, peer: Peer, got: Got, data: bytes | str | Refused) -> bool:
        """Anything but a whole message; False ends the reading."""
        if got is Got.REFUSED:
            self._refuse(peer, cast("Refused", data))
            return False
        if got is Got.CLOSE:
            self._closed_by_peer(cast("bytes", data))
            return False
        if not self.close_sent:
            peer.extra_frame()
            if got is Got.PING:
                self._answer_ping(cast("bytes", data))
            elif got is Got.PONG:
                self.handle_pong(Frame(Opcode.PONG, cast("bytes", data)))
        return True

    def _refuse(self, peer: Peer, refused: Refused) -> None:
        if self.close_sent:
            self.transport.close()
        elif refused.limit:
            over = refused.limit == "bytes"
            code = ErrorCode.TOO_LARGE if over else ErrorCode.OVER_LIMIT
            peer.fail(code, refused.reason, CloseCode.TOO_LARGE if over else CloseCode.OVER_LIMIT)
        else:
            self.close_now(refused.code, refused.reason)

    def _closed_by_peer(self, payload: bytes) -> None:
        """A close frame: answer it, or take it as the answer to ours."""
        frame = Frame(Opcode.CLOSE, payload)
        try:
            self.conn.recv_frame(frame)
        except ProtocolError as error:
            self.close_now(_PROTOCOL_ERROR, str(error))
        except UnicodeDecodeError:
            self.close_now(_INVALID_DATA, "the reason is not UTF-8")
        else:
            self._offended = True
            self.handle_close(frame)
            self._abort_after(_LINGER_S)

    def _answer_ping(self, payload: bytes) -> None:
        """Only the newest ping is answered while the peer reads nothing."""
        if self.writable.is_set():
            self.conn.send_pong(payload)
        else:
            self._pong = payload

    def resume_reading(self) -> None:
        """The inbox has room again. A pong may wait behind what was not read."""
        if self.paused_by_peer:
            self.paused_by_peer = False
            if self.pong_timer is not None and self.ping_timeout is not None:
                self.pong_timer.cancel()
                self._wait_for_pong(self.ping_timeout)
            self._soon()

    def _set_reading(self) -> None:
        """Read from the socket unless something that was read still waits."""
        wanted = not (self.paused_by_peer or self._turn_due or self.peer is None)
        if wanted is not self._reading and not self.transport.is_closing():
            self._reading = wanted
            (self.transport.resume_reading if wanted else self.transport.pause_reading)()

    def keepalive_timeout(self) -> None:
        """A pong that we do not read is not missing; nor is one that lies in the socket."""
        if self.ping_timeout is not None and not self._reading:
            self._wait_for_pong(self.ping_timeout)
            return
        if not self._last_look:
            self._wait_for_pong(_SECOND_LOOK_S)
            self._last_look = True
            return
        super().keepalive_timeout()
        self._abort_after(_LINGER_S)

    def _wait_for_pong(self, seconds: float) -> None:
        self._last_look = False
        self.pong_timer = self.loop.call_later(seconds, self.keepalive_timeout)

    def schedule_ping(self) -> None:
        """The pong came, or the first ping is due."""
        self._last_look = False
        super().schedule_ping()

    # Writing.

    def resume_writing(self) -> None:
        """The transport's buffer drained."""
        super().resume_writing()
        if self._pong is not None and not self.closing:
            self.conn.send_pong(self._pong)
            self._pong = None
            self.transport.write(b"".join(self.conn.data_to_send()))
        if self.peer is not None:
            self.peer.writable()

    @property
    def can_write(self) -> bool:
        """Whether the transport's buffer has room and the connection is open."""
        return self.writable.is_set() and not self.closing

    @property
    def closing(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.close_sent or self.disconnected or self.transport.is_closing()

    def write_text(self, messages: list[bytes]) -> None:
        """Send text messages, UTF-8 already, in one write; only while ``can_write``.

        The library would make an object and a stream of each: as long as rendering takes.
        """
        parts = self.conn.data_to_send()
        for message in messages:
            parts.append(text_head(len(message)))
            parts.append(message)
        self.transport.write(b"".join(parts))

    # The end.

    def close_now(self, code: int, reason: str) -> None:
        """Send a close frame if the transport takes it, and end the connection.

        A peer that does not read would keep a polite close open for ever: it is cut. From one
        that broke a rule nothing is read any more; it has a moment to read why.
        """
        if self.closing:
            return
        self.stop_keepalive()
        stalled = not self.writable.is_set()
        self.conn.send_close(code, reason.encode()[:120].decode(errors="ignore"))
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.resume_reading()
        if stalled:
            self._reset()
        elif code in _OFFENCES:
            self._offended = True
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._abort_after(_LINGER_S)
        else:
            self._abort_after(self.close_timeout)

    def shutdown(self) -> None:
        """Close with 1012; a peer that does not read is cut."""
        stalled = self.handshake_complete and not self.writable.is_set()
        super().shutdown()
        if stalled:
            self._reset()
        else:
            self._abort_after(_LINGER_S)

    def _reset(self) -> None:
        """Throw away what the kernel holds too: for a peer that reads nothing it would stay."""
        self._option(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    def _option(self, level: int, name: int, value: int | bytes) -> None:
        sock = self.transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(level, name, value)

    def _abort_after(self, seconds: float) -> None:
        """What is not gone by then is thrown away: the peer need not take part in the end."""
        if self.close_timer is None and not self.disconnected:
            self.close_timer = self.loop.call_later(seconds, self.transport.abort)


def text_head(size: int) -> bytes:
    """What stands before a text message of so many bytes from a server (RFC 6455, section 5.2)."""
    if size < 126:
        return _SHORT.pack(_TEXT, size)
    if size < 1 << 16:
        return _MEDIUM.pack(_TEXT, 126, size)
    return _LONG.pack(_TEXT, 127, size)
