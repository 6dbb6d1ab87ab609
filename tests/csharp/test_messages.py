"""Every message of the protocol: the server's are read whole, the bridge's are understood."""

import json
import random
from typing import Any

import pytest

from tests.csharp.build import Program
from tests.csharp.server_talk import SYMBOL, Talk
from wire.messages import (
    Ack,
    BarUpdate,
    Bye,
    Check,
    DeclaredInstrument,
    ErrorMessage,
    Fill,
    Heartbeat,
    Hello,
    Makers,
    Message,
    MessageDecoder,
    Order,
    Position,
    ProtocolRange,
    Resync,
    Series,
    Signal,
    Subscribe,
    Unsubscribe,
    Welcome,
    encode_message,
)

TIME = 1_763_560_800_123_456_700
LATEST = 2**63 - 1
SEED = 20_261_128
SESSION = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PARTS = {
    "welcome", "ack", "resync", "metrics", "clusters", "signal", "book", "error", "heartbeat",
}  # fmt: skip


def read(runner: Program, texts: list[str]) -> list[Any]:
    """What C# makes of messages: all parts, or the fault."""
    return [json.loads(answer) for answer in runner.lines("server-messages", texts)]


def part_of(found: dict[str, Any]) -> dict[str, Any]:
    """The one part of a message that is there."""
    parts = [name for name in found if name not in {"Type", "Ignored"} and found[name] is not None]
    assert parts == [found["Type"]]
    part: dict[str, Any] = found[parts[0]]
    return part


