"""Order records through every way in: the same book, the same queues, the same metrics."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client import Publisher
from depthbridge.cli import main
from depthbridge.player import Player
from market.enums import FrameFlag, FrameType, Kind, Source
from market.instrument import Instrument
from market.record import RECORD, Frame
from market.ticks import Grid
from orderbook.books.order_book import adds_of, standing_orders
from recording.entries import Entry, FrameEntry
from recording.readers import open_recording
from recording.stream import Stream
from tests.evidence.databento import decoded
from tests.reference.dbn_files import mbo_recs
from tests.reference.order_book import (
    CANCEL,
    CLEAR,
    DELETE,
    FILL,
    MODIFY,
    REPLACE,
    OrderBook,
)
from tests.reference.records import ADD, ASK, BID, ORDER, TRADE, Rec, frames_of, recs_of
from wire.codes import ResyncReason
from wire.frames import encode_frame

SYMBOL = "ES 12-26"
BASE = f"/api/v1/instruments/{SYMBOL}"
S1 = "11111111-1111-4111-8111-111111111111"
S2 = "22222222-2222-4222-8222-222222222222"
NOON = 1_795_099_800_000_000_000
WORDS = ("add", "modify", "cancel", "delete", "fill", "replace", "clear")
L3 = {"useL3": True}


def order(time: int, op: int, ref: int, price: int = 0, size: int = 0, side: int = BID) -> Rec:
    return Rec(time, ORDER, side, op, 1, price, size, ref)


def market(count: int, seed: int = 3) -> list[Rec]:
    """Orders of every action, wrong ones among them, and trades."""
    rng = np.random.default_rng(seed)
    time, recs, standing, fresh = NOON, list[Rec](), list[int](), 2**63
    while len(recs) < count:
        time += int(rng.integers(0, 40_000_000)) * int(rng.random() < 0.7)
        side = int(rng.integers(2))
        price = 27_250 + (1 - 2 * side) * int(rng.integers(1, 14))
        size = int(rng.integers(1, 9)) if rng.random() < 0.97 else 300
        pick = rng.random()
        if pick < 0.5 or len(standing) < 30:
            fresh += 1
            standing.append(fresh)
            recs.append(order(time, ADD, fresh, price, size, side))
        elif pick < 0.6:
            recs.append(Rec(time, TRADE, int(rng.integers(2)), 0, 0, 27_250, size))
        elif pick < 0.68:
            fresh += 1
            old = standing.pop(int(rng.integers(len(standing))))
            standing.append(fresh)
            recs.append(order(time, REPLACE, old, price, size, side)._replace(position=0))
            recs.append(order(time, ADD, fresh, price, size, side))
        elif pick < 0.72:
            recs.append(order(time, int(rng.choice((CANCEL, FILL, DELETE, MODIFY))), 7, price, 5))
        elif pick < 0.74:
            recs.append(order(time, ADD, standing[0], price, size, side))
        else:
            ref = standing[int(rng.integers(len(standing)))]
            op = int(rng.choice((MODIFY, CANCEL, DELETE, FILL)))
            recs.append(order(time, op, ref, price, size, side))
    return recs


def entries_of(recs: Sequence[Rec]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """Message type, entry and number of records; ids now as integer, now as string."""
    at = 0
    while at < len(recs):
        rec = recs[at]
        entry: dict[str, Any] = {"time": rec.time, "price": rec.price / 4, "volume": rec.size}
        if rec.kind == TRADE:
            yield "trade_update", {**entry, "aggressor": ("sell", "buy", "unknown")[rec.side]}, 1
        else:
            assert rec.kind == ORDER
            entry |= {"action": WORDS[rec.op], "side": ("ask", "bid")[rec.side]}
            entry["order_id"] = rec.ref if at % 2 else str(rec.ref)
            entry["last"] = bool(rec.position & 1)
            if rec.op == REPLACE:
                at += 1
                entry |= {"new_order_id": recs[at].ref, "last": bool(recs[at].position & 1)}
                entry |= {"price": recs[at].price / 4, "volume": recs[at].size}
            yield "l3_update", entry, 1 + (rec.op == REPLACE)
        at += 1


def messages_of(recs: Sequence[Rec], batch: int) -> Iterator[tuple[dict[str, Any], int]]:
    """JSON messages of one kind each, with the number of their first record."""
    seq = first = 1
    message: dict[str, Any] | None = None
    for kind, entry, count in entries_of(recs):
        full = message is not None and len(message["updates"]) >= batch
        if message is None or message["type"] != kind or full:
            if message is not None:
                yield message, first
            message, first = {"type": kind, "instrument": SYMBOL, "updates": []}, seq
        message["updates"].append(entry)
        seq += count
    assert message is not None
    yield message, first


def columns(message: dict[str, Any]) -> dict[str, Any]:
    """The same with columns instead of entries."""
    names = list(dict.fromkeys(name for entry in message["updates"] for name in entry))
    table = {name: [entry.get(name) for entry in message["updates"]] for name in names}
    return {**message, "updates": table}


async def by_anonymous_json(server: Any, recs: list[Rec]) -> None:
    for message, _ in messages_of(recs, 40):
        path = f"/{message['type']}"
        answer = await server.post(path, message)
        assert answer.status_code == 200, answer.text


async def by_numbered_columns(server: Any, recs: list[Rec]) -> None:
    for message, seq in messages_of(recs, 55):
        path = f"/{message['type']}"
        answer = await server.post(path, {**columns(message), "session": S1, "seq": seq})
        assert answer.status_code == 200, answer.text


async def by_binary_posts(server: Any, recs: list[Rec]) -> None:
    headers = {"x-depthbridge-session": S1, "x-depthbridge-instrument": SYMBOL}
    for frame in frames_of(recs, 300):
        answer = await server.post("/l3_update", encode_frame(frame), **headers)
        assert answer.status_code == 200, answer.text


async def by_socket_json(server: Any, recs: list[Rec]) -> None:
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        for message, seq in messages_of(recs, 90):
            await peer.say({**message, "seq": seq})
        await peer.hear("ack", seq=len(recs))


async def by_socket_frames(server: Any, recs: list[Rec]) -> None:
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        for frame in frames_of(recs, 200):
            await peer.say(encode_frame(frame))
        await peer.hear("ack", seq=len(recs))


WAYS = (
    by_anonymous_json,
    by_numbered_columns,
    by_binary_posts,
    by_socket_json,
    by_socket_frames,
)


def stream_on(server: Any, source: Source = Source.LIVE) -> Stream:
    stream: Stream = server.runtime.hub.find(SYMBOL, source).stream
    return stream


def computed(recs: Sequence[Rec], instrument: Instrument) -> Stream:
    """A stream of its own that was given the records."""
    stream = Stream(instrument)
    for frame in frames_of(recs, 333):
        stream.analyzer.process_l2_update(frame)
    return stream


def require_queues(stream: Stream, twin: OrderBook) -> None:
    """Every queue is the plain book's."""
    book = stream.analyzer.book()
    book.check()
    assert len(book) == len(twin.orders)
    for side, queues in twin.queues.items():
        for price, ids in queues.items():
            found = book.queue(side, price // 250_000_000)
            assert found == [(ref, twin.orders[ref].size) for ref in ids]


def plain(recs: Sequence[Rec]) -> OrderBook:
    twin = OrderBook(Grid("0.25"))
    for index, rec in enumerate(recs, 1):
        twin.apply(rec, index)
    return twin


async def require_state(server: Any, recs: Sequence[Rec]) -> None:
    """Book, metrics and faults as a plain book and a stream of their own have them."""
    twin = plain(recs)
    stream = stream_on(server)
    require_queues(stream, twin)
    assert stream.analyzer.order_faults == twin.faults
    book = (await server.http.get(f"{BASE}/book")).json()
    assert (book["book"], book["seq"]) == ("L3", len(recs))
    for said, rows in zip((book["bids"], book["asks"]), twin.top(10), strict=True):
        assert said == [[price / 1e9, float(size)] for price, size in rows]
    own = computed(recs, stream.instrument)
    metrics = (await server.http.get(f"{BASE}/metrics")).json()
    assert metrics["book"] == "L3"
    since_last_row = {"ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5"}
    for field, value in own.analyzer.calculate_metrics().items():
        if field not in since_last_row | {"time_ns", "seq", "phase"}:
            assert metrics[field] == value, field
    clusters = (await server.http.get(f"{BASE}/clusters")).json()
    assert clusters["clusters"] == json.loads(json.dumps(own.analyzer.calculate_clusters()))
    assert (await server.http.get("/health")).json()["streams"][0]["book"] == "L3"


@pytest.mark.parametrize("way", WAYS)
async def test_all_ways_lead_to_one_book(
    serve: Any, way: Callable[[Any, list[Rec]], Any], data: SimpleNamespace
) -> None:
    server = await serve()
    recs = market(1_500)
    await way(server, recs)
    await require_state(server, recs)
    await server.process.stop()
    replayed = Stream(stream_on(server).instrument)
    for entry in data.entries(server.folder):
        _ = replayed.apply(entry).events
    assert replayed.analyzer.freeze() == stream_on(server).analyzer.freeze()
    assert main(["replay", str(server.folder), "--verify"]) == 0


POSTS = (by_anonymous_json, by_numbered_columns)
"""A request for a few orders each: an hour is some 6,000 of them."""


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("way", "count"),
    [
        *((way, 10_000 if way in POSTS else None) for way in WAYS),
        *(pytest.param(way, None, marks=pytest.mark.long) for way in POSTS),
    ],
)
async def test_an_hour_of_orders_is_the_same_by_all_ways_and_from_the_file(
    serve: Any, way: Callable[[Any, list[Rec]], Any], count: int | None, recorded: Path
) -> None:
    path = recorded / "databento/es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    recs = [
        rec
        for entry in open_recording(path)
        if hasattr(entry, "frame")
        for rec in recs_of(entry.frame)
    ]
    assert recs == [rec for message in decoded(path) for rec in mbo_recs(message)]
    server = await serve()
    await way(server, recs[:count])
    await require_state(server, recs[:count])


