"""Keeping one WebSocket open: connect, serve, wait, connect again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.uri import parse_uri

from client.backoff import Backoff
from market.errors import SessionError, UsageError
from wire.codes import CloseCode, ErrorCode

__all__ = ["keep_connected"]

_SUBPROTOCOL: Final = "depthbridge.v1"
_OPEN_S: Final = 5.0
_PING_S: Final = 10.0
_MOST_BYTES: Final = 1 << 26
_MOST_SUPERSEDED: Final = 3
"""In a row; then two programs run under one session."""
_FINAL_CLOSES: Final[dict[int, ErrorCode]] = {
    CloseCode.PROTOCOL_VERSION: ErrorCode.PROTOCOL_VERSION,
    CloseCode.UNAUTHORISED: ErrorCode.UNAUTHORISED,
    CloseCode.SUPERSEDED: ErrorCode.NOT_PUBLISHER,
    CloseCode.TOO_LARGE: ErrorCode.TOO_LARGE,
}
_FINAL_STATUSES: Final = {
    400: ErrorCode.FORBIDDEN,
    401: ErrorCode.UNAUTHORISED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.FORBIDDEN,
}


async def keep_connected(
    url: str,
    token: str | None,
    serve: Callable[[ClientConnection], Awaitable[None]],
    *,
    lost: Callable[[int | None], None],
    backoff: Backoff,
    patient: bool = True,
) -> None:
    """Serve one connection after the other until ``serve`` returns.

    Args:
        url: ``ws://host:port/ws``.
        token: for the Authorization header.
        serve: speaks on an open connection; returning ends it all, ConnectionClosed tries again.
        lost: called after every connection, with the server's close code if it closed politely.
        backoff: waits between attempts; ``serve`` resets it when the server spoke, for one that
            takes connections and drops them must not be asked ten times a second.
        patient: also try again when the very first attempt fails.

    Raises:
        SessionError: refused for a reason that will not go away, or not ``patient``.
        UsageError: ``url`` is none.
    """
    _require_address(url)
    superseded = 0
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    while True:
        code: int | None = None
        try:
            async with connect(
                url,
                subprotocols=[_SUBPROTOCOL],  # type: ignore[list-item]
                additional_headers=headers,
                compression=None,
                max_size=_MOST_BYTES,
                open_timeout=_OPEN_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                proxy=None,
            ) as socket:
                patient = True
                await serve(socket)
                return
        except ConnectionClosed as closed:
            code = _code(closed)
            superseded = superseded + 1 if code == CloseCode.SUPERSEDED else 0
            _raise_if_final(closed, superseded)
        except (OSError, TimeoutError, InvalidHandshake) as failure:
            _raise_if_refused(failure, url, patient)
        finally:
            lost(code)
        # Spreads the reconnects of many clients; nothing secret hangs on it.
        await asyncio.sleep(backoff.delay(random.random()))


def _require_address(url: str) -> None:
    try:
        parse_uri(url)
    except (InvalidURI, ValueError) as cause:
        raise UsageError(f"{url} is no address such as ws://127.0.0.1:8765/ws") from cause


def _code(closed: ConnectionClosed) -> int | None:
    return None if closed.rcvd is None else closed.rcvd.code


def _raise_if_final(closed: ConnectionClosed, superseded: int) -> None:
    """Superseded may be by an older connection of our own that was late: ask who it was.

    If it was another session, the answer is ``instrument_busy``.
    """
    if 0 < superseded < _MOST_SUPERSEDED:
        return
    close = closed.rcvd
    if close is not None and close.code in _FINAL_CLOSES:
        raise SessionError(
            f"the server closed with {close.code}: {close.reason or _FINAL_CLOSES[close.code]}",
            code=_FINAL_CLOSES[close.code],
        ) from closed


def _raise_if_refused(failure: Exception, url: str, patient: bool) -> None:
    if isinstance(failure, InvalidStatus) and failure.response.status_code in _FINAL_STATUSES:
        status = failure.response.status_code
        raise SessionError(
            f"{url} refuses with HTTP {status}", code=_FINAL_STATUSES[status]
        ) from failure
    if not patient:
        raise SessionError(
            f"no server answers at {url}: {failure or type(failure).__name__}", code="unreachable"
        ) from failure
