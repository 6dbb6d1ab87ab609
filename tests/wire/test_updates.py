from typing import Any

import pytest

from market.errors import MalformedError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument
from market.ticks import Grid
from wire.codes import ErrorCode
from wire.messages import decode_message
from wire.schema import Message
from wire.times import parse_time
from wire.updates import Batch, bar_values, to_batch

SECOND = 10**9
ES = DEFAULT_INSTRUMENTS.define("ES 12-26")
COIN = Instrument("X", "X", Grid("0.1"), Grid("0.00001"), 1.0, "always")


def message(kind: str, **fields: Any) -> Any:
    import msgspec

    found: Message = decode_message(msgspec.json.encode({"type": kind, **fields}))
    return found


def rows(batch: Batch) -> list[tuple[int, ...]]:
    names = ("kind", "side", "op", "position", "price", "size", "ref")
    return [tuple(int(row[name]) for name in names) for row in batch.records]


def refusal(kind: str, instrument: Instrument = ES, **fields: Any) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        to_batch(message(kind, **fields), instrument)
    return caught.value


DEPTH = [
    {"time": 5, "side": "bid", "operation": "add", "position": 0, "price": 4500.25, "volume": 3},
    {"time": 7, "side": "ask", "operation": "update", "position": 9, "price": 4501, "volume": 0},
    {"time": 6, "side": "ask", "operation": "remove", "price": -4500.5, "volume": 0},
]


def test_depth_by_position_and_by_price() -> None:
    batch = to_batch(message("l2_update", updates=DEPTH), ES)
    assert rows(batch) == [
        (0, 1, 0, 0, 18001, 3, 0), (0, 0, 1, 9, 18004, 0, 0), (1, 0, 2, 0, -18002, 0, 0),
    ]  # fmt: skip
    assert batch.times.tolist() == [5, 7, 6]


def test_columns_are_the_same_as_objects() -> None:
    columns = {
        name: [row.get(name) for row in DEPTH]
        for name in ("time", "side", "operation", "position", "price", "volume")
    }
    columned = to_batch(message("l2_update", updates=columns), ES)
    assert rows(columned) == rows(to_batch(message("l2_update", updates=DEPTH), ES))
    short = {**columns, "price": [1.0]}
    error = refusal("l2_update", updates=short)
    assert (error.code, error.field) == (ErrorCode.BAD_COUNT, "price")


def test_makers_get_numbers_in_their_order_of_appearance() -> None:
    named = [{**DEPTH[0], "market_maker": name} for name in ("B", "", "A", "B", None, "C")]
    batch = to_batch(message("l2_update", updates=named), ES, ("A",))
    assert [row[-1] for row in rows(batch)] == [2, 0, 1, 2, 0, 3]
    assert batch.makers == ("B", "C")


def test_sizes_in_steps_of_a_coin() -> None:
    row = {**DEPTH[0], "price": 61234.5, "volume": 0.12345}
    assert rows(to_batch(message("l2_update", updates=[row]), COIN))[0][4:6] == (612345, 12345)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"price": 4500.3}, ErrorCode.OFF_GRID, "price"),
        ({"volume": 0.5}, ErrorCode.OFF_GRID, "volume"),
        ({"volume": -1}, ErrorCode.NEGATIVE_SIZE, "volume"),
        ({"price": 1e300}, ErrorCode.BAD_NUMBER, "price"),
        ({"time": -1}, ErrorCode.OUT_OF_RANGE, "time"),
        ({"time": 2**62}, ErrorCode.OUT_OF_RANGE, "time"),
        ({"time": "2026-11-19T10:00:00"}, ErrorCode.BAD_TIME, "time"),
        ({"time": "yesterday"}, ErrorCode.BAD_TIME, "time"),
    ],
)
def test_refused_with_code_field_and_index(
    change: dict[str, Any], code: ErrorCode, field: str
) -> None:
    error = refusal("l2_update", updates=[*DEPTH, {**DEPTH[0], **change}])
    assert (error.code, error.field, error.index) == (code, field, 3)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1970-01-01T00:00:01Z", SECOND),
        ("1970-01-01T00:00:01.5Z", SECOND * 3 // 2),
        ("1970-01-01T00:00:01.123456789Z", 1_123_456_789),
        ("1970-01-01T01:00:00.000000001+01:00", 1),
        ("2023-12-25T17:00:00-06:00", 1_703_545_200 * SECOND),
        ("2023-12-25 23:00:00.1+00:00", 1_703_545_200 * SECOND + SECOND // 10),
    ],
)
def test_times_as_iso_8601(text: str, time: int) -> None:
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-19", "2026-11-19T10:00:00.Z", "1e18", "2026-11-19T10:00:00.1234567890Z",
     "2026-13-01T00:00:00Z"],
)  # fmt: skip
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_time(text)
    assert caught.value.code == ErrorCode.BAD_TIME


