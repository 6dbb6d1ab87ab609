"""HTTP answers in one shape: ``{"status": "ok", …}`` or ``{"status": "error", "code": …}``."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from starlette.responses import Response

from market.errors import DataError, DepthbridgeError, MalformedError
from wire.codes import ErrorCode

_CODES: Final = {code.value: code for code in ErrorCode}

__all__ = ["ErrorResponse", "error_fields", "error_response", "json_response", "refusal_response"]


def json_response(content: Mapping[str, Any], status: int = 200) -> Response:
    """A JSON answer; NaN becomes null."""
    return Response(orjson.dumps(content), status, media_type="application/json")


class ErrorResponse(Response):
    """An answer that refuses.

    Attributes:
        code: why.
    """

    def __init__(self, code: ErrorCode, content: Mapping[str, Any]) -> None:
        self.code = code
        super().__init__(orjson.dumps(content), code.status, media_type="application/json")


def error_response(code: ErrorCode, message: str, **facts: object) -> ErrorResponse:
    """An error with a stable code; its HTTP status belongs to the code."""
    content = {"status": "error", "code": code.value, "message": message, **facts}
    return ErrorResponse(code, content)


def error_fields(error: DepthbridgeError) -> tuple[ErrorCode, dict[str, Any]]:
    """Code and facts of an error of ours, as they go over the wire."""
    code = _CODES.get(error.code)
    if code is None:
        code = ErrorCode.MALFORMED if isinstance(error, DataError) else ErrorCode.INTERNAL
    facts: dict[str, Any] = {}
    if isinstance(error, MalformedError):
        facts = {"index": error.index, "field": error.field}
    return code, {key: value for key, value in facts.items() if value is not None}


def refusal_response(error: DepthbridgeError, **facts: object) -> Response:
    """The answer to a request that this error refused."""
    code, own = error_fields(error)
    return error_response(code, error.message, **own, **facts)
