"""Posts over HTTP: answers and codes, numbers, limits, what the other routes say."""

import gzip
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from market.enums import FrameType
from market.record import RECORD, Frame
from tests.waiting import PATIENCE_S

SYMBOL = "ES 12-26"
S1 = "00000000-0000-4000-8000-000000000001"
S2 = "00000000-0000-4000-8000-000000000002"
TIME = 1_795_099_800_000_000_000
ENTRY = {"time": TIME, "side": "bid", "operation": "add", "position": 0, "price": 6812.25}
ENTRY |= {"volume": 5}


def l2(*entries: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "l2_update", "instrument": SYMBOL, **fields, "updates": list(entries)}


def both_sides() -> list[dict[str, Any]]:
    return [ENTRY, {**ENTRY, "side": "ask", "price": 6812.5, "volume": 3}]


def headers(**more: str) -> dict[str, str]:
    return {"x-depthbridge-session": S1, "x-depthbridge-instrument": SYMBOL, **more}


async def test_an_anonymous_post_is_numbered_on_arrival(serve: Any) -> None:
    server = await serve()
    first = (await server.post("/l2_update", l2(*both_sides()))).json()
    assert (first["status"], first["ack"]["seq"]) == ("ok", 2)
    assert first["metrics"]["best_bid"] == 6812.25
    assert (first["clusters"], first["signals"]) == ([], [])
    second = (await server.post("/l2_update", l2({**ENTRY, "operation": "update"}))).json()
    assert second["ack"]["seq"] == 3


async def test_columns_and_iso_times_are_the_same(serve: Any) -> None:
    server = await serve()
    columns = {key: [entry[key] for entry in both_sides()] for key in ENTRY}
    columns["time"] = ["2026-11-19T14:50:00Z", "2026-11-19T09:50:00.000000001-05:00"]
    body = {"type": "l2_update", "instrument": SYMBOL, "updates": columns}
    answer = (await server.post("/l2_update", body)).json()
    assert answer["metrics"]["best_ask"] == 6812.5
    assert answer["metrics"]["time"] == TIME + 1


async def test_numbers_are_kept(serve: Any) -> None:
    server = await serve()
    given = {"session": S1}
    answer = await server.post("/l2_update", l2(*both_sides(), seq=1, **given))
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 2)
    again = await server.post("/l2_update", l2(*both_sides(), seq=1, **given))
    assert (again.status_code, again.json()["ack"]["seq"]) == (200, 2)
    ahead = await server.post("/l2_update", l2(*both_sides(), seq=9, **given))
    assert (ahead.status_code, ahead.json()["code"], ahead.json()["from"]) == (409, "gap", 3)
    half = await server.post("/l2_update", l2(*both_sides(), seq=3))
    assert (half.status_code, half.json()["code"]) == (400, "incomplete_session")
    half = await server.post("/l2_update", l2(*both_sides(), **given))
    assert (half.status_code, half.json()["code"]) == (400, "incomplete_session")
    rest = await server.post("/l2_update", l2({**ENTRY, "volume": 9}, seq=3, **given))
    assert (rest.status_code, rest.json()["ack"]["seq"]) == (200, 3)
    assert rest.json()["metrics"]["phase"] != "stale"


async def test_a_second_session_is_busy(serve: Any) -> None:
    server = await serve()
    await server.post("/l2_update", l2(ENTRY, session=S1, seq=1))
    answer = await server.post("/l2_update", l2(ENTRY, session=S2, seq=1))
    assert (answer.status_code, answer.json()["code"]) == (409, "instrument_busy")
    other = await server.post("/l2_update", l2(ENTRY, session=S2, seq=1, source="replay"))
    assert other.status_code == 200


async def test_instruments_are_known_or_declared(serve: Any) -> None:
    server = await serve()
    fields = {"instrument": "ABC"}
    unknown = await server.post("/l2_update", l2(ENTRY, **fields))
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_instrument")
    off = await server.post("/l2_update", l2({**ENTRY, "price": 0.07}, **fields, tick_size=0.05))
    assert (off.status_code, off.json()["code"]) == (400, "off_grid")
    good = await server.post("/l2_update", l2({**ENTRY, "price": 0.06}, **fields, tick_size=0.02))
    assert good.status_code == 200, "a refused post settles nothing"
    other = await server.post("/l2_update", l2({**ENTRY, "price": 0.5}, **fields, tick_size=0.5))
    assert (other.status_code, other.json()["code"]) == (409, "tick_size_conflict")
    known = await server.post("/l2_update", l2(ENTRY, tick_size=0.5))
    assert (known.status_code, known.json()["code"]) == (409, "tick_size_conflict")
    alias = await server.post("/l2_update", l2(ENTRY, instrument="ESZ6"))
    assert alias.json()["metrics"]["instrument"] == SYMBOL