def test_the_aggressor_and_where_it_is_known_from() -> None:
    trades = [
        {"aggressor": "sell"}, {"aggressor": "buy", "bid": 10, "ask": 10.25}, {},
        {"bid": 9.75, "ask": 10}, {"bid": 9, "ask": 11}, {"bid": 10, "ask": 10.25},
        {"bid": 9, "ask": 11}, {"bid": 10},
    ]  # fmt: skip
    updates = [{"time": 1, "price": 10, "volume": 2, **trade} for trade in trades]
    batch = to_batch(message("trade_update", updates=updates), ES)
    assert [(row[1], row[2]) for row in rows(batch)] == [
        (0, 0), (1, 1), (2, 4), (1, 1), (1, 1), (0, 1), (0, 1), (2, 4),
    ]  # fmt: skip
    assert {(row[0], row[4], row[5]) for row in rows(batch)} == {(3, 40, 2)}


def test_quotes_and_the_running_volume() -> None:
    updates = [
        {"time": 1, "side": "bid", "price": 10.25, "volume": 7},
        {"time": 1, "side": "ask", "price": 10.5, "volume": 1},
        {"time": 2, "session_volume": 123456},
    ]
    assert rows(to_batch(message("quote_update", updates=updates), ES)) == [
        (2, 1, 0, 0, 41, 7, 0), (2, 0, 0, 0, 42, 1, 0), (2, 0, 1, 0, 0, 123456, 0),
    ]  # fmt: skip
    for wrong in ({"time": 1}, {"time": 1, "side": "bid", "session_volume": 1}):
        error = refusal("quote_update", updates=[updates[0], wrong])
        assert (error.code, error.index) == (ErrorCode.MISSING_FIELD, 1)


def test_orders_and_a_replace_as_two_records() -> None:
    updates = [
        {"time": 1, "action": "add", "side": "bid", "order_id": "18446744073709551615",
         "price": 10, "volume": 3},
        {"time": 2, "action": "replace", "side": "bid", "order_id": 7, "new_order_id": 8,
         "price": 10.25, "volume": 2, "last": False},
        {"time": 3, "action": "clear"},
    ]  # fmt: skip
    batch = to_batch(message("l3_update", updates=updates), ES)
    assert rows(batch) == [
        (4, 1, 0, 1, 40, 3, 2**64 - 1), (4, 1, 5, 0, 41, 2, 7), (4, 1, 0, 0, 41, 2, 8),
        (4, 0, 6, 1, 0, 0, 0),
    ]  # fmt: skip
    assert batch.times.tolist() == [1, 2, 2, 3]
    columns = {name: [row.get(name, default) for row in updates] for name, default in (
        ("time", 0), ("action", ""), ("side", "ask"), ("order_id", 0), ("new_order_id", None),
        ("price", 0), ("volume", 0), ("last", True))}  # fmt: skip
    assert rows(to_batch(message("l3_update", updates=columns), ES)) == rows(batch)
    beyond = refusal("l3_update", updates=[{**updates[0], "order_id": "99999999999999999999"}])
    assert (beyond.code, beyond.field) == (ErrorCode.BAD_NUMBER, "order_id")
    error = refusal("l3_update", updates=[{**updates[1], "new_order_id": None}])
    assert (error.code, error.field) == (ErrorCode.MISSING_FIELD, "new_order_id")


