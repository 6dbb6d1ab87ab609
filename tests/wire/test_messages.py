import json
from typing import Any

import msgspec
import pytest

from market.errors import MalformedError
from wire.codes import ErrorCode
from wire.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    Ack,
    Heartbeat,
    Hello,
    MessageDecoder,
    Metrics,
    Resync,
    decode_message,
    encode_message,
)

RUN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ROW = {"time": 1, "side": "bid", "operation": "add", "position": 0, "price": 1.5, "volume": 2}
EXAMPLES: list[dict[str, Any]] = [
    {"type": "hello", "protocol": {"min": 1, "max": 1}, "session": RUN,
     "instruments": [{"symbol": "ES 12-26", "tick_size": 0.25}], "subscribe": ["clusters"]},
    {"type": "makers", "stream": 0, "names": ["A", "B"]},
    {"type": "l2_update", "stream": 0, "seq": 1, "updates": [ROW]},
    {"type": "l2_update", "instrument": "ES 12-26", "updates": {
        "time": [1], "side": ["ask"], "operation": ["remove"], "price": [1.0], "volume": [0.0]}},
    {"type": "l3_update", "stream": 0, "updates": [
        {"time": 1, "action": "add", "side": "bid", "order_id": "5", "price": 1.0, "volume": 1.0}]},
    {"type": "trade_update", "stream": 0, "updates": [
        {"time": "2026-11-19T10:00:00Z", "price": 1.0, "volume": 1.0, "aggressor": "buy"}]},
    {"type": "quote_update", "stream": 0, "updates": [{"time": 1, "session_volume": 5.0}]},
    {"type": "bar_update", "stream": 0, "seq": 9, "time": 1, "open": 1.0, "high": 2.0, "low": 1.0,
     "close": 2.0, "volume": 5.0, "series": {"type": "minute", "value": 5}},
    {"type": "snapshot", "instrument": "ES 12-26", "seq": 5, "time": 1, "bids": [[1.0, 2.0]],
     "asks": []},
    {"type": "check", "stream": 1, "seq": 7, "crc32": 4294967295},
    {"type": "order", "instrument": "ES 12-26", "time": 1, "state": "Working"},
    {"type": "fill", "instrument": "ES 12-26", "time": 1, "price": 1.0},
    {"type": "position", "instrument": "ES 12-26", "time": 1, "quantity": -2},
    {"type": "subscribe", "topics": ["metrics", "book"], "max_rate_hz": 10.0},
    {"type": "unsubscribe", "topics": ["signals"]},
    {"type": "heartbeat", "last": {"0": 12}, "time": 5},
    {"type": "bye", "last": {"0": 12}},
    {"type": "welcome", "protocol": 1, "server": "0.1.0", "streams": {"ES 12-26": 0},
     "resume_from": {"0": 1}, "max_batch": 4096, "heartbeat_s": 5.0, "config": "ab"},
    {"type": "ack", "stream": 0, "seq": 5, "durable_seq": None},
    {"type": "resync", "stream": 0, "from": 5, "reason": "gap"},
    {"type": "metrics", "instrument": "ES 12-26", "source": "live", "seq": 5, "time": 1,
     "phase": "synced", "mid": 1.5, "ofi": [1, 2]},
    {"type": "clusters", "event": "new", "seq": 5, "clusters": [{"id": 1}]},
    {"type": "signal", "id": 1, "instrument": "ES 12-26", "source": "live", "seq": 5, "time": 1,
     "kind": "k", "side": "bid", "strength": 0.5},
    {"type": "book", "instrument": "ES 12-26", "source": "live", "seq": 5, "time": 1,
     "phase": "synced", "bids": [[1.0, 1.0]], "asks": []},
    {"type": "profile", "instrument": "ES 12-26", "source": "live", "seq": 5, "time": 1, "poc": 1},
    {"type": "error", "code": "gap", "message": "m", "stream": 0, "seq": 5, "fatal": False},
]  # fmt: skip


def test_every_message_has_an_example() -> None:
    named = {kind.__struct_config__.tag for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}
    assert {example["type"] for example in EXAMPLES} == named


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_messages_come_back_with_their_fields(example: dict[str, Any]) -> None:
    decoder = MessageDecoder()
    message = decoder.decode(json.dumps(example))
    assert decoder.unknown == 0
    text = encode_message(message)
    assert text.startswith(b'{"type":"' + example["type"].encode() + b'"')
    assert decode_message(text) == message
    written = json.loads(text)
    assert {key: written[key] for key in example} == example
    with pytest.raises((AttributeError, TypeError)):
        message.type = "x"  # type: ignore[attr-defined]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["type"]))
