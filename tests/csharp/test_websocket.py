"""The bridge's WebSocket: RFC 6455's own examples, each rule broken, frames cut anywhere, servers.

What a sound conversation looks like is said by the RFC and by the package ``websockets``, which
this project did not make.
"""

import base64
import contextlib
import json
import random
import socket
import threading
from collections.abc import Iterator
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode, apply_mask
from websockets.utils import accept_key

from tests.csharp.build import Program
from tests.csharp.talk import Talk
from tests.csharp.test_transports import bridge, is_live, until
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.usefixtures("warmed")

NONCE: Final = base64.b64decode("dGhlIHNhbXBsZSBub25jZQ==")
ACCEPT: Final = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""Key and answer of RFC 6455, section 1.3."""
CONSENT: Final = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": ACCEPT,
    "Sec-WebSocket-Protocol": "depthbridge.v1",
}
KEY: Final = 0x3D21FA37
"""The masking key of section 5.7, 37 fa 21 3d."""
PROTOCOL_ERROR, INVALID_DATA, TOO_BIG = 1002, 1007, 1009


@pytest.fixture(scope="module")
def spoken(runner: Program) -> Iterator[Talk]:
    with Talk(runner, "websocket") as talk:
        yield talk


def read(talk: Talk, *pieces: bytes) -> tuple[list[list[Any]], int]:
    """What a client makes of bytes: events, and the close code of what it refuses, or 0."""
    found = talk.say("read", *(piece.hex() for piece in pieces))
    return found["events"], found["fault"]


def frame(opcode: Opcode, data: bytes = b"", *, fin: bool = True, reserved: int = 0) -> bytes:
    """As a server sends it; ``reserved`` are bits that no server of ours may set."""
    sound = Frame(opcode, data, fin).serialize(mask=False)
    return bytes([sound[0] | reserved]) + sound[1:]


TEXT, BINARY, CONT = Opcode.TEXT, Opcode.BINARY, Opcode.CONT
PING, PONG, CLOSE = Opcode.PING, Opcode.PONG, Opcode.CLOSE
HELLO: Final = b"Hello".hex().upper()


@pytest.mark.parametrize(
    ("said", "events"),
    [
        ("810548656c6c6f", [["Text", "Hello"]]),
        ("010348656c 80026c6f", [["Text", "Hello"]]),
        ("890548656c6c6f", [["Ping", HELLO]]),
        ("8a0548656c6c6f", [["Pong", HELLO]]),
        ("827e0100" + "ab" * 256, [["Binary"]]),
        ("827f0000000000010000" + "ab" * 65536, [["Binary"]]),
    ],
)
def test_the_examples_of_the_rfc(spoken: Talk, said: str, events: list[Any]) -> None:
    assert read(spoken, bytes.fromhex(said)) == (events, 0)


def test_a_message_is_masked_as_in_the_example_of_the_rfc(spoken: Talk) -> None:
    assert spoken.say("write", 1, b"Hello".hex(), KEY) == "818537FA213D7F9F4D5158"
    assert spoken.say("write", 10, b"Hello".hex(), KEY) == "8A8537FA213D7F9F4D5158"


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 125, 126, 127, 8192, 65535, 65536, 131112])
def test_what_is_written_is_what_websockets_writes(spoken: Talk, size: int) -> None:
    payload = random.Random(size).randbytes(size)
    found = bytes.fromhex(spoken.say("write", 2, payload.hex(), KEY))
    expected = Frame(BINARY, payload).serialize(mask=False)
    head = len(expected) - size
    key = KEY.to_bytes(4, "little")
    assert found[0] == expected[0]
    assert found[1] == expected[1] | 0x80
    assert found[2 : head + 4] == expected[2:head] + key
    assert found[head + 4 :] == apply_mask(payload, key)


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(CLOSE, code.to_bytes(2) + reason)


BROKEN: Final = {
    "reserved bit 1": (frame(TEXT, b"x", reserved=0x40), PROTOCOL_ERROR),
    "reserved bit 2": (frame(TEXT, b"x", reserved=0x20), PROTOCOL_ERROR),
    "reserved bit 3": (frame(PING, b"x", reserved=0x10), PROTOCOL_ERROR),
    # The masking keys would pass for two empty pongs.
    "a masked text": (b"\x81\x80\x8a\x00\x8a\x00", PROTOCOL_ERROR),
    "a masked ping": (b"\x89\x80\x8a\x00\x8a\x00", PROTOCOL_ERROR),
    **{f"opcode {code}": (bytes([0x80 | code, 0]), PROTOCOL_ERROR) for code in (3, 7, 11, 15)},
    "a ping in parts": (b"\x09\x00", PROTOCOL_ERROR),
    "a long ping": (b"\x89\x7e\x00\x7e" + bytes(126), PROTOCOL_ERROR),
    "a close in parts": (b"\x08\x00", PROTOCOL_ERROR),
    "nothing to continue": (frame(CONT, b"x"), PROTOCOL_ERROR),
    "a message within one": (frame(TEXT, b"x", fin=False) + frame(TEXT, b"y"), PROTOCOL_ERROR),
    "another kind within": (frame(TEXT, b"x", fin=False) + frame(BINARY, b""), PROTOCOL_ERROR),
    "16 bits for 125": (b"\x81\x7e\x00\x7d" + bytes(125), PROTOCOL_ERROR),
    "64 bits for 65535": (b"\x82\x7f" + (65535).to_bytes(8) + bytes(65535), PROTOCOL_ERROR),
    "a negative length": (b"\x82\x7f" + b"\xff" * 8, PROTOCOL_ERROR),
    "the least negative length": (b"\x82\x7f\x80" + bytes(7), PROTOCOL_ERROR),
    "more than may be": (b"\x82\x7f" + ((1 << 26) + 1).to_bytes(8), TOO_BIG),
    "a petabyte": (b"\x81\x7f" + (1 << 50).to_bytes(8), TOO_BIG),
    "more in parts": (
        frame(TEXT, b"ab", fin=False) + b"\x80\x7f" + ((1 << 26) - 1).to_bytes(8),
        TOO_BIG,
    ),
    "no UTF-8": (frame(TEXT, b"\xff"), INVALID_DATA),
    "an overlong character": (frame(TEXT, b"\xc0\xaf"), INVALID_DATA),
    "half a pair": (frame(TEXT, b"\xed\xa0\x80"), INVALID_DATA),
    "a character cut off": (frame(TEXT, b"\xe2\x82"), INVALID_DATA),
    # Texts are looked at eight bytes at a time.
    **{
        f"no UTF-8 at byte {at} of 20": (
            frame(TEXT, b"x" * at + b"\x80" + b"x" * (19 - at)),
            INVALID_DATA,
        )
        for at in range(20)
    },
    "half a close code": (frame(CLOSE, b"\x03"), PROTOCOL_ERROR),
    **{
        f"close code {code}": (close(code), PROTOCOL_ERROR)
        for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)
    },
    "a reason that is no UTF-8": (close(1000, b"\xff"), INVALID_DATA),
}


@pytest.mark.parametrize("name", list(BROKEN))
@pytest.mark.parametrize("whole", [True, False])
def test_what_breaks_the_protocol_is_refused(spoken: Talk, name: str, whole: bool) -> None:
    said, code = BROKEN[name]
    before = frame(TEXT, b"{}")
    rest = [said] if whole else [bytes([byte]) for byte in said]
    events, fault = read(spoken, before, *rest)
    assert fault == code
    assert events[0] == ["Text", "{}"]
    assert all(event[0] == "Text" for event in events[1:])


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1012, 3000, 4409, 4999])
def test_a_close_is_told_with_its_reason(spoken: Talk, code: int) -> None:
    assert read(spoken, close(code, "später".encode())) == ([["Close", code, "später"]], 0)


def test_a_close_may_say_nothing(spoken: Talk) -> None:
    assert read(spoken, frame(CLOSE)) == ([["Close", 0, ""]], 0)


Message = tuple[str, bytes]


def said_by(messages: list[Message], chance: random.Random) -> Iterator[bytes]:
    """The frames of a conversation: data in parts, control frames between them."""
    for kind, data in messages:
        opcode = TEXT if kind == "Text" else BINARY
        cuts = sorted(chance.randrange(len(data) + 1) for _ in range(chance.choice([0, 0, 1, 3])))
        parts = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
        for number, part in enumerate(parts):
            if chance.random() < 0.2:
                yield frame(PING, part[:125])
            last = number + 1 == len(parts)
            yield frame(opcode if number == 0 else CONT, part, fin=last)


MESSAGES = st.lists(
    st.one_of(
        st.tuples(st.just("Text"), st.text(max_size=200).map(str.encode)),
        st.tuples(st.just("Text"), st.integers(0, 70_000).map(lambda size: b"a" * size)),
        st.tuples(st.just("Binary"), st.binary(max_size=300)),
    ),
    max_size=8,
)


@settings(max_examples=100)
@given(messages=MESSAGES, seed=st.integers(0, 1 << 32))
def test_messages_come_through_however_they_are_cut(
    spoken: Talk, messages: list[Message], seed: int
) -> None:
    chance = random.Random(seed)
    stream = b"".join(said_by(messages, chance))
    cuts = sorted(chance.randrange(len(stream) + 1) for _ in range(chance.choice([0, 3, 40])))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    events, fault = read(spoken, *pieces)
    assert fault == 0
    expected = [
        ["Text", data.decode()] if kind == "Text" else ["Binary"] for kind, data in messages
    ]
    assert [event for event in events if event[0] != "Ping"] == expected


def answer(status: str = "101 Switching Protocols", **changed: str | None) -> bytes:
    """A server's answer; a field that is None is left out, underscores stand for hyphens."""
    fields = {**CONSENT, **{name.replace("_", "-"): value for name, value in changed.items()}}
    lines = [f"{name}: {value}\r\n" for name, value in fields.items() if value is not None]
    return f"HTTP/1.1 {status}\r\n{''.join(lines)}\r\n".encode()