async def test_a_book_fault_and_its_way_out(serve: Any) -> None:
    server = await serve()
    await server.post("/l2_update", l2(*both_sides()))
    bad = {**ENTRY, "time": TIME + 10, "position": 1, "price": 6900.0}
    later = {**ENTRY, "time": TIME + 20, "operation": "update", "volume": 7}
    fault = await server.post("/l2_update", l2(bad, later))
    assert (fault.status_code, fault.json()["code"]) == (409, "book_fault")
    assert fault.json()["ack"]["seq"] == 4
    held = await server.post("/l2_update", l2(later))
    assert (held.status_code, held.json()["code"]) == (409, "resync_required")
    assert held.json()["ack"]["seq"] == 4
    snapshot = {"type": "snapshot", "instrument": SYMBOL, "time": TIME + 30}
    levels = {"bids": [[6812.25, 5]], "asks": [[6812.5, 3]]}
    healed = await server.post("/l2_update", {**snapshot, **levels})
    assert healed.status_code == 200
    assert (healed.json()["metrics"]["phase"], healed.json()["ack"]["seq"]) == ("synced", 4)
    after = await server.post("/l2_update", l2({**later, "time": TIME + 40}))
    assert (after.status_code, after.json()["ack"]["seq"]) == (200, 5)


async def test_trades_and_bars(serve: Any) -> None:
    server = await serve()
    await server.post("/l2_update", l2(*both_sides()))
    trade = {"time": TIME + 1, "price": 6812.5, "volume": 2, "bid": 6812.25, "ask": 6812.5}
    body = {"type": "trade_update", "instrument": SYMBOL, "updates": [trade]}
    answer = (await server.post("/trade_update", body)).json()
    assert (answer["ack"]["seq"], answer["metrics"]["cvd"]) == (3, 2)
    bar = {"type": "bar_update", "instrument": SYMBOL, "time": TIME + 2, "volume": 4}
    prices = {"open": 6812.0, "high": 6813.0, "low": 6811.0, "close": 6812.5}
    answer = await server.post("/bar_update", {**bar, **prices})
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 4)
    wrong = await server.post("/bar_update", {**bar, **prices, "low": 6812.25, "time": TIME + 3})
    assert (wrong.status_code, wrong.json()["field"]) == (400, "open")
    wrong = await server.post("/trade_update", l2(ENTRY))
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_type")


async def test_binary_bodies(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    (frame,) = data.frames_of(*data.market(40), 40)
    body = data.encode(frame._replace(stream=9))
    answer = await server.post("/l2_update", body, **headers())
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 40)
    missing = await server.post("/l2_update", body, **{"x-depthbridge-instrument": SYMBOL})
    assert (missing.status_code, missing.json()["code"]) == (400, "incomplete_session")
    unknown = headers() | {"x-depthbridge-instrument": "ABC"}
    answer = await server.post("/l2_update", body, **unknown)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_instrument")
    answer = await server.post("/l2_update", body, **unknown, **{"x-depthbridge-tick-size": "0.25"})
    assert answer.status_code == 200
    answer = await server.post("/l2_update", body[:-1], **headers())
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_crc")
    rows = np.zeros(2, RECORD)
    rows["kind"], rows["side"], rows["price"], rows["size"] = 1, (1, 0), (27_249, 27_250), 5
    snapshot = data.encode(Frame(rows, TIME, 41, FrameType.SNAPSHOT, 2))
    answer = await server.post("/l2_update", snapshot, **headers())
    assert answer.json()["metrics"]["best_bid"] == 6812.25


async def test_gzip_is_taken_up_to_the_limit(serve: Any) -> None:
    server = await serve(server={"frame_bytes": 65_536})
    packed = {"content-encoding": "gzip", "content-type": "application/json"}
    body = gzip.compress(json.dumps(l2(*both_sides())).encode())
    answer = await server.http.post("/l2_update", content=body, headers=packed)
    assert answer.status_code == 200
    bomb = gzip.compress(bytes(1 << 26))
    answer = await server.http.post("/l2_update", content=bomb, headers=packed)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = await server.http.post("/l2_update", content=bytes(70_000))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = await server.http.post("/l2_update", content=body[:-4], headers=packed)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_deflate")
    answer = await server.http.post("/l2_update", content=b"nonsense", headers=packed)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_deflate")
    odd = {"content-encoding": "br"}
    answer = await server.http.post("/l2_update", content=body, headers=odd)
    assert (answer.status_code, answer.json()["code"]) == (415, "bad_encoding")