def test_a_snapshot_as_adds() -> None:
    found = message("snapshot", time=9, bids=[[10, 1], [9.75, 2]], asks=[[10.25, 3]])
    batch = to_batch(found, ES)
    assert rows(batch) == [
        (0, 1, 0, 0, 40, 1, 0), (0, 1, 0, 1, 39, 2, 0), (0, 0, 0, 0, 41, 3, 0),
    ]  # fmt: skip
    by_price = to_batch(message("snapshot", time=9, bids=[[10, 1]], asks=[], by="price"), ES)
    assert rows(by_price) == [(1, 1, 0, 0, 40, 1, 0)]
    assert len(to_batch(message("snapshot", time=9, bids=[], asks=[]), ES).records) == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"bids": [[10, 1], [10, 1]]}, "bids"),
        ({"bids": [[10, 1], [10.25, 1]]}, "bids"),
        ({"asks": [[10, 1], [9.75, 1]]}, "asks"),
    ],
)
def test_an_unsorted_snapshot_is_refused(fields: dict[str, Any], field: str) -> None:
    error = refusal("snapshot", time=1, **{"bids": [], "asks": [], **fields})
    assert (error.code, error.field, error.index) == (ErrorCode.OUT_OF_RANGE, field, 1)


BAR = {"time": 60, "open": 2, "high": 4, "low": 1, "close": 3, "volume": 10, "delta": -2}


def test_bars() -> None:
    values = bar_values(message("bar_update", seq=1, **BAR))
    assert values == {**BAR, "series": {"type": "minute", "value": 1}}


@pytest.mark.parametrize("change", [{"open": 5}, {"close": 0}, {"volume": -1}, {"low": 5}])
def test_impossible_bars_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(MalformedError):
        bar_values(message("bar_update", seq=1, **{**BAR, **change}))


def test_an_empty_batch_of_each_kind() -> None:
    for kind in ("l2_update", "l3_update", "trade_update", "quote_update"):
        assert len(to_batch(message(kind, updates=[]), ES).records) == 0


def test_too_many_rows_are_refused() -> None:
    error = refusal("trade_update", updates={
        "time": [1] * 65_537, "price": [1] * 65_537, "volume": [1] * 65_537})  # fmt: skip
    assert error.code == ErrorCode.BAD_COUNT


def test_a_historical_list_carries_places_and_its_end() -> None:
    updates = [{"time": 1, "price": 10, "volume": 2, "aggressor": "buy"}] * 5
    batch = to_batch(
        message("trade_update", updates=updates, historical=True, first=8, last=True), ES
    )
    assert batch.records["ref"].tolist() == [8, 9, 10, 11, 12]
    batch.times[3:] += 5 * SECOND
    frames = list(batch.frames(40))
    assert [(f.seq, f.flags) for f in frames] == [(40, 4), (43, 6)]
    more = to_batch(message("trade_update", updates=updates, historical=True), ES)
    assert [f.flags for f in more.frames(1)] == [4]


def test_only_a_historical_list_has_places() -> None:
    updates = [{"time": 1, "price": 10, "volume": 2}]
    for field, value in (("last", True), ("first", 2)):
        error = refusal("trade_update", updates=updates, **{field: value})
        assert (error.code, error.field) == (ErrorCode.BAD_FLAGS, field)
    error = refusal("trade_update", updates=[], historical=True)
    assert error.code == ErrorCode.BAD_COUNT