def judged(talk: Talk, said: bytes) -> dict[str, Any]:
    found: dict[str, Any] = talk.say("judge", NONCE.hex(), said.hex())
    return found


def test_the_handshake_is_that_of_the_rfc(spoken: Talk) -> None:
    request = spoken.say("request", "127.0.0.1:8765", "0123456789abcdef", NONCE.hex())
    assert request.split("\r\n") == [
        "GET /ws HTTP/1.1",
        "Host: 127.0.0.1:8765",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: depthbridge.v1",
        "Authorization: Bearer 0123456789abcdef",
        "",
        "",
    ]
    said = answer()
    assert judged(spoken, said) == {"size": len(said)}
    assert judged(spoken, said + b"\x81\x00") == {"size": len(said)}, "frames may follow at once"
    for count in (0, 1, 20, len(said) - 1):
        assert judged(spoken, said[:count]) == {"size": 0}


def test_consent_may_be_worded_otherwise(spoken: Talk) -> None:
    said = answer(Upgrade="WebSocket", Connection="keep-alive, UPGRADE", Server="any")
    assert judged(spoken, said) == {"size": len(said)}
    said = answer(Sec_WebSocket_Protocol=None).replace(b"Upgrade: ", b"uPGRADE:\t")
    assert judged(spoken, said) == {"size": len(said)}


