"""The routes: what uvicorn runs."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from server.access import AUTHORISED, Access, AccessGuard, refuse
from server.answers import ErrorResponse, error_response, json_response
from server.api import api_routes
from server.guard.table import Seats
from server.health import health, not_ready
from server.http import update_routes
from server.login import PAGE_HEADERS, login_routes
from server.metrics import MetricsPage
from server.protocol import EXTENSION, StreamProtocol
from server.runtime import Runtime
from wire.codes import ErrorCode

__all__ = ["SUBPROTOCOL", "create_app"]

SUBPROTOCOL: Final = "depthbridge.v1"
_STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {"index.html": "text/html", "page.js": "text/javascript", "page.css": "text/css"}


def create_app(runtime: Runtime, access: Access) -> ASGIApp:
    """The application over a runtime."""

    async def get_health(request: Request) -> Response:
        whole = health(runtime)
        return json_response(whole if request.scope[AUTHORISED] else {"status": whole["status"]})

    async def get_livez(_: Request) -> Response:
        return json_response({"status": "ok"})

    async def get_readyz(request: Request) -> Response:
        reason = not_ready(runtime)
        content = {"status": "ok"} if reason is None else {"status": "not_ready", "reason": reason}
        if not request.scope[AUTHORISED]:
            content.pop("reason", None)
        return json_response(content, 200 if reason is None else 503)

    page = MetricsPage(runtime)

    async def get_metrics(request: Request) -> Response:
        text, kind = await page.text(request.headers.get("accept", ""))
        return Response(text, headers={"Content-Type": kind})

    routes = [
        Route("/health", get_health),
        Route("/livez", get_livez),
        Route("/readyz", get_readyz),
        Route("/metrics", get_metrics),
        *update_routes(runtime),
        *api_routes(runtime),
        *login_routes(access),
        Route("/", _page("index.html")),
        *(Route(f"/{name}", _page(name)) for name in _TYPES if name != "index.html"),
        WebSocketRoute("/ws", _Endpoint(runtime)),
    ]
    app = Starlette(
        routes=routes, exception_handlers={404: _not_found, 405: _not_allowed, 500: _defect}
    )
    return AccessGuard(app, access, runtime.measures.refused)


class _Endpoint:
    """The WebSocket handshake; afterwards the protocol class hands messages over itself."""

    def __init__(self, runtime: Runtime) -> None:
        limits = runtime.settings.server
        self._runtime = runtime
        self._seats = Seats(limits.connections, limits.connections_per_address)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        address = scope["client"][0] if scope["client"] else ""
        refused = self._refusal(scope) or self._full(address)
        if refused is not None:
            self._runtime.measures.refused[refused.code.value] += 1
            await refuse(refused, scope, receive, send)
            return
        try:
            await self._talk(scope, receive, send)
        finally:
            self._seats.give(address)

    async def _talk(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        offered = SUBPROTOCOL in scope["subprotocols"]
        await websocket.accept(subprotocol=SUBPROTOCOL if offered else None)
        protocol = cast("StreamProtocol", scope["extensions"][EXTENSION])
        dialogue = self._runtime.connect(protocol)
        try:
            while (await receive())["type"] != "websocket.disconnect":
                continue
            await self._runtime.finish(dialogue)
        finally:
            self._runtime.disconnect(dialogue)

    def _full(self, address: str) -> ErrorResponse | None:
        """Take a seat, or say why there is none."""
        why = self._seats.take(address)
        return None if why is None else error_response(ErrorCode.BUSY, why)

    def _refusal(self, scope: Scope) -> ErrorResponse | None:
        if self._runtime.ending:
            return error_response(ErrorCode.BUSY, "the server is stopping")
        if scope["subprotocols"] and SUBPROTOCOL not in scope["subprotocols"]:
            return error_response(
                ErrorCode.PROTOCOL_VERSION, f"this server speaks the subprotocol {SUBPROTOCOL}"
            )
        return None


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def get_page(_: Request) -> Response:
        return FileResponse(_STATIC / name, media_type=_TYPES[name], headers=PAGE_HEADERS)

    return get_page


async def _not_found(request: Request, _: Exception) -> Response:
    return error_response(ErrorCode.NOT_FOUND, f"no {request.scope['path']}")


async def _not_allowed(request: Request, error: Exception) -> Response:
    answer = error_response(ErrorCode.METHOD, f"{request.method} is not allowed")
    answer.headers.update(getattr(error, "headers", None) or {})  # Allow: RFC 9110, 15.5.6
    return answer


async def _defect(_: Request, __: Exception) -> Response:
    return error_response(ErrorCode.INTERNAL, "a defect of the server; it is logged there")