async def test_a_connection_says_that_it_sends_orders(serve: Any) -> None:
    server = await serve()
    recs = [Rec(NOON, 2, BID, 0, 0, 27_249, 3), order(NOON, ADD, 5, 27_249, 3)]
    (frame,) = frames_of(recs)
    entry = {"time": NOON, "action": "add", "side": "bid", "order_id": 5}
    entry |= {"price": 6812.25, "volume": 3}
    book = {"type": "snapshot", "stream": 0, "seq": 1, "time": NOON, "bids": [], "asks": []}
    del entry["time"], entry["action"]
    snapshot = Frame(frame.records[1:], NOON, 1, FrameType.SNAPSHOT, int(FrameFlag.LAST))
    async with server.peer() as peer:
        await peer.hello()
        for message, index in (
            (encode_frame(frame), 1),
            (encode_frame(snapshot), 0),
            ({**book, "orders": [entry]}, 0),
            (
                {
                    "type": "l3_update",
                    "stream": 0,
                    "seq": 1,
                    "updates": [{"time": NOON, "action": "clear"}],
                },
                0,
            ),
        ):
            await peer.say(message)
            error = await peer.hear("error")
            assert (error["code"], error["index"], error["field"]) == ("bad_kind", index, "kind")
            assert error["fatal"] is False
            assert "useL3" in error["message"]
        assert stream_on(server).records == 0
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        await peer.say({**book, "orders": [entry]})
        await peer.say(encode_frame(frame))
        await peer.hear("ack", seq=2)
        assert stream_on(server).analyzer.order_faults == {"double_add": (1, 2)}
        assert stream_on(server).analyzer.book().queue(BID, 27_249) == [(5, 3)]