def test_unknown_fields_are_ignored_and_counted(example: dict[str, Any]) -> None:
    decoder = MessageDecoder()
    message = decoder.decode(json.dumps({**example, "new_field": {"a": [1]}, "other": None}))
    if message.open_field is None:
        assert message == decode_message(json.dumps(example))
        assert decoder.unknown == 2
    else:
        assert decoder.unknown == 0


def test_unknown_fields_of_entries_are_counted() -> None:
    decoder = MessageDecoder()
    decoder.decode(
        json.dumps({"type": "l2_update", "updates": [{**ROW, "x": 1}, ROW, {**ROW, "y": 1}]})
    )
    assert decoder.unknown == 2


@pytest.mark.parametrize(
    ("text", "code", "field", "index"),
    [
        ("{}", ErrorCode.MISSING_FIELD, "type", None),
        ('{"type":"helo"}', ErrorCode.BAD_TYPE, "type", None),
        ('{"type":7}', ErrorCode.BAD_TYPE, "type", None),
        ('{"type":"check","stream":0,"seq":1}', ErrorCode.MISSING_FIELD, "crc32", None),
        ('{"type":"check","stream":0,"seq":1.0,"crc32":1}', ErrorCode.BAD_TYPE, "seq", None),
        ('{"type":"check","stream":0,"seq":"1","crc32":1}', ErrorCode.BAD_TYPE, "seq", None),
        ('{"type":"check","stream":0,"seq":true,"crc32":1}', ErrorCode.BAD_TYPE, "seq", None),
        ('{"type":"check","stream":256,"seq":1,"crc32":1}', ErrorCode.OUT_OF_RANGE, "stream", None),
        ('{"type":"check","stream":0,"seq":-1,"crc32":1}', ErrorCode.OUT_OF_RANGE, "seq", None),
        ('{"type":"subscribe","topics":["x"]}', ErrorCode.OUT_OF_RANGE, "topics", 0),
    ],
)
def test_refused_with_code_field_and_index(
    text: str, code: ErrorCode, field: str, index: int | None
) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_message(text)
    error = caught.value
    assert (error.code, error.field, error.index) == (code, field, index)


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"price": "1.5"}, ErrorCode.BAD_TYPE, "price"),
        ({"price": None}, ErrorCode.BAD_TYPE, "price"),
        ({"side": "Bid"}, ErrorCode.OUT_OF_RANGE, "side"),
        ({"operation": "insert"}, ErrorCode.OUT_OF_RANGE, "operation"),
        ({"position": -1}, ErrorCode.OUT_OF_RANGE, "position"),
        ({"position": 256}, ErrorCode.OUT_OF_RANGE, "position"),
        ({"position": 1.0}, ErrorCode.BAD_TYPE, "position"),
        ({"time": 1.5}, ErrorCode.BAD_TYPE, "time"),
    ],
)
def test_entries_are_refused_with_their_index(
    change: dict[str, Any], code: ErrorCode, field: str
) -> None:
    with pytest.raises(MalformedError) as caught:
        decode_message(json.dumps({"type": "l2_update", "updates": [ROW, ROW, {**ROW, **change}]}))
    error = caught.value
    assert (error.code, error.field, error.index) == (code, field, 2)


def test_names_on_the_wire() -> None:
    assert encode_message(Resync(stream=1, from_=7, reason="gap")) == (
        b'{"type":"resync","stream":1,"from":7,"reason":"gap"}'
    )
    assert encode_message(Ack(stream=0, seq=3)) == (
        b'{"type":"ack","stream":0,"seq":3,"durable_seq":null}'
    )
    assert encode_message(Heartbeat(last={0: 5}, time=9)) == (
        b'{"type":"heartbeat","last":{"0":5},"time":9}'
    )
    row = Metrics(
        instrument="ES 12-26", source="live", seq=1, time=2, phase="synced", values={"mid": None}
    )
    assert encode_message(row) == (
        b'{"type":"metrics","instrument":"ES 12-26","source":"live","seq":1,"time":2,'
        b'"book":"L2","phase":"synced","mid":null}'
    )


def test_hello_has_defaults_for_a_subscriber() -> None:
    hello = decode_message(
        '{"type":"hello","protocol":{"min":1,"max":9},"session":"00000000-0000-4000-8000-000000000023"}'
    )
    assert isinstance(hello, Hello)
    assert (hello.role, hello.source, hello.takeover) == ("publisher", "live", False)


def test_messages_are_structs_with_documented_fields() -> None:
    for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES):
        assert issubclass(kind, msgspec.Struct)
        assert kind.__struct_config__.frozen
