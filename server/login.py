"""``/login`` and ``/logout``: how a browser shows the token, once, for a cookie.

The cookie holds a random value that is known here only; it is HttpOnly, SameSite=Strict, and
Secure where there is TLS.
"""

import logging
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from server.access import COOKIE, Access, session_of
from server.answers import error_response
from wire.codes import ErrorCode

__all__ = ["PAGE_HEADERS", "login_routes"]

PAGE_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""Of every page; what every answer has beside them is in ``server.run``."""
_LOG: Final = logging.getLogger("depthbridge.access")
_PAGE: Final = Path(__file__).parent / "static" / "login.html"
_NOTE: Final = "<!-- note -->"
_MOST_BYTES: Final = 4096


def login_routes(access: Access) -> list[Route]:
    """The routes; without a token there is nothing to log in to."""
    token = access.token
    if token is None:
        return []
    text = _PAGE.read_text(encoding="utf-8")

    def page(note: str, status: int, **headers: str) -> Response:
        shown = text.replace(_NOTE, f'<p class="bad" role="alert">{note}</p>' if note else "")
        return HTMLResponse(shown, status, headers={**PAGE_HEADERS, **headers})

    async def get_login(_: Request) -> Response:
        return page("", 200)

    async def post_login(request: Request) -> Response:
        address = request.client.host if request.client else ""
        now = access.clock.monotonic_ns()
        if "origin" not in request.headers:
            return error_response(ErrorCode.FORBIDDEN, "a login needs an Origin")
        if not access.attempts.take(address, now):
            return page("Too many attempts: wait a minute.", 429, **{"Retry-After": "60"})
        if not token.matches(await _token_of(request)):
            _LOG.warning("login refused", extra={"address": address})
            return page("That is not the token.", 401)
        _LOG.info("login", extra={"address": address})
        answer = RedirectResponse("/", 303)
        _set_cookie(answer, request, access.sessions.open(now))
        return answer

    async def post_logout(request: Request) -> Response:
        access.sessions.close(session_of(request.scope["headers"]))
        answer = RedirectResponse("/login", 303)
        _set_cookie(answer, request, "", max_age=0)
        return answer

    return [
        Route("/login", get_login),
        Route("/login", post_login, methods=["POST"]),
        Route("/logout", post_logout, methods=["POST"]),
    ]


def _set_cookie(
    answer: Response, request: Request, value: str, *, max_age: int | None = None
) -> None:
    answer.set_cookie(
        COOKIE,
        value,
        max_age=max_age,
        httponly=True,
        samesite="strict",
        secure=request.scope["scheme"] == "https",
    )


async def _token_of(request: Request) -> bytes:
    """The field ``token`` of a form; empty if there is none or too much."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            return b""
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=8)
    except ValueError:  # more fields than our form has
        return b""
    return fields.get("token", [""])[0].strip().encode("utf-8")