async def test_every_output_says_which_book_it_is(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(flags=L3, subscribe=["metrics", "clusters", "book", "profile"])
        recs = market(900)
        for frame in frames_of(recs, 150):
            await peer.say(encode_frame(frame))
        for kind in ("metrics", "clusters", "book", "profile"):
            said = next((m for m in peer.got if m["type"] == kind), None)
            said = said or await peer.hear(kind)
        await peer.hear("ack", seq=len(recs))
    heard = [m for m in peer.got if m["type"] in ("metrics", "clusters", "book", "profile")]
    sure = [message for message in heard if message["seq"] > 0]
    assert {message["type"] for message in sure} == {"metrics", "clusters", "book", "profile"}
    assert {message["book"] for message in sure} == {"L3"}
    objects = [one for m in sure if m["type"] == "clusters" for one in m["clusters"]]
    assert {one["source"]["book"] for one in objects} == {"L3"}
    (row,) = (await server.http.get("/api/v1/instruments")).json()["instruments"]
    assert row["book"] == "L3"


async def test_a_server_goes_on_with_the_same_queues(serve: Any) -> None:
    recs = market(1_600)
    whole = list(frames_of(recs, 100))
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        for frame in whole[:9]:
            await peer.say(encode_frame(frame))
        await peer.hear("ack", seq=whole[8].end - 1)
    await server.process.stop()
    server = await serve()
    async with server.peer() as peer:
        welcome = await peer.hello(flags=L3)
        assert welcome["resume_from"] == {"0": whole[9].seq}
        for frame in whole[8:]:
            await peer.say(encode_frame(frame))
        await peer.hear("ack", seq=len(recs))
        assert not [message for message in peer.got if message["type"] == "resync"]
    await require_state(server, recs)


async def test_a_post_is_judged_by_its_number(serve: Any) -> None:
    server = await serve()
    recs = [order(NOON + n, ADD, n, 27_249 - n, 1) for n in range(6)]
    (message, _), *_ = messages_of(recs, 99)

    def part(first: int, last: int) -> dict[str, Any]:
        rows = message["updates"][first - 1 : last]
        return {**message, "session": S1, "seq": first, "updates": rows}

    assert (await server.post("/l3_update", part(1, 2))).json()["ack"]["seq"] == 2
    assert (await server.post("/l3_update", part(1, 2))).json()["ack"]["seq"] == 2
    gap = await server.post("/l3_update", part(5, 6))
    assert (gap.status_code, gap.json()["code"], gap.json()["from"]) == (409, "gap", 3)
    assert (await server.post("/l3_update", part(2, 4))).json()["ack"]["seq"] == 4
    half = await server.post("/l3_update", {**part(5, 6), "seq": None})
    assert half.status_code == 400
    other = await server.post("/l3_update", {**part(1, 2), "session": S2})
    assert (other.status_code, other.json()["code"]) == (409, "instrument_busy")
    assert len(stream_on(server).analyzer.book()) == 4


async def test_a_snapshot_lists_orders_in_the_order_of_their_queues(serve: Any) -> None:
    server = await serve()
    rows = [(BID, 27_249, 9, 4), (BID, 27_249, 2**64 - 1, 5), (ASK, 27_251, 3, 6)]
    orders = [
        {"side": ("ask", "bid")[side], "order_id": str(ref), "price": price / 4, "volume": size}
        for side, price, ref, size in rows
    ]
    book = {"type": "snapshot", "instrument": SYMBOL, "time": NOON, "bids": [], "asks": []}
    book |= {"session": S1, "seq": 40}
    answer = await server.post("/l3_update", {**book, "orders": orders})
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 39)
    assert answer.json()["metrics"]["book"] == "L3"
    held = stream_on(server).analyzer.book()
    assert held.queue(BID, 27_249) == [(9, 4), (2**64 - 1, 5)]
    assert held.queue(ASK, 27_251) == [(3, 6)]
    records = adds_of(standing_orders(held.state, held.heap))
    binary = Frame(records, NOON, 50, FrameType.SNAPSHOT, int(FrameFlag.LAST))
    headers = {"x-depthbridge-session": S1, "x-depthbridge-instrument": SYMBOL}
    answer = await server.post("/l3_update", encode_frame(binary), **headers)
    assert (answer.status_code, answer.json()["ack"]["seq"]) == (200, 49)
    assert stream_on(server).analyzer.book().queue(BID, 27_249) == [(9, 4), (2**64 - 1, 5)]