def _with(**changes: Any) -> str:
    return json.dumps(l2(ENTRY, {**ENTRY, "position": 1, **changes}))


@pytest.mark.parametrize(
    ("body", "code", "index", "field"),
    [
        ("{", "bad_json", None, None),
        ("[]", "bad_type", None, None),
        ('{"type":"l2_update"}', "missing_field", None, "updates"),
        ('{"type":"l2_update","updates":[]}', "missing_field", None, "instrument"),
        ('{"type":"l2_update","type":"l2_update"}', "repeated_key", None, "type"),
        ('{"type":"l2_update","x":' + "[" * 50 + "]" * 50 + "}", "too_deep", None, None),
        (_with(price=float("nan")), "bad_number", 1, "price"),
        (_with(price=10**30), "bad_number", 1, "price"),
        (_with(price=6812.3), "off_grid", 1, "price"),
        (_with(volume=-1), "negative_size", 1, "volume"),
        (_with(volume=1.5), "off_grid", 1, "volume"),
        (_with(volume="5"), "bad_type", 1, "volume"),
        (_with(side="buy"), "out_of_range", 1, "side"),
        (_with(operation="insert"), "out_of_range", 1, "operation"),
        (_with(position=256), "out_of_range", 1, "position"),
        (_with(time=-1), "out_of_range", 1, "time"),
        (_with(time="yesterday"), "bad_time", 1, "time"),
    ],
)
async def test_bad_json_is_refused_whole(
    serve: Any, body: str, code: str, index: int | None, field: str | None
) -> None:
    server = await serve()
    answer = await server.http.post("/l2_update", content=body)
    error = answer.json()
    assert (answer.status_code, error["status"], error["code"]) == (400, "error", code)
    assert (error.get("index"), error.get("field")) == (index, field)
    assert error["message"]
    after = await server.post("/l2_update", l2(ENTRY))
    assert after.json()["ack"]["seq"] == 1


