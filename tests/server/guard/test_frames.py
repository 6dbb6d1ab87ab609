"""The frame reader against websockets' parser, and what it never keeps or lets through."""

import os
import random
import struct
from collections.abc import Iterable

import pytest
from websockets.frames import Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from server.guard.frames import FrameReader, Got, Refused

MASK = bytes.fromhex("12a45678")


def frame(payload: bytes, opcode: int = 2, *, fin: bool = True, mask: bytes = MASK) -> bytes:
    size = len(payload)
    head = bytes([(0x80 if fin else 0) | opcode])
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 1 << 16:
        head += b"\xfe" + struct.pack(">H", size)
    else:
        head += b"\xff" + struct.pack(">Q", size)
    repeated = (mask * (size // 4 + 1))[:size]
    masked = (int.from_bytes(payload) ^ int.from_bytes(repeated)).to_bytes(size)
    return head + mask + masked


def read(chunks: Iterable[bytes], bytes_: int = 1 << 20, fragments: int = 1024) -> list[object]:
    reader = FrameReader(message_bytes=bytes_, fragments=fragments)
    found: list[object] = []
    for chunk in chunks:
        reader.feed(chunk)
        while (event := reader.next()) is not None:
            got, data = event
            if got is Got.REFUSED:
                assert isinstance(data, Refused)
                found.append((got, data.code, data.limit))
            elif got is not Got.PART:
                found.append((got, data))
    return found


def read_by_websockets(chunks: Iterable[bytes]) -> list[object]:
    """The same from another implementation, put together to messages."""
    protocol = Protocol(SERVER, state=OPEN, max_size=1 << 20)
    found: list[object] = []
    parts: list[bytes] = []
    kind = 0
    for chunk in chunks:
        protocol.receive_data(chunk)
        for event in protocol.events_received():
            if event.opcode in (Opcode.PING, Opcode.PONG):  # type: ignore[union-attr]
                found.append((Got(event.opcode), bytes(event.data)))  # type: ignore[union-attr]
                continue
            if event.opcode == Opcode.CLOSE:  # type: ignore[union-attr]
                found.append((Got.CLOSE, bytes(event.data)))  # type: ignore[union-attr]
                return found
            if event.opcode != Opcode.CONT:  # type: ignore[union-attr]
                parts, kind = [], event.opcode  # type: ignore[union-attr]
            parts.append(bytes(event.data))  # type: ignore[union-attr]
            if event.fin:  # type: ignore[union-attr]
                whole = b"".join(parts)
                if kind == Opcode.TEXT:
                    try:
                        found.append((Got.TEXT, whole.decode()))
                    except UnicodeDecodeError:
                        found.append((Got.REFUSED, 1007, ""))
                        return found
                else:
                    found.append((Got.BINARY, whole))
        if protocol.parser_exc is not None:
            assert protocol.close_sent is not None
            limit = "bytes" if protocol.close_sent.code == 1009 else ""
            found.append((Got.REFUSED, 0 if limit else protocol.close_sent.code, limit))
            return found
    return found


def cut(data: bytes, rng: random.Random) -> list[bytes]:
    """The bytes in pieces, as sockets deliver them."""
    chunks, at = [], 0
    while at < len(data):
        size = rng.choice((1, 2, 3, 7, 64, 1000, 70_000))
        chunks.append(data[at : at + size])
        at += size
    return chunks


def conversation(rng: random.Random) -> bytes:
    """Messages whole and in fragments, control frames between them, now and then a wrong byte."""
    out = bytearray()
    for _ in range(rng.randint(1, 8)):
        text = rng.random() < 0.5
        body = "aé€😀".encode() * rng.randint(0, 60) if text else rng.randbytes(rng.randint(0, 400))
        if rng.random() < 0.1:
            body = rng.randbytes(rng.choice((125, 126, 65_535, 65_536)))
        opcode = 1 if text else 2
        if rng.random() < 0.5:
            out += frame(body, opcode)
            continue
        at = 0
        while at < len(body):
            size = rng.randint(1, 40)
            last = at + size >= len(body)
            out += frame(body[at : at + size], opcode if at == 0 else 0, fin=last)
            if rng.random() < 0.2:
                out += frame(rng.randbytes(rng.randint(0, 125)), rng.choice((9, 10)))
            at += size
    if rng.random() < 0.6 and out:
        for _ in range(rng.randint(1, 3)):
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def agrees(seed: int) -> None:
    """Both readers find the same; ours may only refuse sooner, never later or otherwise."""
    rng = random.Random(seed)
    data = conversation(rng)
    ours = read(cut(data, rng), fragments=1 << 20)
    theirs = read_by_websockets([data[at : at + 1] for at in range(len(data))])
    if ours and ours[-1] == (Got.REFUSED, 1007, ""):
        assert ours[:-1] == theirs[: len(ours) - 1]
        return
    closes = [at for at, one in enumerate(ours) if one[0] is Got.CLOSE]  # type: ignore[index]
    if closes:
        # Close frames are judged elsewhere; nothing after the first one counts.
        assert ours[: closes[0]] == theirs[: closes[0]]
        assert theirs[closes[0]][0] in (Got.CLOSE, Got.REFUSED)  # type: ignore[index]
        return
    if ours[-1:] == [(Got.REFUSED, 1002, "")] and ours[:-1] == theirs:
        return  # ours needs only the header of a bad frame, theirs the whole
    assert ours == theirs


@pytest.mark.parametrize("part", range(8))
def test_it_reads_what_another_implementation_reads(part: int) -> None:
    for seed in range(part * 25, part * 25 + 25):
        agrees(seed)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_it_reads_what_another_implementation_reads_at_length() -> None:
    for seed in range(10_000, 14_000):
        agrees(seed)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20])
