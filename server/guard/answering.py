"""How the guard answers by itself, and the transport as uvicorn's response cycle sees it."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from server.guard.heads import Refusal

__all__ = ["AnswerTransport", "refusal_bytes"]


class AnswerTransport(NamedTuple):
    """What an answer needs of its connection: the end waits for a client that still sends.

    Attributes:
        write: sends a part.
        is_closing: whether nothing can be sent any more.
        close: the answer was the last one.
    """

    write: Callable[[bytes], None]
    is_closing: Callable[[], bool]
    close: Callable[[], None]


def refusal_bytes(refusal: Refusal, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A whole response, in the shape of all errors; the last one on its connection.

    Args:
        refusal: code and reason.
        fields: that every response has.
    """
    content = {"status": "error", "code": refusal.code.value, "message": refusal.reason}
    body = orjson.dumps(content)
    return (
        STATUS_LINE[refusal.code.status]
        + b"".join(b"%s: %s\r\n" % pair for pair in fields)
        + b"content-type: application/json\r\nconnection: close\r\n"
        + b"content-length: %d\r\n\r\n" % len(body)
        + body
    )
