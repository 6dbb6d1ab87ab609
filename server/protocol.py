"""The WebSocket protocol class that uvicorn runs: its sans-I/O one, without the detours.

Messages go straight to the connection's inbox instead of through a queue and a task, and answers
straight to the transport, as UTF-8 bytes. Reading pauses only while the inbox is full; meanwhile
the peer's pongs are not seen, so the ping deadline waits.
"""

from typing import Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["EXTENSION", "Peer", "StreamProtocol"]

EXTENSION = "depthbridge.protocol"
"""Key in the ASGI scope's ``extensions`` under which the endpoint finds the protocol."""


class Peer(Protocol):
    """What a protocol tells about its connection. All calls come from the event loop."""

    def message(self, data: bytes | str) -> bool:
        """A whole message arrived; True asks to pause reading."""

    def writable(self) -> None:
        """The transport takes data again."""


class StreamProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection."""

    peer: Peer | None = None
    paused_by_peer = False

    async def run_asgi(self) -> None:
        """Let the endpoint find this object."""
        extensions = cast("dict[str, object]", self.scope["extensions"])
        extensions[EXTENSION] = self
        await super().run_asgi()

    def attach(self, peer: Peer) -> None:
        """From now on messages go to ``peer``; to be called right after the upgrade."""
        self.peer = peer

    def send_receive_event_to_app(self) -> None:
        """Hand a whole message over."""
        if self.peer is None:
            super().send_receive_event_to_app()
            return
        data = self.frames[0] if len(self.frames) == 1 else b"".join(self.frames)
        self.frames = []
        if self.close_sent:
            return
        message: bytes | str = data
        if self.curr_msg_data_type == "text":
            try:
                message = data.decode()
            except UnicodeDecodeError:
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        if self.peer.message(message) and not self.paused_by_peer:
            self.paused_by_peer = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """The inbox has room again."""
        if self.paused_by_peer:
            self.paused_by_peer = False
            if not self.transport.is_closing():
                self.transport.resume_reading()

    def keepalive_timeout(self) -> None:
        """A pong that we do not read is not missing."""
        if self.paused_by_peer and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()

    def resume_writing(self) -> None:
        """The transport's buffer drained."""
        super().resume_writing()
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
        """Send text messages, UTF-8 already, in one write."""
        conn = self.conn
        for message in messages:
            conn.send_text(message)
        self.transport.write(b"".join(conn.data_to_send()))

    def close_now(self, code: int, reason: str) -> None:
        """Send a close frame if the transport takes it, and end the connection.

        A peer that does not read would keep a polite close open for ever: it is cut.
        """
        if self.closing:
            return
        self.stop_keepalive()
        stalled = not self.writable.is_set()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.paused_by_peer:
            self.resume_reading()
        if stalled:
            self.transport.abort()
        else:
            self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    def shutdown(self) -> None:
        """Close with 1012; a peer that does not read is cut."""
        stalled = self.handshake_complete and not self.writable.is_set()
        super().shutdown()
        if stalled:
            self.transport.abort()
