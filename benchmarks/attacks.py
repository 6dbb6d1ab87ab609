"""Attacks on a server process, measured: what others notice, what it costs, how it ends.

``python -m benchmarks.attacks [NAME …] [--root FOLDER]`` prints one line a figure. FOLDER is
another checkout whose server is attacked with the same bytes, to compare. Every figure is taken
from outside: by sockets and, for memory, from the kernel (Linux). ``slow`` takes 75 s for each
``--kind``, ``stalled`` 23 s for each of its ``--pairs``; how they compare is said in
``benchmarks/paired.py``.
"""

import argparse
import gzip
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.attackers import BEGINNINGS, FLOODS
from benchmarks.paired import Pairs, attacker, server_core
from benchmarks.targets import HERE, Target, ask, masked, send, target

__all__ = ["ATTACKS", "main"]

_MIB: Final = 1 << 20
_GET: Final = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
_POST: Final = b"POST /l2_update HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_LIFTED: Final = {
    "DEPTHBRIDGE_SERVER_MESSAGES_PER_SECOND": "10000000",
    "DEPTHBRIDGE_SERVER_MESSAGE_FRAGMENTS": "1048576",
    "DEPTHBRIDGE_SERVER_CONNECTIONS_PER_ADDRESS": "32",
}
"""Limits off: the slices alone must hold."""


@contextmanager
def watched(work: Callable[[], None]) -> Iterator[list[float]]:
    """Do ``work`` again and again in a thread; the seconds that each took."""
    spent: list[float] = []
    done = threading.Event()

    def run() -> None:
        while not done.is_set():
            begun = time.perf_counter()
            work()
            spent.append(time.perf_counter() - begun)
            time.sleep(0.002)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield spent
    finally:
        done.set()
        thread.join(60)


def _others(server: Target) -> tuple[Callable[[], None], Callable[[], None]]:
    """What others do meanwhile: a round trip on a WebSocket, and ``/health``."""
    peer = server.peer()

    def round_trip() -> None:
        peer.sock.sendall(masked(b'{"type":"nonsense"}', 1))
        peer.hear(b'{"type":"error"')

    kept = server.dial()

    def health() -> None:
        kept.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        data = b""
        while not data.endswith(b"}"):
            data += kept.recv(1 << 16)

    return round_trip, health


def _flood(server: Target, kind: str) -> Iterator[str]:
    name, data = kind, FLOODS[kind]()[1]
    round_trip, health = _others(server)
    with watched(round_trip) as trips, watched(health) as answers:
        time.sleep(1)
        quiet = len(trips), len(answers)
        words = [sys.executable, "-m", "benchmarks.attackers", "flood", str(server.port), kind]
        done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=True)
        spent = float(done.stdout)
    yield (
        f"{name}: {len(data) / 1e6:.1f} MB worked off in {spent:.2f} s; others' worst round trip "
        f"{max(trips[quiet[0] :]) * 1e3:.1f} ms (before {max(trips[: quiet[0]]) * 1e3:.1f}), worst "
        f"/health {max(answers[quiet[1] :]) * 1e3:.1f} ms (before "
        f"{max(answers[: quiet[1]]) * 1e3:.1f})"
    )


def floods(root: Path) -> Iterator[str]:
    """One-byte fragments, small messages and pings, the limits lifted: the slices alone."""
    for kind in FLOODS:
        with target(root, **_LIFTED) as server:
            yield from _flood(server, kind)


def oversize(root: Path) -> Iterator[str]:
    """Each must end with its code, soon, without memory."""
    bomb = gzip.compress(bytes(1 << 30), 9)
    deep = b'{"type":' + b"[" * 1_000_000
    length = b"Content-Length: %d\r\n\r\n"
    requests = {
        "20 MB of headers": _GET + (b"X-Fill: " + b"a" * 8000 + b"\r\n") * 2500 + b"\r\n",
        "gzip bomb of 1 GiB": _POST + b"Content-Encoding: gzip\r\n" + length % len(bomb) + bomb,
        "JSON depth 10^6": _POST + length % len(deep) + deep,
        "body of 1 GiB announced": _POST + length % (1 << 30),
    }
    with target(root) as server:
        ask(server, _POST + length % 2 + b"{}")
        for name, request in requests.items():
            before = server.forget_memory()
            begun = time.perf_counter()
            answer = ask(server, request)
            spent = time.perf_counter() - begun
            grown = (server.memory() - before) / _MIB
            code = answer[9:12].decode() or "closed without an answer"
            yield f"{name}: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"
        before = server.forget_memory()
        bad = server.peer()
        bad.sock.sendall(masked(b"x", 2, fin=False))
        data = masked(b"x", 0, fin=False) * 10_000_000
        threading.Thread(target=send, args=(bad.sock, data), daemon=True).start()
        begun = time.perf_counter()
        code = bad.close_code()
        spent = time.perf_counter() - begun
        grown = (server.memory() - before) / _MIB
        yield f"10 M fragments: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"
        bad = server.peer()
        before = server.forget_memory()
        begun = time.perf_counter()
        bad.sock.sendall(b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4))
        code = bad.close_code()
        spent = time.perf_counter() - begun
        grown = (server.memory() - before) / _MIB
        yield f"message of 1 TiB announced: {code} after {spent * 1e3:.0f} ms, {grown:+.1f} MiB"