@pytest.mark.parametrize(
    "said",
    [
        answer(Upgrade=None),
        answer(Upgrade="h2c"),
        answer(Connection="close"),
        answer(Connection="xupgrade"),
        answer(Sec_WebSocket_Accept=None),
        answer(Sec_WebSocket_Accept=ACCEPT.lower()),
        answer(Sec_WebSocket_Protocol="other"),
        answer(Sec_WebSocket_Extensions="permessage-deflate"),
        answer().replace(b"Upgrade: websocket\r\n", b"Upgrade: websocket\r\n" * 2),
        answer().replace(b"HTTP/1.1 101", b"SSH-2.0 101"),
        answer().replace(b"HTTP/1.1 101", b"HTTP/1.1 x01"),
        answer().replace(b"HTTP/1.1 101 ", b"HTTP/1.1101"),
        b"\r\n\r\n",
        b"x" * (1 << 14),
    ],
)
def test_what_is_no_consent_is_refused(spoken: Talk, said: bytes) -> None:
    found = judged(spoken, said)
    assert "size" not in found
    assert found["status"] == 0


@pytest.mark.parametrize(
    "status", ["401 Unauthorized", "503 Service Unavailable", "302 Found", "200"]
)
def test_a_refusal_has_its_status(spoken: Talk, status: str) -> None:
    found = judged(spoken, answer(status))
    assert found["status"] == int(status[:3])
    assert status in found["message"]


