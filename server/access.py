"""Who may talk to the server: bind address, Host, Origin, token. Decided before any upgrade.

A server on loopback is reachable from every web page of the same machine, so a request that names
an Origin must name one of ours. NinjaTrader and other programs send none.
"""

import hmac
import ipaddress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from market.errors import SettingsError
from server.answers import error_response
from server.settings import ServerSettings
from wire.codes import ErrorCode

__all__ = ["Access", "AccessGuard", "require_safe_bind"]

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_MIN_TOKEN: Final = 22
"""Characters of a token with 128 bits in URL-safe base 64."""


def require_safe_bind(settings: ServerSettings) -> None:
    """Refuse to listen beyond loopback without a token and TLS.

    Raises:
        SettingsError: ``server.host``.
    """
    if is_loopback(settings.host):
        return
    missing = [
        f"server.{key}"
        for key in ("token_file", "tls_certificate", "tls_key")
        if getattr(settings, key) is None
    ]
    if missing:
        raise SettingsError(
            f"server.host {settings.host} is reachable from other machines and needs "
            f"{', '.join(missing)}; or use 127.0.0.1",
            key="server.host",
            allowed="127.0.0.1, ::1, localhost, or any with a token and TLS",
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Access:
    """The allow-lists and the token, read once."""

    def __init__(self, settings: ServerSettings) -> None:
        """Read the token.

        Raises:
            SettingsError: ``server.token_file`` cannot be read or is too short.
        """
        self._hosts = frozenset(
            name.lower() for name in (*_LOOPBACK, settings.host, *settings.allowed_hosts)
        )
        self._origins = frozenset(origin.lower() for origin in settings.allowed_origins)
        self._token = _read_token(settings.token_file) if settings.token_file else None

    def refusal(self, headers: list[tuple[bytes, bytes]]) -> tuple[ErrorCode, str] | None:
        """Why a request with these headers is refused; None: it is welcome."""
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(hosts) != 1 or not self._known_host(hosts[0]):
            return ErrorCode.FORBIDDEN, "this Host is not allowed; see server.allowed_hosts"
        origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
        if not all(self._known_origin(origin, hosts[0]) for origin in origins):
            return ErrorCode.FORBIDDEN, "this Origin is not allowed; see server.allowed_origins"
        if self._token is not None and not self._authorised(headers):
            return ErrorCode.UNAUTHORISED, "send the token: Authorization: Bearer …"
        return None

    def _known_host(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        return name in self._hosts

    def _known_origin(self, origin: str, host: str) -> bool:
        """One of the list, or the very server that the request goes to."""
        origin = origin.lower()
        own = (f"http://{host.lower()}", f"https://{host.lower()}")
        return origin in self._origins or origin in own

    def _authorised(self, headers: list[tuple[bytes, bytes]]) -> bool:
        given = [value for name, value in headers if name == b"authorization"]
        expected = b"Bearer " + (self._token or b"")
        return len(given) == 1 and hmac.compare_digest(given[0], expected)


class AccessGuard:
    """ASGI middleware: refuses before the application sees the request."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 or 403."""
        if scope["type"] in ("http", "websocket"):
            refused = self._access.refusal(scope["headers"])
            if refused is not None:
                await refuse(error_response(*refused), scope, receive, send)
                return
        await self._app(scope, receive, send)


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an HTTP answer, to a WebSocket handshake too: never 101."""
    if scope["type"] == "websocket":
        await receive()
    await response(scope, receive, send)


def _read_token(path: Path) -> bytes:
    try:
        token = path.read_bytes().strip()
    except OSError as cause:
        raise SettingsError(
            f"server.token_file {path} cannot be read: {cause.strerror}", key="server.token_file"
        ) from cause
    if len(token) < _MIN_TOKEN:
        raise SettingsError(
            f"server.token_file {path} holds {len(token)} characters",
            key="server.token_file",
            allowed=f"at least {_MIN_TOKEN} characters",
        )
    return token