async def test_the_present_state(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    assert (await server.http.get("/api/v1/instruments")).json()["instruments"] == []
    (frame,) = data.frames_of(*data.market(150), 400)
    await server.post("/l2_update", data.encode(frame), **headers())
    (known,) = (await server.http.get("/api/v1/instruments")).json()["instruments"]
    assert (known["symbol"], known["tick_size"], known["source"]) == (SYMBOL, 0.25, "live")
    for name in ("ES 12-26", "ESZ6"):
        book = (await server.http.get(f"/api/v1/instruments/{name}/book?levels=3")).json()
        assert (len(book["bids"]), len(book["asks"]), book["book"]) == (3, 3, "L2")
        assert book["time_iso"].startswith("2026-11-19T14:50:")
    metrics = (await server.http.get("/api/v1/instruments/ESZ6/metrics")).json()
    assert metrics["best_bid"] == book["bids"][0][0]
    profile = (await server.http.get("/api/v1/instruments/ESZ6/profile?preset=nt68")).json()
    assert profile["preset"] == "nt68"
    path = "/api/v1/instruments/ESZ6/footprint?preset=tv&zero=ignore&rows=2&bars=3"
    footprint = (await server.http.get(path)).json()
    words = ("preset", "mode", "zero", "rows", "instrument")
    assert [footprint[name] for name in words] == ["tv", "diagonal", "ignore", 2, SYMBOL]
    assert footprint["bars"][-1]["open"]
    assert footprint["bars"][-1]["volume"] > 0
    base = "/api/v1/instruments"
    for path, status, code in (
        (f"{base}/XYZ/book", 404, "unknown_instrument"),
        (f"{base}/ESZ6/book?source=demo", 404, "unknown_instrument"),
        (f"{base}/ESZ6/book?source=cloud", 400, "out_of_range"),
        (f"{base}/ESZ6/book?levels=0", 400, "out_of_range"),
        (f"{base}/ESZ6/profile?preset=mine", 400, "out_of_range"),
        (f"{base}/ESZ6/footprint?preset=mine", 400, "out_of_range"),
        (f"{base}/ESZ6/footprint?rows=0", 400, "out_of_range"),
        (f"{base}/ESZ6/footprint?bars=x", 400, "out_of_range"),
        (f"{base}/ESZ6/footprint?bars={'1' * 5000}", 400, "out_of_range"),
        (f"{base}/ESZ6/book?levels={'9' * 5000}", 400, "out_of_range"),
        (f"{base}/ESZ6/nonsense", 404, "not_found"),
        ("/l2_update", 405, "method"),
    ):
        answer = await server.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert answer.headers.get("allow") == ("POST" if status == 405 else None)


async def test_health_from_start_to_trouble(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    health = (await server.http.get("/health")).json()
    assert (health["status"], health["reason"], health["streams"]) == ("ok", None, [])
    assert (health["version"], health["protocol"]) == ("0.1.0", {"min": 1, "max": 1})
    assert (await server.http.get("/readyz")).status_code == 200
    assert (await server.http.get("/livez")).status_code == 200
    (frame,) = data.frames_of(*data.market(40), 40)
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(data.encode(frame._replace(flags=8, sent=frame.base + 5_000_000_000)))
        await peer.hear("ack")
        (row,) = (await server.http.get("/health")).json()["streams"]
        assert (row["instrument"], row["source"], row["phase"]) == (SYMBOL, "live", "synced")
        assert (row["last_seq"], row["publisher"], row["missing"]) == (40, True, [])
        assert 0 <= row["age_ms"] < 20_000
        assert row["lag_ms"] > 1000
        await peer.say(data.encode(frame._replace(seq=99)))
        await peer.hear("resync")
        health = (await server.http.get("/health")).json()
        assert (health["status"], health["reason"]) == ("degraded", "stale")
        assert health["streams"][0]["missing"] == ["records"]


async def test_health_says_starting_until_the_kernels_are_warm(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import threading

    go = threading.Event()
    monkeypatch.setattr("server.runtime.warm_kernels", lambda: go.wait(30))
    server = await serve(warm=False)
    health = (await server.http.get("/health")).json()
    assert (health["status"], health["reason"]) == ("starting", "starting")
    ready = await server.http.get("/readyz")
    assert (ready.status_code, ready.json()["reason"]) == (503, "starting")
    assert (await server.http.get("/livez")).status_code == 200
    answer = await server.post("/l2_update", l2(ENTRY))
    assert (answer.status_code, answer.json()["code"]) == (503, "starting")
    async with server.peer() as peer:
        await peer.say({"type": "heartbeat"})
        go.set()
        assert (await peer.hear("error"))["code"] == "hello_expected"
    assert (await server.http.get("/health")).json()["status"] == "ok"


async def test_kernels_that_do_not_compile_show_in_health(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise OSError("no space for the cache")

    monkeypatch.setattr("server.runtime.warm_kernels", fail)
    server = await serve(warm=False)
    await server.until(lambda: bool(server.runtime.warming_failed))
    health = (await server.http.get("/health")).json()
    assert (health["status"], health["reason"]) == ("degraded", "kernels")


async def test_the_page_and_what_it_may_load(serve: Any) -> None:
    server = await serve()
    for path, kind in (
        ("/", "text/html"),
        ("/page.js", "text/javascript"),
        ("/page.css", "text/css"),
    ):
        answer = await server.http.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"].split("; ")
        assert policy[0] == "default-src 'self'"
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    page = (await server.http.get("/")).text
    assert "http://" not in page
    assert "style=" not in page
    assert "<script>" not in page


async def test_a_full_disk_stops_the_acks_and_recovers(
    serve: Any, data: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recording.journal.segment import DiskSegment

    server = await serve()
    made = data.frames_of(*data.market(200), 50)
    whole = DiskSegment.append

    def refuse(_: DiskSegment, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        await peer.say(data.encode(made[0]._replace(flags=8)))
        await peer.hear("ack", seq=50, durable_seq=50)
        heard = len(peer.got)
        monkeypatch.setattr(DiskSegment, "append", refuse)
        await peer.say(data.encode(made[1]._replace(flags=8)))
        assert (await peer.hear("metrics", seq=100))["phase"] == "synced"
        ready = await server.http.get("/readyz")
        assert (ready.status_code, ready.json()["reason"]) == (503, "journal")
        await peer.say({"type": "nonsense"})
        await peer.hear("error")
        assert not [m for m in peer.got[heard:] if m["type"] == "ack"]
        monkeypatch.setattr(DiskSegment, "append", whole)
        await peer.say(data.encode(made[2]._replace(flags=8)))
        await peer.hear("ack", seq=150)
        assert not [m for m in peer.got if m["type"] == "resync"], "nothing was lost"
        assert (await server.http.get("/readyz")).status_code == 200
    await server.process.stop()
    frames = [e.frame for e in data.entries(server.folder) if type(e).__name__ == "FrameEntry"]
    assert [frame.seq for frame in frames] == [1, 51, 101]


async def test_a_body_that_drips_is_cut(serve: Any) -> None:
    import asyncio

    server = await serve(server={"request_s": 0.3})
    reader, writer = await asyncio.open_connection("127.0.0.1", server.process.port)
    writer.write(b"POST /l2_update HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 408 ")
        assert (await reader.read()).startswith(b'{"status":"error"')
    writer.close()
    await writer.wait_closed()
