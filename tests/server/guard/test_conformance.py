"""RFC 6455 at the guarded endpoint: own cases always, Autobahn's fuzzing client where it is.

The echo has the limits that the largest cases need; everything else is what the server runs.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.server import ServerState

from benchmarks.guarded import create_config

WSTEST = os.environ.get("DEPTHBRIDGE_WSTEST") or shutil.which("wstest")


@pytest.fixture
async def echo() -> AsyncIterator[Any]:
    """The echo, as `dial` wants a server."""
    config, state = create_config(), ServerState()
    config.load()

    def connection() -> asyncio.Protocol:
        made: Any = config.http_protocol_class
        protocol: asyncio.Protocol = made(config=config, server_state=state, app_state={})
        return protocol

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield SimpleNamespace(process=SimpleNamespace(port=port))
    server.close()
    for protocol in list(state.connections):
        protocol.transport.abort()  # type: ignore[union-attr]
    while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0)


async def talk(dial: Any, echo: Any, *data: bytes) -> Any:
    raw = await dial(echo)
    assert b" 101 " in await raw.upgrade()
    for part in data:
        await raw.send(part)
    return raw


@pytest.mark.parametrize("opcode", [1, 2])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65_535, 65_536, 1 << 20, 16 << 20])
async def test_sizes(echo: Any, dial: Any, wire: SimpleNamespace, opcode: int, size: int) -> None:
    payload = b"*" * size
    raw = await talk(dial, echo, wire.masked(payload, opcode))
    assert await raw.frame() == (opcode, payload)


@pytest.mark.parametrize("step", [1, 64, 997, 4096])
async def test_pieces(echo: Any, dial: Any, wire: SimpleNamespace, step: int) -> None:
    """Fragments with pings between them, and the bytes themselves in small writes."""
    text = "Hello-µ@ßöäüàá-UTF-8!! κόσμε 😀 " * 100
    data = text.encode()
    parts = [data[at : at + step] for at in range(0, len(data), step)]
    frames = [
        wire.masked(part, 1 if at == 0 else 0, fin=at == len(parts) - 1)
        for at, part in enumerate(parts)
    ]
    raw = await talk(dial, echo, *(frame + wire.masked(b"p", 9) for frame in frames))
    found = [await raw.frame() for _ in range(len(frames) + 1)]
    assert found.count((10, b"p")) == len(frames)
    assert found.count((1, data)) == 1
    whole = wire.masked(data, 1)
    for at in range(0, len(whole), step):
        raw.writer.write(whole[at : at + step])
    assert await raw.frame() == (1, data)


@pytest.mark.parametrize("size", [0, 1, 125])
async def test_pings(echo: Any, dial: Any, wire: SimpleNamespace, size: int) -> None:
    raw = await talk(dial, echo, wire.masked(b"", 10), wire.masked(b"x" * size, 9) * 10)
    assert [await raw.frame() for _ in range(10)] == [(10, b"x" * size)] * 10


VALID = ["", "κόσμε", "\x00", "\x7f", "\x80", "߿", "ࠀ", "\ud7ff", "\ue000", "\uffff", "\U0010ffff"]
INVALID = [
    b"\x80", b"\xbf", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xfe",
    b"\xff", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80",
    b"\xce\xba\xe1\xbd", b"\xc2", b"\xf0\x9f\x98",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
async def test_valid_text(echo: Any, dial: Any, wire: SimpleNamespace, text: str) -> None:
    data = f"a{text}b".encode()
    raw = await talk(dial, echo, wire.masked(data, 1))
    assert await raw.frame() == (1, data)
    for at in range(len(data) + 1):
        await raw.send(wire.masked(data[:at], 1, fin=False) + wire.masked(data[at:], 0))
        assert await raw.frame() == (1, data)


@pytest.mark.parametrize("data", INVALID)
async def test_invalid_text(echo: Any, dial: Any, wire: SimpleNamespace, data: bytes) -> None:
    raw = await talk(dial, echo, wire.masked(b"fine" + data, 1))
    assert await raw.close_code() == 1007
    raw = await talk(dial, echo, wire.masked(b"fine", 1, fin=False), wire.masked(data, 0))
    assert await raw.close_code() == 1007
    raw = await talk(dial, echo, wire.masked(data, 2))
    assert await raw.frame() == (2, data)


async def test_wrong_text_is_noticed_before_the_message_ends(
    echo: Any, dial: Any, wire: SimpleNamespace
) -> None:
    raw = await talk(dial, echo, wire.masked(b"fine\xff", 1, fin=False))
    assert await raw.close_code() == 1007


ALLOWED = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
FORBIDDEN = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535)


@pytest.mark.parametrize("code", [*ALLOWED, *FORBIDDEN])
async def test_close_codes(echo: Any, dial: Any, wire: SimpleNamespace, code: int) -> None:
    raw = await talk(dial, echo, wire.masked(code.to_bytes(2) + b"why", 8))
    assert await raw.close_code() == (code if code in ALLOWED else 1002)
    assert await raw.rest() == b""


async def test_nothing_after_a_close_counts(echo: Any, dial: Any, wire: SimpleNamespace) -> None:
    after = wire.masked(b"after", 1) + wire.masked(b"p", 9)
    raw = await talk(dial, echo, wire.masked(b"before", 1) + wire.masked(b"", 8) + after)
    assert [await raw.frame() for _ in range(2)] == [(1, b"before"), (8, b"")]
    assert await raw.rest() == b""


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("bits", [0, 0x10, 0x40])
async def test_reserved(
    echo: Any, dial: Any, wire: SimpleNamespace, opcode: int, bits: int
) -> None:
    first = 0x80 | bits | (opcode if not bits else 1)
    raw = await talk(dial, echo, wire.masked(b"a", 1) + bytes([first, 0x80]) + bytes(4))
    assert await raw.frame() == (1, b"a")
    assert await raw.close_code() == 1002


@pytest.mark.long
@pytest.mark.timeout(1500)
@pytest.mark.skipif(
    WSTEST is None,
    reason="Autobahn's wstest (PyPI autobahntestsuite, Python 2.7) is not on the path and not "
    "named by DEPTHBRIDGE_WSTEST",
)
def test_autobahn(tmp_path: Path, root: Path) -> None:
    """Cases 1-7, 9 and 10: nothing fails, at most 13 are non-strict. Keeps the summary."""
    command = [sys.executable, "-m", "benchmarks.guarded"]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            specification = {
                "outdir": str(tmp_path / "reports"),
                "servers": [{"agent": "Depthbridge", "url": f"ws://127.0.0.1:{port}"}],
                "cases": [f"{chapter}.*" for chapter in (1, 2, 3, 4, 5, 6, 7, 9, 10)],
                "exclude-cases": [],
                "exclude-agent-cases": {},
            }
            path = tmp_path / "specification.json"
            path.write_text(json.dumps(specification), encoding="utf-8")
            subprocess.run(
                [str(WSTEST), "-m", "fuzzingclient", "-s", str(path)],
                check=True, cwd=tmp_path, capture_output=True, timeout=1200,
            )  # fmt: skip
        finally:
            server.kill()
    report = json.loads((tmp_path / "reports" / "index.json").read_text(encoding="utf-8"))
    cases = report["Depthbridge"]
    found = Counter(case["behavior"] for case in cases.values())
    ends = Counter(case["behaviorClose"] for case in cases.values())
    others = {
        name: [case["behavior"], case["behaviorClose"]]
        for name, case in cases.items()
        if {case["behavior"], case["behaviorClose"]} - {"OK", "INFORMATIONAL"}
    }
    summary = {"cases": len(cases), "behavior": found, "close": ends, "not_ok": others}
    kept = root / "docs" / "autobahn.json"
    kept.write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    assert len(cases) == 301
    assert set(found) | set(ends) <= {"OK", "INFORMATIONAL", "NON-STRICT"}
    assert found["NON-STRICT"] <= 13