def one(runner: Program, message: Message | dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(message) if isinstance(message, dict) else encode_message(message).decode()
    (found,) = read(runner, [text])
    assert isinstance(found, dict)
    return found


def test_nothing_that_the_server_says_is_left_unread(runner: Program, talk: Talk) -> None:
    texts = [*talk.publisher, *talk.before, *talk.after]
    kinds = set()
    for text, found in zip(texts, read(runner, texts), strict=True):
        kind = json.loads(text)["type"]
        kinds.add(kind)
        assert found["Ignored"] == 0, text
        assert found["Type"].lower() == kind
        part_of(found)
    assert kinds == {"welcome", "ack", "metrics", "clusters", "signal", "book"}


def test_metrics_have_every_number_by_its_name(runner: Program, talk: Talk) -> None:
    texts = [text for text in talk.publisher if json.loads(text)["type"] == "metrics"]
    head = {"type", "instrument", "source", "seq", "time", "phase", "outlook", "since"}
    for text, found in zip(texts, map(part_of, read(runner, texts)), strict=True):
        sent = json.loads(text)
        words = {*head, "complete", "warmup", "config", "book"}
        numbers = {name for name, value in sent.items() if value is not None} - words
        assert found["Values"] == {name: sent[name] for name in numbers}
        assert found["Imbalance"] == sent["imbalance"]
        for name in head - {"type", "since"} | {"complete", "warmup", "config", "book"}:
            assert found[name.capitalize()] == sent[name], name
        assert found["Since"] == (sent["since"] or 0)
        assert not found["IsStale"]
    assert len(texts) > 3


def test_the_order_of_fields_means_nothing(runner: Program, talk: Talk) -> None:
    """Nor does what stands between them, or how a name is spelled."""
    rng = random.Random(SEED)
    texts = [*talk.publisher, *talk.before]
    shuffled = []
    for text in texts:
        fields = list(json.loads(text).items())
        fields.insert(0, ("later", {"type": "book", "seq": [{"seq": -1}]}))
        rng.shuffle(fields)
        parts = [f"{escaped(rng, name)} : {json.dumps(value)}" for name, value in fields]
        shuffled.append(f"{{{', '.join(parts)}}}")
    for plain, found in zip(read(runner, texts), read(runner, shuffled), strict=True):
        for one in (plain, found):
            if one["Metrics"] is not None:
                one["Metrics"]["Names"].sort()
        assert found == {**plain, "Ignored": plain["Ignored"] + 1}


def escaped(rng: random.Random, name: str) -> str:
    if rng.random() < 0.7:
        return f'"{name}"'
    codes = "".join(f"\\u{ord(c):04x}" for c in name)
    return f'"{codes}"'


def test_metrics_may_change_their_names_from_one_to_the_next(runner: Program) -> None:
    """What the bridge knows of the last message's names does not show in the next one."""
    rng = random.Random(SEED + 1)
    head = {"type": "metrics", "instrument": SYMBOL, "source": "live", "seq": 4, "time": TIME}
    names = [
        "a",
        "b",
        "aa",
        "ab",
        "\u00e9",
        "\u00c3\u0083",
        "\u00c3",
        "\u0080",
        "imbalance",
        "since",
    ]
    messages: list[dict[str, Any]] = [{**head, "phase": "synced", "\u00c3\u0083": 1}]
    messages += [{**head, "phase": "synced", "\u00c3": 2}]
    for _ in range(400):
        chosen = rng.sample(names, rng.choice((1, 2, 2, 3)))
        values = {name: rng.choice((None, 1, 2.5, "word", [3])) for name in chosen}
        if "since" in values:
            values["since"] = rng.choice((None, TIME))
        messages.append({**head, "phase": "synced", **values})
    texts = [json.dumps(message, ensure_ascii=rng.random() < 0.5) for message in messages]
    for message, found in zip(messages, read(runner, texts), strict=True):
        values = {name: message[name] for name in message if name in names and name != "since"}
        numbers = {name: value for name, value in values.items() if isinstance(value, int | float)}
        assert found["Metrics"]["Values"] == numbers
        assert found["Metrics"]["Imbalance"] == numbers.get("imbalance")
        assert found["Metrics"]["Since"] == (message.get("since") or 0)
        assert found["Ignored"] == sum(isinstance(value, str | list) for value in values.values())


def test_stale_metrics_have_a_phase_and_no_numbers(runner: Program) -> None:
    head = {"type": "metrics", "instrument": SYMBOL, "source": "live", "seq": 4, "time": TIME}
    found = part_of(one(runner, {**head, "phase": "stale"}))
    assert found["IsStale"]
    assert found["Values"] == {}
    assert found["Imbalance"] is None
    later = one(runner, {**head, "phase": "synced", "brand_new": 1.5, "outlook": None, "x": "y"})
    assert later["Ignored"] == 1
    assert later["Metrics"]["Values"] == {"brand_new": 1.5}


def test_books_have_their_rows(runner: Program, talk: Talk) -> None:
    texts = [text for text in talk.publisher if json.loads(text)["type"] == "book"]
    for text, found in zip(texts, map(part_of, read(runner, texts)), strict=True):
        sent = json.loads(text)
        for side, name in (("bids", "Bid"), ("asks", "Ask")):
            rows = list(zip(found[f"{name}Prices"], found[f"{name}Volumes"], strict=True))
            assert rows == [tuple(row) for row in sent[side]]
            assert len(rows) == 10
        assert (found["Seq"], found["Time"]) == (sent["seq"], sent["time"])


def test_control_messages(runner: Program) -> None:
    cases: list[tuple[Message, dict[str, Any]]] = [
        (
            Welcome(protocol=1, server="0.2.0", streams={"ES 12-26": 0, "ß": 255},
                    resume_from={0: 1, 255: LATEST}, max_batch=200, heartbeat_s=2.5, config="ab"),
            {"Protocol": 1, "Server": "0.2.0", "Streams": {"ES 12-26": 0, "ß": 255},
             "ResumeFrom": {"0": 1, "255": LATEST}, "MaxBatch": 200, "HeartbeatSeconds": 2.5,
             "Config": "ab"},
        ),
        (Ack(stream=3, seq=LATEST, durable_seq=None),
         {"Stream": 3, "Seq": LATEST, "DurableSeq": None}),
        (Ack(stream=0, seq=9, durable_seq=7), {"Stream": 0, "Seq": 9, "DurableSeq": 7}),
        (Resync(stream=1, from_=77, reason="gap"), {"Stream": 1, "From": 77, "Reason": "gap"}),
        (ErrorMessage(code="bad_crc", message="no", stream=0, seq=5, index=3, field="crc32",
                      fatal=True, facts={"known": [1]}),
         {"Code": "bad_crc", "Message": "no", "Stream": 0, "Seq": 5, "Index": 3, "Field": "crc32",
          "Fatal": True}),
        (ErrorMessage(code="settings", message=""),
         {"Code": "settings", "Message": "", "Stream": None, "Seq": None, "Index": None,
          "Field": None, "Fatal": False}),
        (Heartbeat(last={0: 500}, time=TIME, paused=True), {"Last": {"0": 500}}),
        (Heartbeat(), {"Last": {}}),
        (Signal(id="s1", instrument=SYMBOL, source="live", seq=8, time=TIME, kind="absorption",
                side="bid", strength=-0.5, confidence=0.6, price=6812.25, reason="why", cluster=4,
                expires=TIME + 1),
         {"Id": "s1", "Instrument": SYMBOL, "Source": "live", "Seq": 8, "Time": TIME,
          "Kind": "absorption", "Side": "bid", "Strength": -0.5, "Confidence": 0.6,
          "Price": 6812.25, "Reason": "why", "Cluster": 4, "Expires": TIME + 1,
          "Config": "", "Book": "L2"}),
        (Signal(id=2**60 + 1, instrument=SYMBOL, source="demo", seq=0, time=0, kind="k",
                side="ask", strength=1, config="ab", book="L3"),
         {"Id": str(2**60 + 1), "Instrument": SYMBOL, "Source": "demo", "Seq": 0, "Time": 0,
          "Kind": "k", "Side": "ask", "Strength": 1, "Confidence": None, "Price": None,
          "Reason": "", "Cluster": None, "Expires": None, "Config": "ab", "Book": "L3"}),
    ]  # fmt: skip
    for message, expected in cases:
        found = one(runner, message)
        assert found["Ignored"] == 0, message
        assert part_of(found) == expected


def test_what_a_newer_server_says_is_ignored_and_counted(runner: Program) -> None:
    assert one(runner, {"type": "horoscope", "a": 1}) == {
        "Type": "Unknown", "Ignored": 1, **dict.fromkeys(map(str.capitalize, PARTS)),
    }  # fmt: skip
    found = one(runner, {"type": "ack", "stream": 0, "seq": 1, "more": 1, "later": {"a": []}})
    assert (found["Ignored"], found["Ack"]["Seq"]) == (2, 1)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("[]", "bad_type", None),
        ('"ack"', "bad_type", None),
        ("{}", "missing_field", "type"),
        ('{"type":1}', "bad_type", "type"),
        ('{"type":"ack","stream":0}', "missing_field", "seq"),
        ('{"type":"ack","stream":0,"seq":null}', "bad_type", "seq"),
        ('{"type":"ack","stream":0,"seq":"1"}', "bad_type", "seq"),
        ('{"type":"ack","stream":0,"seq":1.0}', "bad_type", "seq"),
        ('{"type":"ack","stream":0,"seq":true}', "bad_type", "seq"),
        ('{"type":"ack","stream":256,"seq":1}', "out_of_range", "stream"),
        ('{"type":"ack","stream":-1,"seq":1}', "out_of_range", "stream"),
        ('{"type":"ack","stream":0,"seq":9223372036854775808}', "out_of_range", "seq"),
        ('{"type":"ack","stream":0,"seq":1,"seq":2}', "repeated_key", "seq"),
        ('{"type":"ack","stream":0,"seq":"1"', "bad_json", None),
        ('{"type":"ack","seq":"1","x":{"y":1,"y":2}}', "repeated_key", "y"),
        ('{"seq":[NaN],"type":1}', "bad_number", "seq"),
        ('{"type":"heartbeat","last":{"0":1,"x":1}}', "bad_type", "last"),
        ('{"type":"heartbeat","last":{"256":1}}', "bad_type", "last"),
        ('{"type":"heartbeat","last":{"0":-1}}', "out_of_range", "last"),
        ('{"type":"heartbeat","last":[1]}', "bad_type", "last"),
        ('{"type":"welcome","protocol":1,"server":"","max_batch":0}', "out_of_range", "max_batch"),
        ('{"type":"welcome","protocol":1,"server":"","heartbeat_s":0}', "out_of_range",
         "heartbeat_s"),
        ('{"type":"clusters","event":"new","seq":1,"clusters":[3]}', "bad_type", "clusters"),
        ('{"type":"clusters","event":"new","seq":1,"clusters":[{"id":1}]}', "missing_field",
         "kind"),
        ('{"type":"book","bids":[[1]],"asks":[],"instrument":"","source":"live","seq":1,"time":1,'
         '"phase":""}', "bad_type", "bids"),
    ],
)  # fmt: skip
def test_nonsense_is_refused(text: str, code: str, field: str | None, runner: Program) -> None:
    assert read(runner, [text]) == [{"code": code, "index": None, "field": field}]


