"""Where a body ends, in whatever pieces it arrives."""

import pytest

from server.guard.bodies import Body, ChunkedBody, LengthBody
from server.guard.heads import Refusal


def taken(body: Body, data: bytes, step: int) -> tuple[bytes | Refusal, bytes]:
    """The payload, and what was left for the next request."""
    buffer = bytearray()
    whole = b""
    for at in range(0, len(data), step):
        buffer += data[at : at + step]
        if body.done:
            continue
        part = body.take(buffer)
        if isinstance(part, Refusal):
            return part, b""
        whole += part
    return whole, bytes(buffer)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_by_length(step: int) -> None:
    body = LengthBody(5)
    assert taken(body, b"helloGET", step) == (b"hello", b"GET")
    assert body.done


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"A\r\n0123456789\r\n0000001\r\n!\r\n000\r\n\r\n", b"0123456789!"),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
    ],
)
def test_by_chunks(data: bytes, whole: bytes, step: int) -> None:
    body = ChunkedBody(100)
    assert taken(body, data + b"GET /", step) == (whole, b"GET /")
    assert body.done


@pytest.mark.parametrize("step", [1, 2, 100])
@pytest.mark.parametrize(
    "data",
    [
        b"\r\n",
        b"g\r\n",
        b"0x5\r\nhello\r\n",
        b"+5\r\nhello\r\n",
        b"-5\r\n",
        b" 5\r\n",
        b"5 \r\nhello\r\n",
        b"5;a=b\r\nhello\r\n",
        b"5;\r\nhello\r\n",
        b"5\nhello\r\n",
        b"5\rhello",
        b"000000005\r\nhello\r\n",
        b"fffffffff\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhello!\r\n0\r\n\r\n",
        b"0\r\nX: trailer\r\n\r\n",
        b"0\r\n\n",
        b"1" * 40,
    ],
)
def test_bad_chunks(data: bytes, step: int) -> None:
    part, _ = taken(ChunkedBody(100), data, step)
    assert isinstance(part, Refusal)
    assert part.code == "bad_request"


def test_chunks_over_the_limit_are_refused_when_they_are_announced() -> None:
    part = ChunkedBody(100).take(bytearray(b"65\r\n"))
    assert isinstance(part, Refusal)
    assert part.code == "too_large"
    body = ChunkedBody(100)
    assert body.take(bytearray(b"32\r\n" + bytes(50) + b"\r\n")) == bytes(50)
    assert isinstance(body.take(bytearray(b"33\r\n")), Refusal)


def test_chunks_are_counted() -> None:
    part = ChunkedBody(1 << 20).take(bytearray(b"1\r\nx\r\n" * 20_000))
    assert isinstance(part, Refusal)
    assert part.code == "bad_request"