async def test_a_snapshot_is_of_the_book_that_its_path_is_for(serve: Any) -> None:
    server = await serve()
    one = {"side": "bid", "order_id": 9, "price": 6812.25, "volume": 1}
    book = {"type": "snapshot", "instrument": SYMBOL, "time": NOON, "bids": [], "asks": []}
    rows = {**book, "bids": [[6812.25, 5]]}
    for path, body, code, field in (
        ("/l2_update", {**book, "orders": [one]}, "bad_kind", "orders"),
        ("/l3_update", rows, "bad_kind", "bids"),
        ("/l3_update", {**rows, "orders": [one]}, "contradiction", "bids"),
        ("/l3_update", {**book, "orders": [one, one]}, "out_of_range", "order_id"),
        ("/l3_update", {**book, "orders": [one, {**one, "price": 1.1}]}, "off_grid", "price"),
        ("/l3_update", {**book, "orders": [one, {**one, "volume": -1}]}, "negative_size", "volume"),
    ):
        answer = await server.post(path, body)
        said = answer.json()
        assert (answer.status_code, said["code"], said["field"]) == (400, code, field), said
    mixed = np.zeros(2, RECORD)
    mixed["kind"], mixed["size"] = (Kind.ORDER, Kind.DEPTH_PRICE), 1
    frame = Frame(mixed, NOON, 1, FrameType.SNAPSHOT, int(FrameFlag.LAST))
    headers = {"x-depthbridge-session": S1, "x-depthbridge-instrument": SYMBOL}
    for path in ("/l3_update", "/l2_update"):
        answer = await server.post(path, encode_frame(frame), **headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_kind")
    async with server.peer() as peer:
        await peer.hello(flags=L3, takeover=True)
        await peer.say(encode_frame(frame))
        assert (await peer.hear("error"))["code"] == "bad_kind"
    assert (await server.post("/l3_update", {**book, "source": "replay"})).status_code == 200


GOOD = {"time": NOON, "action": "add", "side": "bid", "order_id": 1, "price": 6812.25, "volume": 1}


def _without(field: str, **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**GOOD, **changed}.items() if name != field}


