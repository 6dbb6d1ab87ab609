"""What a post says about its data, by header and by body, and what NinjaTrader did."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from market.enums import FrameFlag, FrameType, Kind
from market.record import RECORD, Frame
from recording.entries import MessageEntry

SYMBOL = "ES 12-26"
TIME = 1_795_099_800_000_000_000
S1 = "0a000000-0000-4000-8000-00000000000a"
S2 = "0b000000-0000-4000-8000-00000000000b"
ENTRY = {"time": TIME, "side": "bid", "operation": "add", "position": 0, "price": 6812.25}
ENTRY |= {"volume": 5}


def l2(**fields: Any) -> dict[str, Any]:
    return {"type": "l2_update", "instrument": SYMBOL, **fields, "updates": [ENTRY]}


def said(**fields: str) -> dict[str, str]:
    """Headers by field."""
    return {f"x-depthbridge-{name.replace('_', '-')}": value for name, value in fields.items()}


async def test_header_and_body_must_not_contradict_each_other(serve: Any) -> None:
    server = await serve()
    cases = [
        ("session", S1, S2),
        ("seq", 1, "2"),
        ("source", "live", "replay"),
        ("instrument", SYMBOL, "NQ 12-26"),
        ("tick_size", 0.25, "0.5"),
        ("size_step", 1.0, "2"),
    ]
    for field, body, header in cases:
        fields = {"session": S1, "seq": 1, field: body}
        answer = await server.post("/l2_update", l2(**fields), **said(**{field: header}))
        found = answer.json()
        assert (answer.status_code, found["code"], found["field"]) == (400, "contradiction", field)
    assert not list(server.runtime.hub), "nothing was made of it"
    for field, body, _ in cases:
        fields = {"session": S1, "seq": 1, field: body}
        answer = await server.post("/l2_update", l2(**fields), **said(**{field: str(body)}))
        assert answer.status_code == 200, "both, and the same"


async def test_a_header_says_what_the_body_leaves_out(serve: Any) -> None:
    server = await serve()
    headers = said(session=S1, seq="1", source="replay")
    answer = await server.post("/l2_update", l2(), **headers)
    assert (answer.status_code, answer.json()["metrics"]["source"]) == (200, "replay")
    (channel,) = server.runtime.hub
    assert (channel.session.session, channel.session.expected) == (S1, 2)
    half = await server.post("/l2_update", l2(), **said(session=S1))
    assert (half.status_code, half.json()["code"]) == (400, "incomplete_session")
    half = await server.post("/l2_update", l2(), **said(seq="2"))
    assert (half.status_code, half.json()["code"]) == (400, "incomplete_session")


async def test_a_session_is_a_uuid(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    frame = data.encode(Frame(np.zeros(1, RECORD), TIME, 1))
    for session in ("s1", "anonymous", "", S1 + "0", "{" + S1 + "}", S1[:-1]):
        answer = await server.post("/l2_update", l2(session=session, seq=1))
        assert (answer.status_code, answer.json()["field"]) == (400, "session")
        answer = await server.post("/l2_update", frame, **said(session=session, instrument=SYMBOL))
        assert (answer.status_code, answer.json()["field"]) == (400, "session")
        async with server.peer() as peer:
            refused = await peer.hello(session=session)
            assert (refused["code"], refused["field"]) == ("out_of_range", "session")
            assert (await peer.hello())["type"] == "welcome"


async def test_upper_and_lower_case_name_one_session(serve: Any) -> None:
    server = await serve()
    await server.post("/l2_update", l2(session=S1, seq=1))
    answer = await server.post("/l2_update", l2(session=S1.upper(), seq=2))
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 2)
    async with server.peer() as peer:
        welcome = await peer.hello(session=S1.upper())
        assert welcome["resume_from"] == {"0": 3}


async def test_a_binary_body_holds_what_its_path_takes(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    headers = said(session=S1, instrument=SYMBOL)

    def body(kind: Kind, first: Kind = Kind.QUOTE) -> bytes:
        records = np.zeros(2, RECORD)
        records["kind"], records["size"] = (first, kind), 1
        encoded: bytes = data.encode(Frame(records, TIME, 1))
        return encoded

    for path, kind in (
        ("/l2_update", Kind.ORDER),
        ("/trade_update", Kind.DEPTH_POSITION),
        ("/trade_update", Kind.DEPTH_PRICE),
        ("/trade_update", Kind.ORDER),
    ):
        answer = await server.post(path, body(kind), **headers)
        found = answer.json()
        assert (answer.status_code, found["code"]) == (400, "bad_kind")
        assert (found["index"], found["field"]) == (1, "kind")
    answer = await server.post("/bar_update", body(Kind.TRADE), **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_type")
    assert not list(server.runtime.hub)
    for source, path, kind in (
        ("live", "/l2_update", Kind.DEPTH_PRICE),
        ("playback", "/l2_update", Kind.TRADE),
        ("replay", "/trade_update", Kind.TRADE),
    ):
        answer = await server.post(path, body(kind, kind), **headers, **said(source=source))
        assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 2)


async def test_a_binary_snapshot_goes_to_l2_update_only(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    frame = Frame(np.zeros(0, RECORD), TIME, 1, FrameType.SNAPSHOT, int(FrameFlag.LAST))
    headers = said(session=S1, instrument=SYMBOL)
    answer = await server.post("/trade_update", data.encode(frame), **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_type")
    answer = await server.post("/l2_update", data.encode(frame), **headers)
    assert answer.status_code == 200


async def test_an_anonymous_snapshot_may_be_numbered(serve: Any) -> None:
    server = await serve()
    book = {"type": "snapshot", "instrument": SYMBOL, "time": TIME}
    book |= {"bids": [[6812.25, 5]], "asks": [[6812.5, 3]]}
    assert (await server.post("/l2_update", book)).status_code == 200
    answer = await server.post("/l2_update", {**book, "seq": 9})
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 8)
    half = await server.post("/l2_update", {**book, "session": S1})
    assert (half.status_code, half.json()["code"]) == (400, "incomplete_session")


TRADES = [
    {"time": TIME, "price": 6812.25, "volume": 1 << place, "bid": bid, "ask": ask}
    for place, (bid, ask) in enumerate(
        [
            (6812.0, 6812.5),  # between, and nothing before it
            (6812.25, 6812.5),  # sell
            (6812.0, 6812.5),  # between: sell
            (6812.0, 6812.25),  # buy
            (6812.0, 6812.5),  # between: buy
            (6812.0, 6812.5),
        ]
    )
]


@pytest.mark.parametrize("size", [1, 2, 4, 6])
async def test_a_trade_between_has_the_side_of_the_one_before_it_however_they_come(
    serve: Any, size: int
) -> None:
    """Sizes are powers of two: the sum of signed sizes says the side of each."""
    server = await serve()
    parts = [TRADES[at : at + size] for at in range(0, len(TRADES), size)]
    told = {"type": "trade_update", "instrument": SYMBOL, "session": S1, "tick_size": 0.25}
    seq = 1
    for part in parts:
        for _ in range(2):  # the second is a duplicate
            answer = await server.post("/trade_update", {**told, "seq": seq, "updates": part})
            assert answer.status_code == 200, answer.text
        seq += len(part)
    assert answer.json()["metrics"]["cvd"] == -2 - 4 + 8 + 16 + 32
    async with server.peer() as peer:
        await peer.hello(source="playback")
        for part in parts:
            await peer.say({"type": "trade_update", "stream": 0, "updates": part})
        await peer.hear("ack", seq=len(TRADES))
    row = await server.http.get(f"/api/v1/instruments/{SYMBOL}/metrics?source=playback")
    assert row.json()["cvd"] == -2 - 4 + 8 + 16 + 32


# What NinjaTrader did

ORDER = {"type": "order", "instrument": SYMBOL, "time": TIME + 5, "id": "42", "state": "working"}
FILL = {"type": "fill", "instrument": "ESZ6", "time": "2026-11-19T14:50:00Z", "price": 6812.25}
POSITION = {
    "type": "position",
    "instrument": SYMBOL,
    "time": 1,
    "quantity": -2,
    "nested": {"a": []},
}


def reports(server: Any, data: SimpleNamespace, source: str = "live") -> list[MessageEntry]:
    folder = server.folder / source / "ES_12-26"
    if not folder.exists():
        return []
    return [entry for entry in data.entries(folder) if isinstance(entry, MessageEntry)]


async def test_reports_are_recorded_as_received_and_shape_nothing(
    serve: Any, data: SimpleNamespace
) -> None:
    server = await serve()
    await server.post("/l2_update", l2())
    (channel,) = server.runtime.hub
    before = (channel.session.expected, channel.stream.freeze())
    for path, body in (("/order", ORDER), ("/fill", FILL)):
        answer = await server.post(path, body)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    async with server.peer() as peer:
        await peer.hello(role="subscriber", instruments=[])
        await peer.say(POSITION)
        await peer.say({**POSITION, "instrument": "nothing of this name"})
        assert (await peer.hear("error"))["code"] == "unknown_instrument"
    assert (channel.session.expected, channel.stream.freeze()) == before
    assert channel.counters.reports == 3
    assert reports(server, data) == [
        MessageEntry("order", TIME + 5, {"id": "42", "state": "working"}),
        MessageEntry("fill", TIME, {"price": 6812.25}),
        MessageEntry("position", 1, {"nested": {"a": []}, "quantity": -2}),
    ]


async def test_reports_go_to_their_source(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(source="playback")
        await peer.say(ORDER)
        await peer.say({**ORDER, "source": "replay"})
        await peer.say({**ORDER, "source": "demo"})
        await peer.say({**ORDER, "source": "nowhere"})
        assert (await peer.hear("error"))["field"] == "source"
    assert (await server.post("/order", ORDER)).status_code == 200
    assert (await server.post("/order", ORDER, **said(source="replay"))).status_code == 200
    counts = {s: len(reports(server, data, s)) for s in ("live", "playback", "replay", "demo")}
    assert counts == {"live": 1, "playback": 1, "replay": 2, "demo": 0}


async def test_a_wrong_report_is_refused(serve: Any, data: SimpleNamespace) -> None:
    server = await serve()
    for path, body, code in (
        ("/order", FILL, "bad_type"),
        ("/l2_update", ORDER, "bad_type"),
        ("/order", {**ORDER, "instrument": "XYZ"}, "unknown_instrument"),
        ("/order", {**ORDER, "time": "yesterday"}, "bad_time"),
        ("/order", {**ORDER, "time": -1}, "out_of_range"),
        ("/order", {"type": "order", "instrument": SYMBOL}, "missing_field"),
    ):
        answer = await server.post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not reports(server, data)
    answer = await server.post("/fill", {**FILL, "price": [[[0] * 9] * 9]})
    assert answer.status_code == 200


async def test_a_report_names_one_instrument(serve: Any) -> None:
    server = await serve()
    answer = await server.post("/order", ORDER, **said(instrument="NQ 12-26"))
    assert (answer.status_code, answer.json()["code"]) == (400, "contradiction")