@pytest.mark.parametrize("token", ["a b", "a\r\nHost: other", "a\x7f", "é", "a\x00"])
def test_a_token_that_no_header_can_carry_is_not_sent(spoken: Talk, token: str) -> None:
    assert spoken.say("request", "host:1", token, NONCE.hex()) is None


class Scripted:
    """A server by hand: it takes the handshake and the hello, and sends what it is told.

    Attributes:
        got: frames of the client, in order.
    """

    def __init__(self) -> None:
        self.got: list[tuple[int, bytes]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._buffer = b""
        self._socket: socket.socket | None = None

    def greet(self) -> None:
        """Take a connection, its handshake and its hello; the one before is over."""
        if self._socket is not None:
            self._socket.close()
        self._socket, _ = self._listener.accept()
        self._socket.settimeout(PATIENCE_S)
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._buffer += self._socket.recv(4096)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0]
        self._socket.sendall(answer(Sec_WebSocket_Accept=accept_key(key.decode())))
        assert json.loads(self.next()[1])["type"] == "hello"

    def send(self, data: bytes) -> None:
        assert self._socket is not None
        self._socket.sendall(data)

    def next(self) -> tuple[int, bytes]:
        """The client's next frame: opcode and bytes; a frame that is not masked is an error."""
        while True:
            found = self._frame()
            if found is not None:
                self.got.append(found)
                return found
            assert self._socket is not None
            piece = self._socket.recv(1 << 16)
            assert piece, "the client has gone"
            self._buffer += piece

    def ended(self) -> bool:
        """Wait until the client ends the connection."""
        assert self._socket is not None
        with contextlib.suppress(ConnectionError):
            while self._socket.recv(1 << 16):
                pass
        return True

    def close(self) -> None:
        self._listener.close()
        if self._socket is not None:
            self._socket.close()

    def _frame(self) -> tuple[int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        assert data[1] & 0x80, "a client masks"
        size, at = data[1] & 127, 2
        if size >= 126:
            at = 4 if size == 126 else 10
            size = int.from_bytes(data[2:at])
        if len(data) < at + 4 + size:
            return None
        self._buffer = data[at + 4 + size :]
        return data[0] & 15, bytes(apply_mask(data[at + 4 : at + 4 + size], data[at : at + 4]))


WELCOME: Final = json.dumps(
    {
        "type": "welcome",
        "protocol": 1,
        "server": "by hand",
        "streams": {"ES 12-26": 0},
        "resume_from": {"0": 1},
    }
).encode()


@pytest.fixture
def by_hand() -> Iterator[Scripted]:
    server = Scripted()
    yield server
    server.close()


def start(runner: Program, server: Scripted) -> Talk:
    talk = bridge(runner, server.address)
    talk.say("start")
    server.greet()
    return talk


def test_a_ping_is_answered_with_its_bytes(runner: Program, by_hand: Scripted) -> None:
    with start(runner, by_hand):
        by_hand.send(frame(PING, b"are you there") + frame(TEXT, WELCOME))
        assert by_hand.next() == (PONG, b"are you there")
        by_hand.send(frame(TEXT, b'{"type":', fin=False))
        by_hand.send(frame(PING, b"in between") + frame(CONT, b'"later"}'))
        assert by_hand.next() == (PONG, b"in between")


def test_a_ping_is_answered_while_data_goes_out(runner: Program, by_hand: Scripted) -> None:
    with start(runner, by_hand) as talk:
        by_hand.send(frame(TEXT, WELCOME))
        talk.say("market", 1, 0, 60_000, 0)
        pings = [f"ping {number}".encode() for number in range(5)]
        for ping in pings:
            by_hand.send(frame(PING, ping))
        answered: list[bytes] = []
        while pings[-1] not in answered:  # the newest is enough: RFC 6455, section 5.5.3
            opcode, data = by_hand.next()
            answered += [data] if opcode == PONG else []
        assert answered == [ping for ping in pings if ping in answered]


@pytest.mark.parametrize("name", ["reserved bit 1", "a petabyte", "no UTF-8"])
def test_a_server_that_breaks_the_protocol_is_left_with_a_word(
    runner: Program, by_hand: Scripted, name: str
) -> None:
    said, code = BROKEN[name]
    with start(runner, by_hand) as talk:
        by_hand.send(frame(TEXT, WELCOME) + said)
        while True:
            opcode, data = by_hand.next()
            if opcode == CLOSE:
                break
        assert int.from_bytes(data) == code
        assert by_hand.ended()
        by_hand.greet()
        by_hand.send(frame(TEXT, WELCOME))
        until(talk, lambda state: state["connections"] == 2)


def test_a_close_is_answered_and_its_reason_told(runner: Program, by_hand: Scripted) -> None:
    with start(runner, by_hand) as talk:
        by_hand.send(frame(TEXT, WELCOME) + close(1012, b"restarts"))
        while by_hand.next()[0] != CLOSE:
            pass
        assert int.from_bytes(by_hand.got[-1][1]) == 1012
        until(talk, lambda state: "1012 restarts" in state["reason"])


def test_a_binary_message_is_passed_over(runner: Program, by_hand: Scripted) -> None:
    with start(runner, by_hand) as talk:
        by_hand.send(frame(BINARY, b"DB") + frame(TEXT, WELCOME))
        until(talk, lambda state: state["connections"] == 1)
        assert [line[:3] for line in talk.say("state")["log"]].count("203") == 1


def test_a_stop_says_the_last_word_and_hears_the_servers(
    runner: Program, by_hand: Scripted
) -> None:
    with start(runner, by_hand) as talk:
        by_hand.send(frame(TEXT, WELCOME))
        until(talk, lambda state: state["connections"] == 1)
        stopping = threading.Thread(target=talk.say, args=("stop", 5000))
        stopping.start()
        while by_hand.next()[0] != CLOSE:
            pass
        assert int.from_bytes(by_hand.got[-1][1]) == 1000
        by_hand.send(close(1000))
        assert by_hand.ended()
        stopping.join(PATIENCE_S)
        assert not stopping.is_alive()


def test_a_server_that_reads_nothing_does_not_hold_the_stop_up(
    runner: Program, by_hand: Scripted
) -> None:
    with start(runner, by_hand) as talk:
        by_hand.send(frame(TEXT, WELCOME))
        until(talk, lambda state: state["connections"] == 1)
        for part in range(40):  # more than both sockets hold
            talk.say("market", part, part * 10_000, 10_000, 0)
        talk.say("stop", 500)
        lines = talk.say("state")["log"]
        assert not any(line.startswith("106") for line in lines), "it waited for the send to fail"


def test_an_answer_that_does_not_come_is_not_waited_for(runner: Program) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        with bridge(runner, address) as talk:
            talk.say("start")

            def gave_up(state: dict[str, Any]) -> bool:
                talk.say("collect")  # interrupts the other thread's call, which must not begin anew
                return "no answer to the handshake" in state["reason"]

            until(talk, gave_up)


def test_an_answer_in_small_pieces_is_taken(runner: Program, by_hand: Scripted) -> None:
    with bridge(runner, by_hand.address) as talk:
        talk.say("start")
        by_hand.greet()
        for byte in frame(TEXT, WELCOME):
            by_hand.send(bytes([byte]))
        until(talk, lambda state: state["connections"] == 1)
        assert not is_live(talk.say("state"))
