"""Starts and stops the process: one socket, uvicorn with our protocol class, our lifecycle.

uvicorn's own signal handling raises the signal again after the shutdown, which would end the
process without an exit code of ours; here the signal only asks for the end.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from types import FrameType
from typing import Any, Final, cast

import uvicorn

from market.errors import EnvironmentFault, SettingsError
from server.access import Access, require_safe_bind
from server.app import create_app
from server.clock import SYSTEM
from server.guard.requests import Front, RequestProtocol
from server.guard.secrets import Token, readable_by_others
from server.guard.tls import certificate_end, tls_context
from server.protocol import StreamProtocol
from server.runtime import Runtime
from server.settings import ServerSettings, Settings

__all__ = ["ServerProcess", "new_event_loop"]

_LOG: Final = logging.getLogger("depthbridge.server")
_GRACE_S: Final = 5
"""For open requests at the end; with the journal's sync the whole stays under 10 s."""
_SOON: Final = timedelta(days=14)
_HEADERS: Final = [
    ("X-Content-Type-Options", "nosniff"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
"""Of every answer, refusals included."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Uvloop where it exists, else asyncio's own."""
    if sys.platform != "win32":
        with contextlib.suppress(ImportError):
            import uvloop

            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


class ServerProcess:
    """The server within this process's event loop.

    Attributes:
        runtime: everything behind the sockets.
        front: the HTTP connections.
        token: what clients must show, if anything.
        stopped_by: the signal that ended it, or None.
    """

    def __init__(self, settings: Settings, version: str) -> None:
        """Check what can be checked before anything is opened.

        Raises:
            SettingsError: an address that needs a token and TLS; a token file that is not one.
        """
        server = settings.server
        self.token = Token.load(server.token_file, os.environ)
        require_safe_bind(server, token=self.token is not None)
        self._tls = _tls(server)
        _warn_of_secrets(server)
        self.stopped_by: int | None = None
        self.runtime = Runtime(settings, version)
        self._settings = settings
        self.front = Front(server, self.runtime.measures.refused)
        self._access = Access(server, token=self.token, clock=self.runtime.clock)
        self._uvicorn: _Uvicorn | None = None
        self._task: asyncio.Task[None] | None = None
        self._port = 0

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        secure = self._settings.server.tls_certificate is not None
        host = self._settings.server.host
        name = f"[{host}]" if ":" in host else host
        return f"{'https' if secure else 'http'}://{name}:{self._port}"

    async def start(self) -> None:
        """Listen; kernels warm up meanwhile.

        Raises:
            EnvironmentFault: port or folder in use, or not allowed.
        """
        listener = _listen(self._settings.server.host, self._settings.server.port)
        self._port = listener.getsockname()[1]
        try:
            self.runtime.open()
        except EnvironmentFault:
            listener.close()
            raise
        self._uvicorn = _Uvicorn(
            self._config(), self._on_signal, handshake_s=self._settings.server.request_s
        )
        self._task = asyncio.create_task(self._uvicorn.serve([listener]))
        ready = asyncio.create_task(self._uvicorn.ready.wait())
        await asyncio.wait((self._task, ready), return_when=asyncio.FIRST_COMPLETED)
        if self._task.done():
            ready.cancel()
            self._task.result()
        self.runtime.start()
        _LOG.info("listening", extra={"url": self.url})

    async def wait(self) -> None:
        """Return when the server has ended, by a signal or by ``stop``."""
        assert self._task is not None
        try:
            await asyncio.shield(self._task)
        finally:
            await self.runtime.stop()
            _LOG.info("stopped")

    async def stop(self) -> None:
        """Stop accepting, close connections with 1012, flush and sync."""
        assert self._uvicorn is not None
        self._uvicorn.should_exit = True
        await self.wait()

    def _on_signal(self, number: int) -> None:
        self.stopped_by = number

    def _config(self) -> uvicorn.Config:
        server, tls = self._settings.server, self._tls
        return uvicorn.Config(
            create_app(self.runtime, self._access),
            loop="none",
            http=cast("type[RequestProtocol]", partial(RequestProtocol, self.front)),
            ws=cast("type[StreamProtocol]", partial(StreamProtocol, server)),
            ws_ping_interval=server.ping_interval_s,
            ws_ping_timeout=server.ping_timeout_s,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            headers=_HEADERS,
            ssl_context_factory=None if tls is None else lambda _, __: tls,
        )


class _Uvicorn(uvicorn.Server):
    """Says when it listens, and keeps a signal to itself."""

    def __init__(
        self, config: uvicorn.Config, on_signal: Callable[[int], None], *, handshake_s: float
    ) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self._on_signal = on_signal
        self._handshake_s = handshake_s

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; TLS handshakes have a deadline too, which uvicorn's own start does not set."""
        assert sockets is not None
        self.servers = [
            await asyncio.get_running_loop().create_server(
                self._protocol,
                sock=one,
                ssl=self.config.ssl,
                backlog=self.config.backlog,
                ssl_handshake_timeout=self._handshake_s if self.config.ssl else None,
            )
            for one in sockets
        ]
        self.started = True
        self.ready.set()

    def _protocol(self) -> asyncio.Protocol:
        """For a connection that was accepted."""
        make = cast("Any", self.config.http_protocol_class)
        made: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state={}
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ctrl-C, SIGTERM, and CTRL_BREAK on Windows ask for the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGINT, signal.SIGTERM]
        if sys.platform == "win32":
            numbers.append(signal.SIGBREAK)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ask for the end; a second Ctrl-C does not wait for open requests."""
        self._on_signal(sig)
        super().handle_exit(sig, frame)


def _tls(server: ServerSettings) -> ssl.SSLContext | None:
    if server.tls_certificate is None or server.tls_key is None:
        return None
    return tls_context(server.tls_certificate, server.tls_key)


def _warn_of_secrets(server: ServerSettings) -> None:
    """Say what works but should not stay so."""
    for key, path in (("token_file", server.token_file), ("tls_key", server.tls_key)):
        if path is not None and readable_by_others(path):
            _LOG.warning(
                "other users can read it", extra={"setting": f"server.{key}", "path": str(path)}
            )
    if server.tls_certificate is not None:
        end = certificate_end(server.tls_certificate)
        now = datetime.fromtimestamp(SYSTEM.wall_ns() // 1_000_000_000, UTC)
        if end is not None and end - now < _SOON:
            over = end < now
            _LOG.warning(
                "the certificate has expired" if over else "the certificate expires soon",
                extra={"path": str(server.tls_certificate), "end": end.isoformat()},
            )


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket.

    Raises:
        EnvironmentFault: ``port_in_use`` or ``cannot_listen``.
        SettingsError: the address is none of this machine.
    """
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as cause:
        raise SettingsError(
            f"server.host {host} is no address of this machine", key="server.host"
        ) from cause
    listener = socket.socket(family, kind, number)
    try:
        if sys.platform == "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as cause:
        listener.close()
        raise EnvironmentFault(
            f"cannot listen on {host} port {port} ({cause.strerror}); "
            "is another server running? Choose a port with --port or server.port",
            code="port_in_use",
            host=host,
            port=port,
        ) from cause
    return listener