BAD = [
    ({**GOOD, "action": "ad"}, "out_of_range", "action"),
    ({**GOOD, "action": None}, "bad_type", "action"),
    ({**GOOD, "side": "buy"}, "out_of_range", "side"),
    ({**GOOD, "order_id": -1}, "out_of_range", "order_id"),
    ({**GOOD, "order_id": 1.5}, "bad_type", "order_id"),
    ({**GOOD, "order_id": "x7"}, "out_of_range", "order_id"),
    ({**GOOD, "order_id": "18446744073709551616"}, "bad_number", "order_id"),
    ({**GOOD, "price": 6812.3}, "off_grid", "price"),
    ({**GOOD, "price": "6812.25"}, "bad_type", "price"),
    ({**GOOD, "price": 1e17}, "bad_number", "price"),
    ({**GOOD, "volume": -2}, "negative_size", "volume"),
    ({**GOOD, "volume": 0.5}, "off_grid", "volume"),
    ({**GOOD, "time": "today"}, "bad_time", "time"),
    ({**GOOD, "time": -1}, "out_of_range", "time"),
    ({**GOOD, "last": 1}, "bad_type", "last"),
    (_without("time"), "missing_field", "time"),
    (_without("action"), "missing_field", "action"),
    *((_without(f), "missing_field", f) for f in ("side", "order_id", "price", "volume")),
    (_without("order_id", action="delete"), "missing_field", "order_id"),
    (_without("volume", action="fill"), "missing_field", "volume"),
    (_without("price", action="modify"), "missing_field", "price"),
    ({**GOOD, "action": "replace"}, "missing_field", "new_order_id"),
    (
        {**GOOD, "action": "replace", "new_order_id": "99999999999999999999"},
        "bad_number",
        "new_order_id",
    ),
]


