"""HTTP/1.1 request heads (RFC 9112), read strictly.

What two readers could take for two different requests is refused, and so is what no client of this
server needs: anything but origin-form targets, bare line feeds, folded lines, space before a colon,
control characters, no Host or two, Content-Length that is not digits, or twice, or together with
Transfer-Encoding, any coding but ``chunked``, a body where the method has none.
"""

import re
from typing import Final, NamedTuple

from wire.codes import ErrorCode

__all__ = ["Head", "HeadLimits", "Refusal", "early_refusal", "parse_head"]

_TOKEN: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_REQUEST: Final = re.compile(
    rb"(" + _TOKEN + rb"{1,32}) (/[\x21\x22\x24-\x7e]*|\*) HTTP/([0-9])\.([0-9])"
)
_FIELDS: Final = re.compile(rb"(?:" + _TOKEN + rb"++:[\t\x20-\x7e\x80-\xff]*+\r\n)*+")
_FIELD: Final = re.compile(rb"([^:]+):[ \t]*+([^\r]*)\r\n")
_NEVER: Final = re.compile(rb"(?<!\r)\n|\r(?![\n])(?!\Z)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""Bytes that no head holds: control characters, a line feed or carriage return by itself."""
_DIGITS: Final = re.compile(rb"[0-9]{1,15}")
_ONCE: Final = frozenset(
    (
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"content-type",
        b"content-encoding",
        b"authorization",
        b"origin",
        b"expect",
        b"upgrade",
    )
)
_OWN: Final = b"x-depthbridge-"
_BODILESS: Final = frozenset(("GET", "HEAD"))


class HeadLimits(NamedTuple):
    """Sizes of a head.

    Attributes:
        whole: bytes of request line and fields together.
        line: bytes of the request line.
        fields: how many.
    """

    whole: int
    line: int
    fields: int


class Refusal(NamedTuple):
    """Why a request is refused; the connection ends with the answer."""

    code: ErrorCode
    reason: str


class Head(NamedTuple):
    """A request without its body.

    Attributes:
        method: as sent; methods are case-sensitive.
        target: path and query as sent; begins with a slash.
        version: ``1.1`` or ``1.0``.
        fields: (name in lower case, value without surrounding space), in order.
        length: bytes of the body; -1: chunked.
        keep_alive: whether another request may follow.
        expects: whether the client waits for 100 before it sends the body.
        websocket: whether it asks for the upgrade.
    """

    method: str
    target: bytes
    version: str
    fields: list[tuple[bytes, bytes]]
    length: int
    keep_alive: bool
    expects: bool
    websocket: bool


def early_refusal(part: bytes | bytearray, start: int, limits: HeadLimits) -> Refusal | None:
    """Judge a head whose end has not come yet.

    Args:
        part: what arrived so far.
        start: bytes of it that were judged before.
        limits: of the whole.
    """
    if _NEVER.search(part, max(0, start - 1)):
        return _bad("a control character or half a line end")
    line = part.find(b"\r\n", 0, limits.line + 2)
    if line < 0 and len(part) > limits.line:
        return Refusal(ErrorCode.URI_TOO_LONG, f"the request line exceeds {limits.line} bytes")
    if len(part) > limits.whole:
        return _too_large(limits)
    return None


def parse_head(data: bytes, limits: HeadLimits) -> Head | Refusal:
    """A head from its bytes, up to and with the empty line."""
    line, _, block = data[:-2].partition(b"\r\n")
    if len(line) > limits.line:
        return Refusal(ErrorCode.URI_TOO_LONG, f"the request line exceeds {limits.line} bytes")
    if len(data) > limits.whole:
        return _too_large(limits)
    request = _REQUEST.fullmatch(line)
    if request is None:
        return _bad("the request line is not: method, path, HTTP/1.1")
    if request[3] != b"1" or request[4] not in b"01":
        return Refusal(ErrorCode.HTTP_VERSION, "this server speaks HTTP/1.1")
    if request[2] == b"*":
        return _bad("the target is not a path")
    if not _FIELDS.fullmatch(block):
        return _bad("a header field is malformed")
    fields = [(name.lower(), value.rstrip(b" \t")) for name, value in _FIELD.findall(block)]
    if len(fields) > limits.fields:
        return Refusal(ErrorCode.HEADERS_TOO_LARGE, f"more than {limits.fields} header fields")
    known: dict[bytes, bytes] = {}
    for name, value in fields:
        if name in known and (name in _ONCE or name.startswith(_OWN)):
            return _bad(f"{name.decode()} is given twice")
        known[name] = value if name not in known else known[name] + b"," + value
    return _framed(request[1].decode(), request[2], "1." + request[4].decode(), fields, known)


def _framed(
    method: str,
    target: bytes,
    version: str,
    fields: list[tuple[bytes, bytes]],
    known: dict[bytes, bytes],
) -> Head | Refusal:
    """The rest of the judgement: where the body ends and what follows it."""
    if not known.get(b"host"):
        return _bad("Host is missing")
    length = _body_length(version, known)
    if isinstance(length, Refusal):
        return length
    if length and method in _BODILESS:
        return _bad(f"{method} has no body")
    options = {one.strip().lower() for one in known.get(b"connection", b"").split(b",")}
    expect = known.get(b"expect", b"").lower()
    if expect not in (b"", b"100-continue"):
        return _bad("Expect is not 100-continue")
    websocket = known.get(b"upgrade", b"").lower() == b"websocket"
    if websocket and (method != "GET" or version != "1.1" or b"upgrade" not in options):
        return _bad("a WebSocket begins with GET, HTTP/1.1 and Connection: Upgrade")
    return Head(
        method=method,
        target=target,
        version=version,
        fields=fields,
        length=length,
        keep_alive=version == "1.1" and b"close" not in options,
        expects=bool(expect) and version == "1.1" and length != 0,
        websocket=websocket,
    )


def _body_length(version: str, known: dict[bytes, bytes]) -> int | Refusal:
    coding, length = known.get(b"transfer-encoding"), known.get(b"content-length")
    if coding is not None:
        if length is not None:
            return _bad("Content-Length and Transfer-Encoding")
        if coding.lower() != b"chunked" or version != "1.1":
            return _bad("Transfer-Encoding is not chunked")
        return -1
    if length is None:
        return 0
    if not _DIGITS.fullmatch(length):
        return _bad("Content-Length is not a number")
    return int(length)


def _bad(reason: str) -> Refusal:
    return Refusal(ErrorCode.BAD_REQUEST, reason)


def _too_large(limits: HeadLimits) -> Refusal:
    return Refusal(ErrorCode.HEADERS_TOO_LARGE, f"the head exceeds {limits.whole} bytes")
