"""Request heads: what is taken, and every way of saying something that has two meanings."""

import random

import pytest

from server.guard.heads import Head, HeadLimits, Refusal, early_refusal, parse_head

LIMITS = HeadLimits(whole=16_384, line=8192, fields=100)


def parse(text: bytes) -> Head | Refusal:
    return parse_head(text, LIMITS)


def test_a_plain_request() -> None:
    head = parse(
        b"POST /l2_update?x=1 HTTP/1.1\r\nHost: localhost:8765\r\nContent-Length: 12\r\n"
        b"X-Odd:\t \xe9\xe8 \t\r\naccept:\r\n\r\n"
    )
    assert head == Head(
        method="POST",
        target=b"/l2_update?x=1",
        version="1.1",
        fields=[
            (b"host", b"localhost:8765"),
            (b"content-length", b"12"),
            (b"x-odd", b"\xe9\xe8"),
            (b"accept", b""),
        ],
        length=12,
        keep_alive=True,
        expects=False,
        websocket=False,
    )


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (b"", {"length": 0, "keep_alive": True}),
        (b"Connection: Keep-Alive, Close\r\n", {"keep_alive": False}),
        (b"Transfer-Encoding: Chunked\r\n", {"length": -1}),
        (b"Content-Length: 5\r\nExpect: 100-Continue\r\n", {"length": 5, "expects": True}),
        (b"Expect: 100-continue\r\n", {"length": 0, "expects": False}),
        (b"Connection: upgrade\r\nUpgrade: h2c\r\n", {"websocket": False}),
        (b"Accept: a\r\nAccept: b\r\n", {"length": 0}),
    ],
)
def test_what_fields_mean(fields: bytes, wanted: dict[str, object]) -> None:
    head = parse(b"POST / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
    assert isinstance(head, Head)
    assert {key: getattr(head, key) for key in wanted} == wanted


def test_an_old_version_is_served_once() -> None:
    head = parse(b"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
    assert isinstance(head, Head)
    assert (head.version, head.keep_alive) == ("1.0", False)


def test_a_websocket() -> None:
    fields = b"Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n"
    head = parse(b"GET /ws HTTP/1.1\r\n" + fields)
    assert isinstance(head, Head)
    assert head.websocket


HOST = b"Host: a\r\n"
GET = b"GET / HTTP/1.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
BAD = [
    b"GET /\r\n",
    b"GET / HTTP/1.1 \r\n" + HOST,
    b"GET  / HTTP/1.1\r\n" + HOST,
    b" GET / HTTP/1.1\r\n" + HOST,
    b"GET\t/ HTTP/1.1\r\n" + HOST,
    b"GET / http/1.1\r\n" + HOST,
    b"GET / HTTP/1.10\r\n" + HOST,
    b"GET / HTTP/+1.1\r\n" + HOST,
    b"GET /a b HTTP/1.1\r\n" + HOST,
    b"GET /\x7f HTTP/1.1\r\n" + HOST,
    b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST,
    b"GET /#x HTTP/1.1\r\n" + HOST,
    b"G(T / HTTP/1.1\r\n" + HOST,
    b"GET http://localhost/ HTTP/1.1\r\n" + HOST,
    b"GET localhost HTTP/1.1\r\n" + HOST,
    b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST,
    b"OPTIONS * HTTP/1.1\r\n" + HOST,
    b"\r\n" + GET + HOST,
    GET,
    GET + b"Host:\r\n",
    GET + HOST + HOST,
    GET + b"Host: a\r\nhost: b\r\n",
    GET + b"Host : a\r\n",
    GET + b" Host: a\r\n",
    GET + HOST + b"X : a\r\n",
    POST + b"Content-Length : 5\r\n",
    GET + HOST + b"X: a\r\n b\r\n",
    GET + HOST + b"X: a\r\n\tb\r\n",
    GET + HOST + b"X\r\n",
    GET + HOST + b": a\r\n",
    GET + HOST + b"X: a\x00b\r\n",
    GET + HOST + b"X: a\x0bb\r\n",
    GET + HOST + b"X: a\rb\r\n",
    GET + HOST + b"X: a\nY: b\r\n",
    GET + HOST + b"X\xc3: a\r\n",
    GET + HOST + b"X(: a\r\n",
    GET + HOST + b"Content-Length: 3\r\n",
    GET + HOST + b"Transfer-Encoding: chunked\r\n",
    b"HEAD / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n",
    POST + b"Content-Length: +5\r\n",
    POST + b"Content-Length: -5\r\n",
    POST + b"Content-Length: 0x5\r\n",
    POST + b"Content-Length: 5, 5\r\n",
    POST + b"Content-Length: 5\r\nContent-Length: 5\r\n",
    POST + b"Content-Length: 5\r\nContent-Length: 6\r\n",
    POST + b"Content-Length: 5 5\r\n",
    POST + b"Content-Length:\r\n",
    POST + b"Content-Length: \xb2\r\n",
    POST + b"Content-Length: 5_0\r\n",
    POST + b"Content-Length: 99999999999999999999\r\n",
    POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    POST + b"Transfer-Encoding: gzip, chunked\r\n",
    POST + b"Transfer-Encoding: chunked, identity\r\n",
    POST + b"Transfer-Encoding: identity\r\n",
    POST + b"Transfer-Encoding: xchunked\r\n",
    POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    POST + b"Transfer-Encoding: \x0bchunked\r\n",
    POST + b"Transfer-Encoding:\r\n",
    b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
    POST + b"Expect: something\r\n",
    POST + b"Authorization: a\r\nAuthorization: b\r\n",
    POST + b"Origin: a\r\nOrigin: b\r\n",
    POST + b"Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n",
    POST + b"X-Depthbridge-Session: a\r\nX-Depthbridge-Session: b\r\n",
    POST + b"Connection: upgrade\r\nUpgrade: websocket\r\n",
    GET + HOST + b"Upgrade: websocket\r\n",
    b"GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
    GET + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 2\r\n",
]


@pytest.mark.parametrize("text", BAD)
def test_what_could_mean_two_things_is_refused(text: bytes) -> None:
    head = parse(text + b"\r\n")
    assert isinstance(head, Refusal), head
    assert head.code == "bad_request"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"PRI * HTTP/2.0\r\n\r\n", 505),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505),
        (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505),
        (b"GET /" + b"a" * 8190 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (GET + HOST + b"X: " + b"a" * 16_384 + b"\r\n\r\n", 431),
        (GET + HOST + b"X: a\r\n" * 100 + b"\r\n", 431),
    ],
)
def test_other_refusals(text: bytes, status: int) -> None:
    head = parse(text)
    assert isinstance(head, Refusal)
    assert head.code.status == status