@pytest.mark.parametrize(("entry", "code", "field"), BAD)
async def test_bad_orders_are_refused_whole_with_index_and_field(
    serve: Any, entry: dict[str, Any], code: str, field: str
) -> None:
    server = await serve()
    replace = {**GOOD, "action": "replace", "new_order_id": 2}
    body = {"type": "l3_update", "instrument": SYMBOL, "updates": [GOOD, replace, entry]}
    answer = await server.post("/l3_update", body)
    said = answer.json()
    assert (answer.status_code, said["code"], said["index"], said["field"]) == (400, code, 2, field)
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        await peer.say(body)
        error = await peer.hear("error")
        assert (error["code"], error["index"], error["field"]) == (code, 2, field)
        good = {**body, "updates": [GOOD, replace]}
        await peer.say(good)
        await peer.hear("ack", seq=3)


async def test_an_integer_beyond_64_bits_is_refused_as_it_stands(serve: Any) -> None:
    server = await serve()
    text = json.dumps({"type": "l3_update", "instrument": SYMBOL, "updates": [GOOD, GOOD]})
    head, _, tail = text.rpartition('"order_id": 1')
    answer = await server.http.post(
        "/l3_update", content=f'{head}"order_id": 18446744073709551616{tail}'
    )
    said = answer.json()
    assert (answer.status_code, said["code"]) == (400, "bad_number")
    assert (said["index"], said["field"]) == (1, "order_id")


_OPTIONAL = ("side", "order_id", "new_order_id", "price", "volume", "last")
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=9),
    st.lists(st.integers(), max_size=2),
    st.sampled_from(["add", "clear", "replace", "bid", "ask", "1", "18446744073709551615", 0, 1]),
)


async def test_no_order_message_is_met_with_a_defect(serve: Any) -> None:
    """Whatever stands in the fields: taken, or refused with a code, and with field and index."""
    server = await serve()
    cases: list[dict[str, Any]] = []

    @settings(max_examples=400, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(
            st.fixed_dictionaries(
                {"time": st.just(NOON), "action": st.sampled_from(WORDS)},
                optional=dict.fromkeys(_OPTIONAL, _VALUES),
            ),
            min_size=1,
            max_size=3,
        )
    )
    def collect(updates: list[dict[str, Any]]) -> None:
        cases.append({"type": "l3_update", "instrument": SYMBOL, "updates": updates})

    collect()
    refused = taken = 0
    for case in cases:
        for body in (case, columns(case)):
            answer = await server.http.post("/l3_update", content=json.dumps(body))
            said = answer.json()
            assert answer.status_code < 500, (body, said)
            taken += answer.status_code == 200
            if answer.status_code != 200:
                refused += 1
                assert said["code"], said
                assert said.get("field"), (body, said)
    assert refused > 100
    assert taken > 9
    assert stream_on(server).broken is False
    stream_on(server).analyzer.book().check()


async def test_a_clear_empties_the_book_and_it_stays_one_of_orders(serve: Any) -> None:
    server = await serve()
    recs = [order(NOON, ADD, 1, 27_249, 3), order(NOON, CLEAR, 0), order(NOON, DELETE, 1)]
    await by_anonymous_json(server, recs)
    book = (await server.http.get(f"{BASE}/book")).json()
    assert (book["book"], book["bids"], book["asks"]) == ("L3", [], [])
    assert stream_on(server).analyzer.order_faults == {"unknown": (1, 3)}