def slow_sockets(
    root: Path, kinds: Sequence[str] = (), count: int = 500, pairs: int = 7
) -> Iterator[str]:
    """Idle, drips of head, body and upgrade: how long each stays, and what ingest notices."""
    core = server_core()
    for kind in kinds or BEGINNINGS:
        with (
            target(root, core=core, DEPTHBRIDGE_SERVER_HTTP_CONNECTIONS_PER_ADDRESS="10000",
                   DEPTHBRIDGE_SERVER_HTTP_CONNECTIONS="10000") as server,
            attacker("slow", server.port, count, kind) as process,
        ):  # fmt: skip
            measured = Pairs(server, process)
            measured.run(pairs, 5.5)
        attacks = measured.attacks
        longest = max(one.longest for one in attacks)
        dialling = max(one.connected - one.begun for one in attacks)
        yield (
            f"{count} slow sockets, {kind}: open for at most {longest:.2f} s, "
            f"{sum(one.held for one in attacks)} never closed, dialled within "
            f"{dialling * 1e3:.0f} ms. At {_said(measured)}"
        )
    if kinds:
        return
    with target(root) as server:
        socks = [server.dial() for _ in range(count)]
        health = ask(server, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield f"/health beside {count} idle sockets, limits as shipped: {health[9:12].decode()}"
        for sock in socks:
            sock.close()


def stalled_readers(root: Path, count: int = 20, pairs: int = 5) -> Iterator[str]:
    """Subscribers of everything that read nothing; new ones when they were cut."""
    with (
        target(root, core=server_core(), **_LIFTED) as server,
        attacker("stall", server.port, count, server.pid) as process,
    ):
        measured = Pairs(server, process)
        before = server.forget_memory()
        measured.run(pairs, 11)
        grown = server.memory() - before
    attacks = measured.attacks
    yield (
        f"{count} stalled readers, {pairs} times, "
        f"{sum(one.last - one.begun for one in attacks):.0f} s: each let go after "
        f"{min(one.first - one.connected for one in attacks):.2f} to "
        f"{max(one.longest for one in attacks):.2f} s, {sum(one.held for one in attacks)} never; "
        f"process {grown / count / _MIB:+.2f} MiB and kernel "
        f"{max(one.queued for one in attacks) / _MIB:.2f} MiB each at most. At {_said(measured)}"
    )


def _said(measured: Pairs) -> str:
    priority = "real-time" if measured.urgent else "ordinary"
    return (
        f"{priority} priority, {len(measured.attacks)} pairs. Ingest p99, calm -> from first "
        f"connect to last cut: {measured.whole}; calm -> while all are held: {measured.holding}; "
        f"worst round trip: {measured.worst}; calm after calm {measured.noise}, "
        f"{measured.left_out:.1%} left out; processor time of "
        f"the server beyond calm: {measured.processor_ms:.0f} ms an attack"
    )


ATTACKS: Final[dict[str, Callable[[Path], Iterator[str]]]] = {
    "floods": floods,
    "oversize": oversize,
    "slow": slow_sockets,
    "stalled": stalled_readers,
}


def main() -> None:
    """Run the named attacks, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*ATTACKS, []], metavar="NAME")
    parser.add_argument("--root", type=Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--kind", nargs="*", choices=list(BEGINNINGS), default=[])
    parser.add_argument("--pairs", type=int, default=5, help="of a calm phase and stalled readers")
    given = parser.parse_args()
    attacks = {
        **ATTACKS,
        "slow": partial(slow_sockets, kinds=given.kind),
        "stalled": partial(stalled_readers, pairs=given.pairs),
    }
    for name in given.names or attacks:
        for line in attacks[name](given.root):
            print(line, flush=True)


if __name__ == "__main__":
    main()
