"""Messages that were changed at random: every one gets its answer, none is a defect of ours."""

import asyncio
import copy
import json
import random
import sys
import time
from typing import Any

import pytest

from market.enums import Kind
from market.errors import MalformedError
from tests.waiting import PATIENCE_S
from wire.frames import decode_frame

SYMBOL = "ES 12-26"
TIME = 1_795_099_800_000_000_000
DEPTH = {
    "time": TIME,
    "side": "bid",
    "operation": "add",
    "position": 0,
    "price": 6800.25,
    "volume": 5,
    "market_maker": "ABC",
}
TRADE = {"time": TIME, "price": 6800.5, "volume": 1, "aggressor": "buy", "bid": 6800, "ask": 6800.5}
BASES: list[tuple[str, dict[str, Any]]] = [
    ("/l2_update", {"type": "l2_update", "instrument": SYMBOL, "updates": [DEPTH, DEPTH]}),
    (
        "/l2_update",
        {
            "type": "l2_update",
            "instrument": SYMBOL,
            "session": "7c9e6679-7425-40de-944b-e07fc1f90ae7",
            "seq": 1,
            "tick_size": 0.25,
            "updates": {key: [value, value] for key, value in DEPTH.items()},
        },
    ),
    ("/trade_update", {"type": "trade_update", "instrument": SYMBOL, "updates": [TRADE]}),
    (
        "/bar_update",
        {
            "type": "bar_update",
            "instrument": SYMBOL,
            "series": {"type": "minute", "value": 1},
            "time": TIME,
            **dict.fromkeys(("open", "high", "low", "close"), 6800.25),
            "volume": 10,
            "delta": -3,
        },
    ),
    (
        "/l2_update",
        {
            "type": "snapshot",
            "instrument": SYMBOL,
            "time": TIME,
            "bids": [[6800.0, 5]],
            "asks": [[6800.25, 4]],
        },
    ),
]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 0.1, -0.0, 1e308, 5e-324, 2**53, 2**63 - 1, 2**63, -(2**63) - 1,
    10**40, "", "x", "x" * 5000, "\x00", "é😀", "-1", "NaN", "2026-11-19T14:50:00Z", [], {}, [[]],
    [None], {"a": 1}, [0] * 5000, "l2_update", "ask", "remove",
]  # fmt: skip


def changed(rng: random.Random, base: dict[str, Any]) -> bytes:
    """The text of a message with something wrong, odd, or missing; sometimes no JSON any more."""
    message = copy.deepcopy(base)
    for _ in range(rng.randint(1, 3)):
        holder: Any = message
        while True:
            key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            if not isinstance(holder[key], dict | list) or not holder[key] or rng.random() < 0.3:
                break
            holder = holder[key]
        if isinstance(holder, dict) and rng.random() < 0.15:
            del holder[key]
            if not message:
                break
        else:
            holder[key] = copy.deepcopy(rng.choice(ODD))
    text = bytearray(json.dumps(message).encode())
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(text))
            choice = rng.random()
            if choice < 0.4:
                text[at] = rng.randrange(256)
            elif choice < 0.7:
                text[at:at] = rng.choice(
                    [b"[" * 40, b'"a":1,', b"1e999", b"\xff", b"NaN", b"\\ud800", b"//", b","]
                )
            else:
                del text[at : at + rng.randint(1, 30)]
            text = text or bytearray(b" ")
    return bytes(text)


async def post_all(server: Any, seeds: range) -> float:
    """Post a changed message for each seed; the longest answer in seconds."""
    longest = 0.0
    for seed in seeds:
        rng = random.Random(seed)
        path, base = rng.choice(BASES)
        body = changed(rng, base)
        begun = time.perf_counter()
        async with asyncio.timeout(PATIENCE_S):
            answer = await server.post(path, body, **{"content-type": "application/json"})
        longest = max(longest, time.perf_counter() - begun)
        assert answer.status_code in (200, 400, 409, 413), (seed, body, answer.text)
        content = answer.json()
        assert content["status"] in ("ok", "error"), (seed, body)
        assert "code" in content or content["status"] == "ok"
    assert (await server.http.get("/livez")).status_code == 200
    return longest


async def test_changed_posts(serve: Any) -> None:
    server = await serve()
    await post_all(server, range(250))


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_many_changed_posts(serve: Any) -> None:
    server = await serve()
    longest = await post_all(server, range(1_000_000, 1_010_000))
    sys.stdout.write(f"10,000 changed posts: longest answer {longest * 1e3:.0f} ms" + "\n")
    assert longest < 1


async def talk_all(server: Any, data: Any, seeds: range) -> None:
    """Changed text and binary messages; the connection ends only for a reason of the client's."""
    frames = data.frames_of(*data.market(400), 20)
    for seed in seeds:
        rng = random.Random(seed)
        async with server.peer() as peer:
            await peer.hello(session=f"7c9e6679-7425-40de-944b-{seed:012d}", takeover=True)
            for _ in range(20):
                if rng.random() < 0.5:
                    text = changed(rng, rng.choice(BASES)[1])
                    await peer.say(text.decode("utf-8", "ignore"))
                else:
                    frame = bytearray(data.encode(rng.choice(frames)))
                    for _ in range(rng.randint(0, 3)):
                        frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
                    await peer.say(bytes(frame))
            await peer.say({"type": "the end"})
            while "the end" not in (await peer.hear("error"))["message"]:
                continue
            internal = [one for one in peer.got if one.get("code") == "internal"]
            assert not internal, seed


async def test_changed_messages(serve: Any, data: Any) -> None:
    server = await serve()
    await talk_all(server, data, range(15))


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_many_changed_messages(serve: Any, data: Any) -> None:
    server = await serve()
    await talk_all(server, data, range(1000, 1500))


def decode_all(frames: list[bytes], seeds: range) -> float:
    """Decode changed frames; the longest in seconds."""
    longest = 0.0
    for seed in seeds:
        rng = random.Random(seed)
        frame = bytearray(rng.choice(frames))
        for _ in range(rng.randint(1, 6)):
            choice = rng.random()
            if choice < 0.7:
                frame[rng.randrange(len(frame))] = rng.randrange(256)
            elif choice < 0.85:
                del frame[rng.randrange(len(frame)) :]
            else:
                frame += rng.randbytes(rng.randint(1, 64))
            frame = frame or bytearray(1)
        begun = time.perf_counter()
        try:
            decoded = decode_frame(bytes(frame))
        except MalformedError:
            continue
        assert len(decoded.records) <= 4096
        assert all(kind in list(Kind) for kind in decoded.records["kind"])
        longest = max(longest, time.perf_counter() - begun)
    return longest


def test_changed_frames(data: Any, warmed: None) -> None:
    frames = [data.encode(one) for one in data.frames_of(*data.market(200), 50)]
    decode_all(frames, range(3000))


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_changed_frames(data: Any, warmed: None) -> None:
    frames = [data.encode(one) for one in data.frames_of(*data.market(200), 50)]
    longest = decode_all(frames, range(10**6, 10**6 + 300_000))
    sys.stdout.write(f"300,000 changed frames: longest {longest * 1e3:.1f} ms" + "\n")
    assert longest < 1