@pytest.mark.parametrize("step", [1, 2048, 1 << 21])
def test_sizes_at_the_borders(size: int, step: int) -> None:
    if size > 70_000 and step == 1:
        step = 4099
    payload = os.urandom(size)
    data = frame(payload)
    chunks = [data[at : at + step] for at in range(0, len(data), step)]
    assert read(chunks) == [(Got.BINARY, payload)]


def test_a_message_that_is_too_large_is_refused_at_its_header() -> None:
    reader = FrameReader(message_bytes=1 << 20, fragments=1024)
    reader.feed(frame(b"")[:1] + b"\xff" + struct.pack(">Q", (1 << 20) + 1))
    event = reader.next()
    assert event is not None
    assert event[1] == (0, "1048577 bytes exceed the limit 1048576", "bytes")
    reader.feed(bytes(1 << 20))
    assert reader.held == 0
    assert reader.next() is None


def test_fragments_add_up_to_the_limit() -> None:
    parts = [frame(bytes(1000), 2, fin=False), frame(bytes(1000), 0, fin=False)]
    whole = [*parts, frame(bytes(48), 0)]
    assert read(whole, 2048) == [(Got.BINARY, bytes(2048))]
    over = [*parts, frame(bytes(49), 0)]
    assert read(over, 2048) == [(Got.REFUSED, 0, "bytes")]


def test_fragments_are_counted() -> None:
    parts = [frame(b"x", 2, fin=False), *(frame(b"x", 0, fin=False) for _ in range(8))]
    last = frame(b"x", 0)
    assert read([*parts, last], fragments=10) == [(Got.BINARY, b"x" * 10)]
    assert read([*parts, last], fragments=9) == [(Got.REFUSED, 0, "fragments")]
    empty = [frame(b"", 2, fin=False), *(frame(b"", 0, fin=False) for _ in range(50))]
    assert read(empty, fragments=20) == [(Got.REFUSED, 0, "fragments")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xc2\x80" + MASK, 1002),  # compressed: no extension was agreed on
        (b"\xa2\x80" + MASK, 1002),
        (b"\x92\x80" + MASK, 1002),
        (b"\x83\x80" + MASK, 1002),  # unknown opcodes
        (b"\x8b\x80" + MASK, 1002),
        (b"\x82\x00", 1002),  # not masked
        (b"\x09\x80" + MASK, 1002),  # a fragmented ping
        (b"\x89\xfe\x00\x7e", 1002),  # a ping of 126 bytes
        (b"\x80\x80" + MASK, 1002),  # nothing to continue
        (frame(b"a", 1, fin=False) + frame(b"b", 1), 1002),
        (frame(b"\xff", 1), 1007),
        (frame(b"\xc3", 1), 1007),
        (frame(b"\xed\xa0\x80", 1), 1007),
        (frame(b"ok\xff", 1, fin=False), 1007),  # text is judged with each fragment
    ],
)
def test_what_breaks_the_protocol(data: bytes, code: int) -> None:
    assert read([data]) == [(Got.REFUSED, code, "")]
    assert read([data[at : at + 1] for at in range(len(data))]) == [(Got.REFUSED, code, "")]


def test_a_character_may_be_split_between_fragments() -> None:
    text = "κόσμε😀"
    data = text.encode()
    for at in range(1, len(data)):
        wire = frame(data[:at], 1, fin=False) + frame(b"x", 9) + frame(data[at:], 0)
        assert read([wire]) == [(Got.PING, b"x"), (Got.TEXT, text)]
    unfinished = frame(data[:-1], 1, fin=False) + frame(b"", 0)
    assert read([unfinished]) == [(Got.REFUSED, 1007, "")]


def test_one_call_handles_one_frame() -> None:
    reader = FrameReader(message_bytes=1 << 20, fragments=1024)
    reader.feed(frame(b"a", 2, fin=False) + frame(b"b", 0, fin=False) + frame(b"c", 0))
    assert [reader.next() for _ in range(4)] == [
        (Got.PART, b""),
        (Got.PART, b""),
        (Got.BINARY, b"abc"),
        None,
    ]


def test_little_is_held_of_what_was_handled() -> None:
    reader = FrameReader(message_bytes=1 << 20, fragments=1024)
    one = frame(bytes(300))
    for _ in range(2000):
        reader.feed(one + one[:50])
        assert reader.next() is not None
        assert reader.next() is None
        assert reader.held == 50
        reader.feed(one[50:])
        assert reader.next() is not None
        assert reader.held == 0
        assert len(reader._data) < 1000
