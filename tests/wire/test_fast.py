import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import MalformedError
from market.instrument import Instrument
from market.ticks import Grid
from wire.batches import L2Update
from wire.fast import split_plain_l2
from wire.json_kernels import parse_l2_rows
from wire.messages import MessageDecoder
from wire.updates import l2_update

GRIDS = [("0.25", "1"), ("0.01", "0.001"), ("0.03125", "1"), ("5", "0.1"), ("0.00005", "1"),
         ("0.0000005", "1")]  # fmt: skip
INSTRUMENTS = [Instrument("X", "X", Grid(t), Grid(s), 1.0, "always") for t, s in GRIDS]

numbers = st.one_of(
    st.integers(-50, 10**6),
    st.integers(-(2**62), 2**62),
    st.floats(-1e7, 1e7, allow_nan=False),
    st.integers(0, 40_000_000).map(lambda n: n / 4),
    st.integers(0, 10**9).map(lambda n: n / 100_000),
    st.integers(-(10**7), 10**9).map(lambda n: n / 32),
)
times = st.one_of(
    st.integers(0, 2**64), st.integers(10**18, 2 * 10**18), st.just("2026-11-19T10:00:00Z")
)


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "time": draw(times),
        "side": draw(st.sampled_from(["bid", "ask", "bid", "ask", "Bid"])),
        "operation": draw(st.sampled_from(["add", "update", "remove", "update", "x"])),
    }
    if draw(st.booleans()):
        entry["position"] = draw(st.integers(0, 12) | st.integers(-1, 300) | st.none())
    entry["price"] = draw(numbers)
    entry["volume"] = draw(numbers)
    if draw(st.booleans()):
        entry["market_maker"] = draw(st.sampled_from(["", "", "A", None, "]"]))
    return entry


@st.composite
def plain_entries(draw: st.DrawFn) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "time": draw(st.integers(0, 2**62 - 1)),
        "side": draw(st.sampled_from(["bid", "ask"])),
        "operation": draw(st.sampled_from(["add", "update", "remove"])),
    }
    if draw(st.booleans()):
        entry["position"] = draw(st.integers(0, 255))
    entry["price"] = draw(st.integers(-40_000_000, 40_000_000)) / 4
    entry["volume"] = draw(st.integers(0, 10**9))
    return entry


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    plain = draw(st.booleans())
    rows = draw(st.lists(plain_entries() if plain else entries(), max_size=4))
    before = draw(st.sampled_from([{}, {"seq": 5}, {"stream": 0, "seq": 7}, {"x": "updates"}]))
    after = draw(st.sampled_from([{}, {}, {"tick_size": 0.25}, {"updates": []}, {"y": [1]}]))
    head = {"type": "l2_update", **before}
    text = json.dumps({**head, "updates": rows}, separators=(",", ":"))
    if after:
        text = text[:-1] + "," + json.dumps(after, separators=(",", ":"))[1:]
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(text) - 1))
        text = text[:place] + draw(st.sampled_from(' 0"]}e-.')) + text[place + 1 :]
    return text.encode()


def general(text: bytes, instrument: Instrument) -> object:
    decoder = MessageDecoder()
    try:
        message = decoder.decode(text)
        assert isinstance(message, L2Update)
        batch = l2_update(message, instrument)
    except MalformedError as error:
        return error.code, error.index, error.field
    return (
        [getattr(message, name) for name in ("stream", "seq", "tick_size")],
        batch.records.tobytes(), batch.times.tolist(), batch.makers, decoder.unknown,
    )  # fmt: skip


def fast(text: bytes, instrument: Instrument) -> object:
    decoder = MessageDecoder()
    plain = split_plain_l2(text, decoder)
    if plain is None:
        return general(text, instrument)
    try:
        batch = plain.batch(instrument)
    except MalformedError as error:
        return error.code, error.index, error.field
    message = plain.message
    return (
        [getattr(message, name) for name in ("stream", "seq", "tick_size")],
        batch.records.tobytes(), batch.times.tolist(), batch.makers, decoder.unknown,
    )  # fmt: skip


@settings(max_examples=1500)
@given(texts(), st.sampled_from(INSTRUMENTS))
def test_both_ways_give_the_same_result(text: bytes, instrument: Instrument) -> None:
    assert fast(text, instrument) == general(text, instrument)


@given(st.lists(plain_entries(), min_size=1, max_size=30))
def test_the_plain_form_takes_the_compiled_way(rows: list[dict[str, Any]]) -> None:
    import numpy as np

    from market.record import RECORD

    text = json.dumps(rows, separators=(",", ":")).replace(".0,", ",").encode()
    out, when = np.empty(len(rows), RECORD), np.empty(len(rows), np.int64)
    count, end = parse_l2_rows(np.frombuffer(text, np.uint8), 1, (1, 4, 1, 1), out, when)
    assert (count, end) == (len(rows), len(text))
    assert [int(price) for price in out["price"]] == [int(row["price"] * 4) for row in rows]


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_cut_texts_are_never_read_beyond_their_end(cut: int) -> None:
    row = {"time": 1, "side": "bid", "operation": "add", "position": 0, "price": 1.25, "volume": 1}
    text = json.dumps({"type": "l2_update", "updates": [row, row]}, separators=(",", ":")).encode()
    assert fast(text[:cut], INSTRUMENTS[0]) == general(text[:cut], INSTRUMENTS[0])


NUMBERS = [
    "18446744073709551617", "9223372036854775808", "9223372036854775807", "4611686018427387904",
    "4611686018427387903", "00", "01", "-0", "-1", "1e3", "1.", ".5", "0.30000000000000004",
    "1000000000000000", "1000000000000001", "1125899906842624", "281474976710656.25",
    "0.000000000000000000000000000000000025", "12345678901234567890123", "+1", "NaN", '"1"',
    "1.0000000", "99999999999999999999.5", "-281474976710656.25", "null", "1 ",
]  # fmt: skip


@pytest.mark.parametrize("field", ["time", "position", "price", "volume"])
@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("instrument", INSTRUMENTS[:3], ids=lambda one: str(one.tick.step))
def test_numbers_at_the_edges(field: str, number: str, instrument: Instrument) -> None:
    row = {"time": "1", "position": "0", "price": "1", "volume": "1"} | {field: number}
    values = ",".join(
        [f'"time":{row["time"]},"side":"bid","operation":"add","position":{row["position"]}',
         f'"price":{row["price"]},"volume":{row["volume"]}']
    )  # fmt: skip
    text = ('{"type":"l2_update","updates":[{' + values + "}]}").encode()
    assert fast(text, instrument) == general(text, instrument)