WRONG = [
    order(NOON, ADD, 1, 27_249, 3),
    order(NOON, DELETE, 77),
    order(NOON, ADD, 1, 27_248, 9),
    order(NOON, REPLACE, 2, 27_249, 2)._replace(position=0),
    order(NOON, ADD, 3, 27_249, 2),
    order(NOON, FILL, 3, 0, 5),
    order(NOON, MODIFY, 3, 27_249, 5),
]
FAULTS = [
    *((1, "unknown"), (2, "double_add"), (3, "unknown"), (5, "beyond")),
    (6, "dead_modify"),
]
"""Record and word of what is wrong with WRONG."""


async def test_a_post_says_which_of_its_orders_do_not_fit(serve: Any) -> None:
    server = await serve()
    (message, _), *_ = messages_of(WRONG, 99)
    answer = await server.post("/l3_update", message)
    said = answer.json()
    assert (answer.status_code, said["ack"]["seq"]) == (200, 7)
    entries = {1: 1, 2: 2, 3: 3, 5: 4, 6: 5}
    assert said["order_faults"] == {
        "count": 5,
        "last": [
            {"index": entries[record], "seq": record + 1, "fault": word} for record, word in FAULTS
        ],
    }
    good = await server.post("/l3_update", {**message, "updates": message["updates"][:0]})
    assert "order_faults" not in good.json()
    frame = next(iter(frames_of([order(NOON, DELETE, n) for n in range(90, 110)])))
    headers = {"x-depthbridge-session": S1, "x-depthbridge-instrument": SYMBOL}
    headers["x-depthbridge-source"] = "replay"
    said = (await server.post("/l3_update", encode_frame(frame), **headers)).json()
    assert said["order_faults"]["count"] == 20
    assert [row["index"] for row in said["order_faults"]["last"]] == list(range(4, 20))
    twin = plain(WRONG)
    require_queues(stream_on(server), twin)
    (row,) = [r for r in (await server.http.get("/health")).json()["streams"] if r["last_seq"] == 7]
    assert row["order_faults"] == {
        word: {"count": fault.count, "first_seq": fault.first}
        for word, fault in twin.faults.items()
    }
    assert row["phase"] != "stale"


async def test_health_says_what_of_the_other_kind_was_not_applied(serve: Any) -> None:
    server = await serve()
    entry = {"time": NOON, "side": "bid", "position": 0, "price": 6812.25, "volume": 5}
    (orders, _), *_ = messages_of([order(NOON, ADD, 1, 27_249, 3)], 99)
    depth = {**orders, "type": "l2_update", "updates": [{**entry, "operation": "add"}]}
    for route, message, bent in (
        ("/l3_update", orders, {}),
        ("/l2_update", depth, {"depth_not_applied": 1}),
        ("/l2_update", depth, {"depth_not_applied": 2}),
    ):
        assert (await server.post(route, message)).status_code == 200
        (row,) = (await server.http.get("/health")).json()["streams"]
        assert (row["book"], row["bent"]) == ("L3", bent)