def test_the_server_understands_every_message_of_the_bridge(runner: Program) -> None:
    texts = runner.run("client-messages").splitlines()
    last = {0: 500, 3: LATEST}
    bar: dict[str, Any] = {
        "time": TIME, "open": 4500.25, "high": 4501.75, "low": 4499.0, "close": 4500.5,
        "volume": 1234.0, "series": Series(type="minute", value=5),
    }  # fmt: skip
    values = {"state": "Working", "price": 4500.25, "quantity": 2}
    expected: list[Message] = [
        Hello(
            protocol=ProtocolRange(1, 1),
            session=SESSION.upper(),
            client="NinjaTrader-bridge/0.2.0",
            source="playback",
            instruments=(
                DeclaredInstrument(symbol=SYMBOL, tick_size=0.25, size_step=1, point_value=50,
                                   depth_levels=10),
                DeclaredInstrument(symbol="6E 12-26", tick_size=0.00005, size_step=1,
                                   depth_levels=5),
            ),
            flags={"useL3": True, "HistoricalOnly": False, "DebugMode": True},
            settings={
                "clusters": {"ClusterIncrement": 2, "OrderBookVolumeThreshold": 12.5},
                "profile": {"preset": "nt68"},
            },
            subscribe=("clusters", "metrics"),
            takeover=True,
        ),
        Hello(
            protocol=ProtocolRange(1, 1),
            session=SESSION,
            flags={"useL3": False, "HistoricalOnly": False, "DebugMode": False},
        ),
        Makers(stream=3, names=("ARCA", 'İ"\\\x07😀')),
        Check(stream=0, seq=500, crc32=2**32 - 1),
        Heartbeat(last=last, time=TIME, paused=True),
        Heartbeat(),
        Bye(last=last, time=TIME),
        BarUpdate(stream=1, seq=77, **bar),
        BarUpdate(instrument=SYMBOL, seq=78, delta=-12.5, **bar),
        Subscribe(topics=("clusters", "signals"), instruments=(SYMBOL,), source="playback",
                  max_rate_hz=2.5),
        Unsubscribe(topics=("clusters",)),
        Order(instrument=SYMBOL, source="playback", time=TIME, values=values),
        Fill(instrument=SYMBOL, source="live", time=TIME, values=values),
        Position(instrument=SYMBOL, source="demo", time=TIME, values=values),
    ]  # fmt: skip
    decoder = MessageDecoder()
    assert [decoder.decode(text) for text in texts] == expected
    assert decoder.unknown == 0
    assert all(text.isascii() for text in texts)
