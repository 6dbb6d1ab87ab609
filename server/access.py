"""Who may talk to the server: bind address, Host, Origin, token. Decided before any upgrade.

A server on loopback is reachable from every web page of the same machine, so a request that names
an Origin must name one of ours. NinjaTrader and other programs send none. A browser cannot send
the token in a header, so it logs in with it once; its cookie counts, for anything that changes
something and for WebSockets only together with an Origin.
"""

import ipaddress
import re
from collections import Counter
from typing import Final
from urllib.parse import parse_qsl

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from market.errors import SettingsError
from server.answers import ErrorResponse, error_response
from server.clock import SYSTEM, Clock
from server.guard.secrets import Attempts, Sessions, Token
from server.settings import ServerSettings
from wire.codes import ErrorCode

__all__ = ["AUTHORISED", "COOKIE", "Access", "AccessGuard", "require_safe_bind"]

AUTHORISED: Final = "depthbridge.authorised"
"""Key in the scope: whether the request may see more than that the server lives."""
COOKIE: Final = "depthbridge"
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_-][a-z0-9_.-]{0,252}))(?::\d{1,5})?")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9\[\]:._-]+")
_HOUR_NS: Final = 3_600_000_000_000
_OPEN: Final = frozenset(("/health", "/livez", "/readyz", "/login", "/page.css"))
"""Paths that need no token; those about health then say little."""
_READS: Final = ("GET", "HEAD")


def require_safe_bind(settings: ServerSettings, *, token: bool | None = None) -> None:
    """Refuse to listen beyond loopback without a token and TLS.

    Args:
        settings: of the server.
        token: whether there is one; None: if a file is named.

    Raises:
        SettingsError: ``server.host``; ``server.tls_key`` if only one of the two files is named.
    """
    has_token = settings.token_file is not None if token is None else token
    held = {
        "token_file": has_token,
        "tls_certificate": settings.tls_certificate is not None,
        "tls_key": settings.tls_key is not None,
    }
    if held["tls_certificate"] != held["tls_key"]:
        raise (
            SettingsError(
                "TLS needs both server.tls_certificate and server.tls_key", key="server.tls_key"
            )
            if is_loopback(settings.host)
            else _unsafe(settings.host, held)
        )
    if not is_loopback(settings.host) and not all(held.values()):
        raise _unsafe(settings.host, held)


