"""The attackers: processes of their own, so that what they compute is nobody else's time.

``slow`` and ``stall`` make one attack for each line that they read and answer with one line of
JSON; moments are those of the monotonic clock, which all processes share.
"""

import json
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from benchmarks.targets import Peer, masked, send

__all__ = ["BEGINNINGS", "FLOODS", "main"]

_FRAGMENT: Final = masked(b"x", 0, fin=False)
FLOODS: Final[dict[str, Callable[[], tuple[bytes, bytes]]]] = {
    "one-byte fragments": lambda: (masked(b"x", 2, fin=False), _FRAGMENT * 700_000),
    "small messages": lambda: (b"", masked(b'{"type":"heartbeat"}', 1) * 300_000),
    "pings": lambda: (b"", masked(b"", 9) * 500_000),
}
"""What begins each flood, and the flood."""
BEGINNINGS: Final[dict[str, bytes]] = {
    "idle": b"",
    "head": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ",
    "body": b"POST /l2_update HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n",
    "upgrade": b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nX: ",
}
"""What a slow socket sends at first; then, unless it is idle, a byte twice a second."""
_TOPICS: Final = ["metrics", "clusters", "book", "profile", "view"]
_GIVE_UP_S: Final = 15.0
_DRIP_S: Final = 0.5
_LOOK_S: Final = 2.5
"""A look at the queues takes 2 to 4 ms, as the kernel walks all its sockets for it, and leaves the
publisher's caches empty; many of them would be blamed on the readers."""

_CLOSING_S: Final = 0.1
"""From a reset on the way to its descriptor's end."""


def _flood(port: int, kind: str) -> None:
    """Send it all; print how long the server took."""
    prelude, data = FLOODS[kind]()
    bad = Peer(socket.create_connection(("127.0.0.1", port)), hello=True)
    begun = time.perf_counter()
    bad.sock.sendall(prelude)
    threading.Thread(target=send, args=(bad.sock, data + masked(b"end", 9)), daemon=True).start()
    with suppress(ConnectionError):
        while bad.frame() != (10, b"end"):
            continue
    print(time.perf_counter() - begun)


def _slow(port: int, count: int, kind: str) -> dict[str, Any]:
    """Connect one after the other as fast as the server takes them, hold, drip until cut."""
    begun = time.monotonic()
    held: dict[int, tuple[socket.socket, float]] = {}
    waiting = select.epoll()
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(BEGINNINGS[kind])
        sock.setblocking(False)
        held[sock.fileno()] = sock, time.monotonic()
        waiting.register(sock, select.EPOLLIN)
    connected = time.monotonic()
    drip_at = connected + _DRIP_S
    first = last = longest = 0.0
    while held and time.monotonic() < connected + _GIVE_UP_S:
        ended = [fd for fd, _ in waiting.poll(max(0.0, drip_at - time.monotonic()))
                 if not _is_held(held[fd][0])]  # fmt: skip
        if kind != "idle" and time.monotonic() >= drip_at:
            ended += [fd for fd in held if fd not in ended and not _drips(held[fd][0])]
        if time.monotonic() >= drip_at:
            drip_at += _DRIP_S
        for fd in ended:
            sock, since = held.pop(fd)
            waiting.unregister(fd)
            sock.close()
            last = time.monotonic()
            first = first or last
            longest = max(longest, last - since)
    for sock, _ in held.values():
        sock.close()
    return {
        "begun": begun,
        "connected": connected,
        "first": first,
        "last": last,
        "longest": longest,
        "held": len(held),
    }


def _is_held(sock: socket.socket) -> bool:
    try:
        while sock.recv(4096):
            continue
    except BlockingIOError:
        return True
    except OSError:
        pass
    return False


def _drips(sock: socket.socket) -> bool:
    try:
        sock.send(b"a")
    except BlockingIOError:
        return True
    except OSError:
        return False
    return True


def _stall(port: int, count: int, pid: int) -> dict[str, Any]:
    """Subscribe to everything, read nothing, until the server has let go of all.

    The attacker sleeps meanwhile: that a connection is reset wakes it. What the server holds is
    seen from the kernel: its descriptors, and the bytes that wait in its sockets.
    """
    before = _descriptors(pid)
    begun = time.monotonic()
    readers = [_stalled(port) for _ in range(count)]
    connected = time.monotonic()
    waiting = select.epoll()
    for reader in readers:
        waiting.register(reader.sock, select.EPOLLRDHUP)
    first = last = 0.0
    queued, left = 0, count
    while left and time.monotonic() < connected + 2 * _GIVE_UP_S:
        ended = waiting.poll(_LOOK_S)
        for descriptor, _ in ended:
            waiting.unregister(descriptor)
        left -= len(ended)
        if ended:
            last = time.monotonic()
            first = first or last
        else:
            queued = max(queued, _queued(port))
    waiting.close()
    time.sleep(_CLOSING_S)
    held = _descriptors(pid) - before
    for reader in readers:
        reader.sock.close()
    return {
        "begun": begun,
        "connected": connected,
        "first": first,
        "last": last,
        "longest": last - begun,
        "held": held,
        "queued": queued,
    }


def _stalled(port: int) -> Peer:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    reader = Peer(sock, hello=False)
    reader.hello("subscriber", ["ATTACK 1"], source="live", subscribe=_TOPICS)
    return reader


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - no objects for a count


def _queued(port: int) -> int:
    """Most bytes that one socket of a listening port has sent and nobody has taken."""
    most = 0
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, queues = line.split()[:5]
        if state != "0A" and int(local.rpartition(":")[2], 16) == port:
            most = max(most, int(queues.partition(":")[0], 16))
    return most


def main() -> None:
    """``flood PORT KIND``, ``slow PORT COUNT KIND`` or ``stall PORT COUNT PID``."""
    attack, port, *rest = sys.argv[1:]
    if attack == "flood":
        _flood(int(port), rest[0])
        return
    os.nice(19)
    for _ in sys.stdin:
        if attack == "slow":
            found = _slow(int(port), int(rest[0]), rest[1])
        else:
            found = _stall(int(port), int(rest[0]), int(rest[1]))
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