def judged(text: bytes, step: int) -> Refusal | None:
    """Bytes as they arrive, before the end of the head is there."""
    buffer = bytearray()
    for at in range(0, len(text), step):
        start = len(buffer)
        buffer += text[at : at + step]
        refusal = early_refusal(buffer, start, LIMITS)
        if refusal is not None:
            return refusal
    return None


@pytest.mark.parametrize("step", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET / HTTP/1.1\nHost: a\n\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\nX: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\rX: b", 400),
        (b"GET / HTTP/1.1\r\nHost: a\x00", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET /" + b"a" * 9000, 414),
        (GET + b"X: a\r\n" * 4000, 431),
        (GET + b"X: " + b"a" * 20_000, 431),
    ],
)
def test_an_unfinished_head_is_judged_at_once(text: bytes, status: int, step: int) -> None:
    refusal = judged(text, step)
    assert refusal is not None
    assert refusal.code.status == status


@pytest.mark.parametrize("step", [1, 3, 1000])
def test_an_unfinished_head_that_may_become_good(step: int) -> None:
    text = b"GET / HTTP/1.1\r\nHost: a\r\nX: b\tc\r\nY: d"
    assert all(judged(text[:end], step) is None for end in range(len(text) + 1))


def test_no_bytes_make_it_fail() -> None:
    """Mutations of good heads: a head or a refusal, never an exception, never control bytes."""
    rng = random.Random(5)
    good = [
        b"POST /l2_update HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nAccept: */*\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    ]
    pieces = [b"\r", b"\n", b"\x00", b":", b" ", b"\t", b"Content-Length: 1\r\n", b"chunked", b","]
    for _ in range(3000):
        text = bytearray(rng.choice(good))
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(text))
            if rng.random() < 0.5:
                text[at:at] = rng.choice(pieces)
            else:
                text[at] = rng.randrange(256)
        head = parse(bytes(text))
        if isinstance(head, Head):
            assert head.length <= 0 or b"transfer-encoding" not in dict(head.fields)
            assert all(not set(value) & {0, 10, 13} for _, value in head.fields)
            assert [name for name, _ in head.fields].count(b"host") == 1