async def test_a_publisher_hears_of_its_wrong_orders(serve: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        good = order(NOON, ADD, 9, 27_251, 1, ASK)
        for frame in frames_of([good, *WRONG]):
            await peer.say(encode_frame(frame))
        error = await peer.hear("error")
        assert (error["code"], error["index"], error["field"]) == ("order_fault", 2, "ref")
        assert (error["stream"], error["seq"], error["fatal"]) == (0, None, False)
        assert error["facts"]["count"] == 5
        assert error["facts"]["faults"] == [
            {"seq": record + 2, "fault": word} for record, word in FAULTS
        ]
        await peer.hear("ack", seq=8)
        for number in range(9, 40):
            (frame,) = frames_of([order(NOON + number, DELETE, 77)], seq=number)
            await peer.say(encode_frame(frame))
        await peer.hear("ack", seq=39)
        heard = [message for message in peer.got if message["type"] == "error"]
        assert len(heard) < 5, "once a second"
    assert stream_on(server).analyzer.order_faults["unknown"] == (33, 3)
    require_queues(stream_on(server), plain([good, *WRONG]))


async def test_the_index_of_a_wrong_order_is_the_entry_of_its_message(serve: Any) -> None:
    """A replace is two records and one entry."""
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(flags=L3)
        add = {"time": NOON, "action": "add", "side": "bid", "price": 25.0, "volume": 1}
        updates = [
            {**add, "order_id": 1},
            {**add, "action": "replace", "order_id": 1, "new_order_id": 2},
            {"time": NOON, "action": "delete", "side": "bid", "order_id": 77},
        ]
        await peer.say({"type": "l3_update", "stream": 0, "seq": 1, "updates": updates})
        error = await peer.hear("error")
        assert (error["code"], error["index"]) == ("order_fault", 2)
        assert error["facts"]["faults"] == [{"seq": 4, "fault": "unknown"}]


async def test_locked_and_crossed_books_are_no_fault(serve: Any) -> None:
    server = await serve()
    phases = []
    async with server.peer() as peer:
        await peer.hello(flags=L3, subscribe=["metrics"])
        recs = [order(NOON, ADD, 1, 100, 3), order(NOON, ADD, 2, 101, 3, ASK)]
        recs += [order(NOON + 1, ADD, 3, 101, 1), order(NOON + 2, ADD, 4, 103, 1)]
        recs += [order(NOON + 3, DELETE, 3), order(NOON + 4, DELETE, 4)]
        recs += [order(NOON + 5, ADD, 5, 99, 1)]
        for seq, rec in enumerate(recs, 1):
            (frame,) = frames_of([rec], seq=seq)
            await peer.say(encode_frame(frame))
            said = await peer.hear("metrics", seq=seq)
            phases.append((said["phase"], said.get("mid")))
    assert phases == [
        *(("waiting", None), ("waiting", 25.125)),
        *(("synced", None), ("crossed", None)),
        *(("crossed", None), ("crossed", 25.125), ("synced", 25.125)),
    ]
    assert stream_on(server).analyzer.order_faults == {}


async def test_a_replay_sends_orders_and_after_a_wrong_book_all_that_stand(
    serve: Any, tmp_path: Path
) -> None:
    """The command's player; the server breaks off in the middle, and is told the queues."""
    recs = [rec._replace(position=0) for rec in market(1_200) if rec.kind == ORDER]
    path = tmp_path / "ES 12-26 orders.csv"
    lines = ["time_ns,action,side,order_id,price,size,new_order_id"]
    for rec in recs:
        price, side = f"{rec.price / 4:.2f}", ("ask", "bid")[rec.side]
        if rec.op == REPLACE:
            lines.append(f"{rec.time},delete,,{rec.ref},,,")
        elif rec.op in (ADD, MODIFY):
            lines.append(f"{rec.time},{WORDS[rec.op]},{side},{rec.ref},{price},{rec.size},")
        else:
            lines.append(f"{rec.time},{WORDS[rec.op]},,{rec.ref},,{rec.size},")
    path.write_text("\n".join(lines) + "\n")
    server = await serve()
    given = open_recording(path)
    async with Publisher(server.ws_url, [given.instrument], source="replay", flags=L3) as publisher:
        player = Player(publisher, given.instrument.symbol, None)
        entries = list(given)
        half = len(entries) // 2
        assert isinstance(entries[half], FrameEntry)

        async def play(part: list[Entry]) -> None:
            await player.play(part, lambda _rows: True)
            await publisher.flush()

        await play(entries[:half])
        channel = server.runtime.hub.find(given.instrument.symbol, Source.REPLAY)
        channel.break_off(ResyncReason.CHECKSUM, 0)
        await server.until(lambda: not channel.stream.broken)
        assert channel.stream.analyzer.by_order
        await play(entries[half:])
    twin = plain(recs)
    require_queues(channel.stream, twin)
    assert channel.counters.resyncs == {"checksum": 1}
    assert channel.counters.checks_failed == 0
    assert channel.counters.checks > 0
