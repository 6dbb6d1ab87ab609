"""``c/load.c`` in Python, for machines without a compiler: the same arguments, file and output."""

import socket
import struct
import sys
import time
from pathlib import Path
from typing import Final

_HEAD: Final = struct.Struct("<IQ")
_ANSWER: Final = 64


class Client:
    """One connection; ``done`` is the highest number that an answer has named."""

    def __init__(self, kind: str, port: int) -> None:
        self.done = 0
        self._kind = kind
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._room = bytearray()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise SystemExit(f"closed: {bytes(self._room[:400])!r}")
        self._room += data

    def upgraded(self) -> None:
        while (end := self._room.find(b"\r\n\r\n")) < 0:
            self.receive()
        if not self._room.startswith(b"HTTP/1.1 101"):
            raise SystemExit(f"no upgrade: {bytes(self._room[:400])!r}")
        del self._room[: end + 4]

    def take_answers(self) -> None:
        if self._kind == "echo":
            count = len(self._room) // _ANSWER
            del self._room[: count * _ANSWER]
            self.done += count
            return
        while self._take_response() if self._kind == "http" else self._take_frame():
            pass

    def _take_response(self) -> bool:
        end = self._room.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._room[:end]).lower()
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"refused: {bytes(self._room[:400])!r}")
        size = int(head.partition(b"content-length:")[2].partition(b"\r")[0])
        if len(self._room) < end + 4 + size:
            return False
        del self._room[: end + 4 + size]
        self.done += 1
        return True

    def _take_frame(self) -> bool:
        room = self._room
        if len(room) < 2:
            return False
        size, head = room[1] & 127, 2
        if size >= 126:
            head = 4 if size == 126 else 10
            size = int.from_bytes(room[2:head])
        if len(room) < head + size:
            return False
        text = bytes(room[head : head + size])
        if room[0] & 15 == 8 or text.startswith(b'{"type":"error"'):
            raise SystemExit(f"refused: {text[:400]!r}")
        if text.startswith(b'{"type":"metrics"'):
            number = text.partition(b'"seq":')[2].partition(b",")[0]
            self.done = max(self.done, int(number))
        del room[: head + size]
        return True


def read_messages(path: Path) -> list[tuple[int, bytes]]:
    """(number, bytes) of each message."""
    data = path.read_bytes()
    messages, at = [], 0
    while at < len(data):
        size, number = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        messages.append((number, data[at : at + size]))
        at += size
    return messages


def main(kind: str, port: str, path: str, warm: str, window: str) -> None:
    """Send everything, print the figures."""
    messages = read_messages(Path(path))
    client = Client(kind, int(port))
    first = 0
    if kind == "ws":
        client.send(messages[0][1])
        client.upgraded()
        client.send(messages[1][1])
        first = 2
    oldest = upcoming = first
    timed, begun = first + int(warm), 0
    sent, spent = [0] * len(messages), []
    while oldest < len(messages):
        if oldest == timed and not begun:
            begun = time.perf_counter_ns()
        most = int(window) if begun else 1
        while upcoming < len(messages) and upcoming - oldest < most:
            sent[upcoming] = time.perf_counter_ns()
            client.send(messages[upcoming][1])
            upcoming += 1
        client.receive()
        client.take_answers()
        end = time.perf_counter_ns()
        while oldest < upcoming and messages[oldest][0] <= client.done:
            if oldest >= timed:
                spent.append(end - sent[oldest])
            oldest += 1
    whole = time.perf_counter_ns() - begun
    spent.sort()
    figures = [spent[len(spent) // 2], spent[len(spent) * 99 // 100], spent[0]]
    print(*(figure / 1e3 for figure in figures), whole / 1e9, len(spent))


if __name__ == "__main__":
    main(*sys.argv[1:])