def _unsafe(host: str, held: dict[str, bool]) -> SettingsError:
    missing = ", ".join(f"server.{key}" for key, there in held.items() if not there)
    return SettingsError(
        f"server.host {host} is reachable from other machines and needs {missing}; "
        "or use 127.0.0.1",
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
    """The allow-lists, the token, and who has logged in with it.

    Attributes:
        token: what a client must know; None: nothing.
        sessions: of browsers.
        attempts: to log in.
        clock: of the process.
    """

    def __init__(
        self, settings: ServerSettings, *, token: Token | None = None, clock: Clock = SYSTEM
    ) -> None:
        """Check the lists.

        Args:
            settings: of the server.
            token: if one is wanted.
            clock: of the process.

        Raises:
            SettingsError: the token file cannot be used; an entry that no browser would send.
        """
        self.token = token or Token.load(settings.token_file, {})
        self.sessions = Sessions(round(settings.login_hours * _HOUR_NS))
        self.attempts = Attempts(settings.login_attempts_per_minute)
        self.clock = clock
        named = (*_LOOPBACK, settings.host, *settings.allowed_hosts)
        self._hosts = frozenset(_plain(name.lower()) for name in named) - {""}
        self._origins = frozenset(origin.lower() for origin in settings.allowed_origins)
        for key, names, form in (
            ("allowed_hosts", settings.allowed_hosts, _HOST),
            ("allowed_origins", settings.allowed_origins, _ORIGIN),
        ):
            for name in names:
                if not form.fullmatch(name.lower()):
                    raise SettingsError(f"server.{key}: {name!r} is none", key=f"server.{key}")

    def refusal(
        self, headers: list[tuple[bytes, bytes]], *, method: str = "GET", websocket: bool = False
    ) -> tuple[ErrorCode, str] | None:
        """Why a request with these headers is refused; None: it is welcome."""
        return self.stranger(headers) or self.unknown(headers, method=method, websocket=websocket)

    def stranger(self, headers: list[tuple[bytes, bytes]]) -> tuple[ErrorCode, str] | None:
        """Whether it comes by a name or from a page that is not ours."""
        hosts = _all(headers, b"host")
        if len(hosts) != 1 or not self._known_host(hosts[0].lower()):
            return ErrorCode.BAD_HOST, "this Host is not allowed; see server.allowed_hosts"
        origins = _all(headers, b"origin")
        if len(origins) > 1 or not all(self._known_origin(one, hosts[0]) for one in origins):
            return ErrorCode.FORBIDDEN, "this Origin is not allowed; see server.allowed_origins"
        return None

    def unknown(
        self, headers: list[tuple[bytes, bytes]], *, method: str, websocket: bool
    ) -> tuple[ErrorCode, str] | None:
        """Whether it shows neither the token nor a session."""
        if self.token is None:
            return None
        given = _all(headers, b"authorization")
        if given:
            scheme, _, value = given[0].partition(" ")
            shown = scheme.lower() == "bearer" and len(given) == 1
            if shown and self.token.matches(value.strip().encode("latin-1")):
                return None
        elif self.sessions.known(session_of(headers), self.clock.monotonic_ns()):
            if _all(headers, b"origin") or not (websocket or method not in _READS):
                return None
            return ErrorCode.FORBIDDEN, "with a cookie this needs an Origin"
        return ErrorCode.UNAUTHORISED, "send the token: Authorization: Bearer …"

    def _known_host(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        return found is not None and _plain(found[1] or found[2]) in self._hosts

    def _known_origin(self, origin: str, host: str) -> bool:
        """One of the list, or the very server that the request goes to."""
        origin = origin.lower()
        own = (f"http://{host.lower()}", f"https://{host.lower()}")
        return origin in self._origins or origin in own


class AccessGuard:
    """ASGI middleware: refuses before the application sees the request."""

    def __init__(self, app: ASGIApp, access: Access, refused: Counter[str] | None = None) -> None:
        """Guard an application; ``refused`` counts what it never saw, by code."""
        self._app = app
        self._access = access
        self._refused: Counter[str] = Counter() if refused is None else refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 400, 401 or 403."""
        if scope["type"] in ("http", "websocket"):
            refused = self._refusal(scope)
            if refused is not None:
                if isinstance(refused, ErrorResponse):
                    self._refused[refused.code.value] += 1
                await refuse(refused, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        access, headers, path = self._access, scope["headers"], scope["path"]
        stranger = access.stranger(headers)
        if stranger is not None:
            return error_response(*stranger)
        query = scope["query_string"]
        if query and any(key.lower() in ("token", "access_token") for key, _ in _pairs(query)):
            return error_response(
                ErrorCode.BAD_REQUEST, "a token in an address ends up in logs: use Authorization"
            )
        method, websocket = scope.get("method", "GET"), scope["type"] == "websocket"
        unknown = access.unknown(headers, method=method, websocket=websocket)
        scope[AUTHORISED] = unknown is None
        if unknown is None or (path in _OPEN and not websocket):
            return None
        if path == "/" and method in _READS and not websocket:
            return RedirectResponse("/login", 303)
        answer = error_response(*unknown)
        if unknown[0] is ErrorCode.UNAUTHORISED:
            answer.headers["www-authenticate"] = "Bearer"
        return answer


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an HTTP answer, to a WebSocket handshake too: never 101."""
    if scope["type"] == "websocket":
        await receive()
    await response(scope, receive, send)


def session_of(headers: list[tuple[bytes, bytes]]) -> str:
    """The value of our cookie; empty: there is none."""
    for line in _all(headers, b"cookie"):
        for pair in line.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == COOKIE:
                return value
    return ""


def _all(headers: list[tuple[bytes, bytes]], wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name == wanted]


def _pairs(query: bytes) -> list[tuple[str, str]]:
    return parse_qsl(query.decode("latin-1"), keep_blank_values=True)


def _plain(name: str) -> str:
    """An address in one spelling; "any address" is the name of no host."""
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return name
    return "" if address.is_unspecified else str(address)
