"""``PROTOCOL.md`` from the definitions: ``python -m wire.protocol_doc > PROTOCOL.md``.

The tables come from the code that speaks the protocol; only the sentences between them are here.
"""

import inspect
import re
import struct
import sys
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec
from msgspec import Struct

from market.enums import (
    Aggressor,
    DepthOp,
    FrameFlag,
    FrameType,
    Kind,
    OrderOp,
    QuoteOp,
    Side,
    TradeSource,
)
from market.record import HEADER, MAX_RECORDS, RECORD
from wire import batches, messages
from wire.codes import CloseCode, ErrorCode, ResyncReason
from wire.frames import LIMIT
from wire.json_kernels import MAX_DEPTH
from wire.kernels import MAX_MAGNITUDE
from wire.messages import CLIENT_MESSAGES, SERVER_MESSAGES, Message
from wire.publishers import ABSENCE_NS, SILENCE_NS
from wire.session import TRANSITIONS, AckPolicy, Event, State
from wire.updates import NEEDED

__all__ = ["render"]

_TYPES: Final = {"H": "u16", "B": "u8", "Q": "u64", "q": "i64", "I": "u32"}
_HEADER: Final = (
    ("magic", "0x4244, the bytes `DB`"),
    ("version", "1"),
    ("type", "frame type"),
    ("flags", "bits, see below; an unknown bit is malformed"),
    ("stream", "index given by `welcome`"),
    ("count", f"records, 0 to {MAX_RECORDS}"),
    ("seq", "number of the first record; each record has the next one"),
    ("base", "time of origin, ns since the Unix epoch UTC"),
    ("sent", "the sender's clock at sending, ns UTC"),
    ("crc32", "CRC-32 (zlib) of the payload as sent"),
    ("reserved", "0, or the CRC-32 of the 36 bytes before it: anything else is malformed"),
)
_RECORD: Final = {
    "dt": "ns after `base`; a record before it, or 4.29 s after it, starts a new frame",
    "kind": "kind of record",
    "side": "0 ask, 1 bid; of a trade the aggressor",
    "op": "depends on kind",
    "position": "row from 0; of an order bit 0 = last record of an exchange event",
    "price": f"ticks, -{MAX_MAGNITUDE} to {MAX_MAGNITUDE}",
    "size": f"size steps, 0 to {MAX_MAGNITUDE}",
    "ref": "order id; for depth maker index + 1; of a historical trade its place from 1; 0 none",
}
_ENUMS: Final[tuple[tuple[str, type[IntEnum]], ...]] = (
    ("Frame type", FrameType),
    ("Kind", Kind),
    ("Side", Side),
    ("Aggressor (`side` of a trade)", Aggressor),
    ("`op` of depth", DepthOp),
    ("`op` of a quote", QuoteOp),
    ("`op` of an order", OrderOp),
    ("`op` of a trade: how its aggressor is known", TradeSource),
)
_INTRO: Final = f"""# Wire protocol, version 1

Generated from `market/` and `wire/` by `python -m wire.protocol_doc > PROTOCOL.md`; a test keeps it
fresh. `tests/contract/` holds golden frames for other implementations.

WebSocket `/ws`, subprotocol `depthbridge.v1`, no per-message deflate. Text messages are JSON,
binary messages are one frame each. Numbers are little-endian. Times are ns UTC. The limit of a
message is {LIMIT} bytes, as sent and decoded.
"""
_ABSENCE: Final = ABSENCE_NS // 10**9
_SILENCE: Final = SILENCE_NS // 10**9
_DELAY: Final = AckPolicy.DELAY_NS // 10**6
_RULES: Final = f"""## Sequence, gaps, snapshots

The publisher numbers every record (depth, quote, trade, order, bar) where it is born: one sequence
per stream, from 1, under one session UUID. The server judges record by record:

- as expected: applied. Lower: a duplicate, dropped and counted. Higher: the phase is `stale` and
  the server asks with `resync`; the publisher resends from there, or sends a snapshot.
- A **snapshot** takes no numbers; its `seq` is the next increment's. Its frames are kept until the
  one flagged as last, and dropped when the connection ends first. Lower than expected: ignored.
  Count 0 is an empty book. Increments from 1 on an empty book need no snapshot. In `playback` and
  `replay` one of more than 5 s before the clock sets it back; without it, an event there empties
  the book and is answered with `resync` `reset`. Of depth it may have several records of one price
  of a side, each under another `ref`: they are market makers' shares of its size, and all of them
  together are the level. Twice a price under one `ref`, or 0, is refused (`out_of_range`).
- After a **book fault** or a failed `check` only a snapshot heals; increments until then are
  journaled, not applied, and acknowledged. That range is never sent again. Where a snapshot itself
  brings the fault out (the rows before it are judged when time moves to it) nothing is asked for:
  the fault is counted, and a connection hears `error` `book_fault` without `seq`.
- `check`: CRC-32 (zlib) over ASCII `ticks:size` of the best ten asks, then the best ten bids,
  joined by `|`; valid right after the frame that ends at its `seq`, else ignored.
- Bars go forward in time within their series. Where a chart tells them again (another session,
  after a rewind, in `playback` and `replay`) an earlier one begins the series anew.
- **Back-fill**: when trades were lost, `complete` is false until the next session, or until the
  publisher tells all trades of the session so far again: events frames flagged `HISTORICAL`,
  numbered as any other, only trades, `ref` the place in the list from 1 without a hole, the final
  frame flagged `LAST` too. Only profile, CVD and VWAP hear of them; live records may come between.
  A gap, the session's end, or a snapshot awaited within the list makes it void: begin again at
  place 1.
- Reconnect: `hello` with the same session; `welcome.resume_from` says where to go on. Another
  session starts at 1 with a snapshot. One that was here before, and has another one behind it or
  meets a server that could not go on with its book, goes on behind its highest number in the
  journal, and is asked for a snapshot (`resync` `restart`): nothing is taken twice.
- One publisher per instrument and source: another session is refused with `instrument_busy` until
  `bye`, {_ABSENCE} s of absence, or `takeover`. {_SILENCE} s of silence make the book `stale`.
  A session that took over says `takeover` again until an `ack` has a `durable_seq` above 0 or null
  (a server that stops before knows only the session before it), but not after 4409. `bye` and
  a new `hello` of the same session let one of several instruments go at once.
- `ack` is cumulative: after {AckPolicy.FRAMES} frames or {_DELAY} ms, at once for a
  frame flagged `REPLY_NOW`: a publisher asks so in time before its ring is full.
- **Orders** (L3): the first record that makes a book decides whether it is of depth (`book` `L2`)
  or of orders (`L3`); the other kind is counted then, not applied. A connection says `useL3`
  before it sends orders, else they are refused whole (`bad_kind`, with index); a post to
  `/l3_update` needs no flag, and takes quotes and trades among the orders as `/l2_update` does
  among depth. A snapshot of such a book has its orders as adds (frames), or as `orders` (JSON),
  those of one price in the order of their queue. An order that does not stand, a double add, or
  more taken off than there is: counted, never refused (docs/analytics.md). The answer of a post
  has `order_faults`: `count`, and of the `last` 16 `index`, `seq` and `fault`; a connection hears
  `error` with code `order_fault`, without `seq`, once a second at most.
- A **signal** is told once, when it fires. Whoever subscribes, or comes back, gets those that have
  not expired, of a stale book once it is right again. The answer to a post has the signals that it
  led to, or with `since_signal` (or the header `X-Depthbridge-Since-Signal`) the later ones of the
  last 64; an id that was not given yet is one of an earlier run, and then all are later. Ids of
  signals and of clusters begin at 1 with every run.
- By **HTTP** go frames (snapshots and back-fill too), `bar_update`, `order`, `fill`, `position`; a
  frame without records asks for the `ack`. There is no `check`: read `/api/v1/…/book`, and compare
  it if its `seq` is the last number sent. `makers`, and `time` and `paused` of `heartbeat`, wait
  for the WebSocket; `bye` is replaced by {_ABSENCE} s of absence.

A malformed frame or message is refused whole: nothing of it is applied and the sequence stays.
"""
_JSON: Final = f"""## JSON messages

`type` says which. Unknown fields are ignored and counted. Refused are: a wrong type, NaN, an
integer beyond 64 bits, a repeated key, nesting deeper than {MAX_DEPTH}, a price or volume off the
instrument's grid. A time is integer ns UTC or ISO 8601 with a zone; prices and volumes are in the
instrument's units. Batches are lists of objects or one object of columns.
"""


def render() -> str:
    """The whole document."""
    parts = [_INTRO, _frame(), _enums(), _flags(), _RULES, _transitions(), _JSON]
    parts.append("### From the client\n")
    parts += [_message(kind) for kind in CLIENT_MESSAGES]
    parts.append("### From the server\n")
    parts += [_message(kind) for kind in SERVER_MESSAGES]
    parts.append("### Parts of messages\n")
    parts += [_struct(kind, kind.__name__) for kind in _parts()]
    parts += [_actions(), _errors(), _reasons(), _closes()]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines.extend(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows
    )
    return "\n".join(lines) + "\n"


def _frame() -> str:
    rows, offset = [], 0
    for letter, (name, meaning) in zip(HEADER.format[1:], _HEADER, strict=True):
        rows.append((offset, _TYPES[letter], f"`{name}`", meaning))
        offset += struct.calcsize("<" + letter)
    head = _table(("offset", "type", "field", "meaning"), rows)
    assert RECORD.fields is not None
    records = [
        (RECORD.fields[name][1], _numpy_type(name), f"`{name}`", _RECORD[name])
        for name in RECORD.names or ()
    ]
    body = _table(("offset", "type", "field", "meaning"), records)
    title = f"## Frame: {HEADER.size}-byte header, then {RECORD.itemsize}-byte records"
    return f"{title}\n\n{head}\n{body}"


def _numpy_type(name: str) -> str:
    kind = RECORD[name]
    return f"{kind.kind}{8 * kind.itemsize}"


def _enums() -> str:
    rows = []
    for title, kind in _ENUMS:
        values = ", ".join(f"{int(member)} {member.name.lower()}" for member in kind)
        rows.append((title, values))
    text = (
        "By price, size 0 removes. `session_volume`: side 0, price 0, size = the running volume.\n"
        "`modify` gives the new total, `cancel` and `fill` the amount taken off; a `replace` is\n"
        "two records, the old id, then the new one as add.\n"
    )
    return _table(("field", "values"), rows) + "\n" + text


def _flags() -> str:
    meanings = {
        FrameFlag.DEFLATED: "payload is raw deflate (RFC 1951) of exactly `count` records",
        FrameFlag.LAST: "last frame of a snapshot, or of a back-fill",
        FrameFlag.HISTORICAL: "trades of the present session told again (below)",
        FrameFlag.REPLY_NOW: "acknowledge at once, with metrics",
    }
    return _table(
        ("flag", "name", "meaning"),
        ((int(flag), flag.name, meaning) for flag, meaning in meanings.items()),
    )


def _transitions() -> str:
    rows = [
        [f"`{state}`", *(TRANSITIONS[state, event].value for event in Event)] for state in State
    ]
    table = _table(("state", *(f"`{event}`" for event in Event)), rows)
    return f"State of a stream at the server, by what happens:\n\n{table}"


def _message(kind: type[Message]) -> str:
    return _struct(kind, f"`{kind.__struct_config__.tag}`")


def _parts() -> list[type[Struct]]:
    found = [messages.ProtocolRange, messages.DeclaredInstrument, batches.Series]
    return [
        *found,
        *(
            value
            for name, value in vars(batches).items()
            if name.endswith(("Entry", "Columns")) and name in batches.__all__
        ),
    ]


def _struct(kind: type[Struct], title: str) -> str:
    documentation = inspect.getdoc(kind) or ""
    meanings = _meanings(kind)
    rows = [
        (
            f"`{field.encode_name}`",
            _type_name(field.type),
            "" if field.required else "no",
            meanings.get(field.name, ""),
        )
        for field in _fields(kind)
    ]
    summary = documentation.split("\n\n", maxsplit=1)[0]
    table = _table(("field", "type", "required", "meaning"), rows) if rows else ""
    return f"#### {title}\n\n{summary}\n\n{table}"


def _fields(kind: type[Struct]) -> Sequence[Any]:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    return described.fields


def _meanings(kind: type[Struct]) -> dict[str, str]:
    """Field descriptions from the Attributes sections of the class and its bases."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        section = (inspect.cleandoc(base.__doc__ or "")).partition("Attributes:\n")[2]
        for name, text in re.findall(r"^    (\w+): (.*(?:\n        .*)*)", section, re.MULTILINE):
            found[name] = " ".join(text.split()).replace("``", "`").removesuffix(".")
    return found


def _type_name(kind: msgspec.inspect.Type) -> str:
    inspected = msgspec.inspect
    if isinstance(kind, inspected.UnionType):
        return " or ".join(_type_name(part) for part in kind.types)
    if isinstance(kind, inspected.LiteralType):
        return ", ".join(f"`{value}`" for value in kind.values)
    if isinstance(kind, inspected.StructType):
        return kind.cls.__name__
    if isinstance(kind, inspected.VarTupleType):
        return f"list of {_type_name(kind.item_type)}"
    if isinstance(kind, inspected.TupleType):
        return "[" + ", ".join(_type_name(part) for part in kind.item_types) + "]"
    if isinstance(kind, inspected.DictType):
        return f"{{{_type_name(kind.key_type)}: {_type_name(kind.value_type)}}}"
    if isinstance(kind, inspected.IntType):
        return "integer" if kind.ge is None else f"integer {kind.ge} to {kind.le or '2⁶⁴ - 1'}"
    names = {"FloatType": "number", "StrType": "string", "BoolType": "boolean",
             "NoneType": "null", "AnyType": "any"}  # fmt: skip
    return names[type(kind).__name__]


def _actions() -> str:
    rows = (
        (f"`{action}`", ", ".join(f"`{field}`" for field in needed) or "nothing")
        for action, needed in NEEDED.items()
    )
    return "#### What an order event needs, by its `action`\n\n" + _table(("action", "needs"), rows)


def _errors() -> str:
    rows = ((f"`{code}`", code.status, code.meaning) for code in ErrorCode)
    return "## Error codes\n\n" + _table(("code", "HTTP", "meaning"), rows)


def _reasons() -> str:
    rows = ((f"`{reason}`", reason.meaning) for reason in ResyncReason)
    return "## Reasons of `resync`\n\n" + _table(("reason", "meaning: what to send"), rows)


def _closes() -> str:
    rows = ((int(code), code.meaning) for code in CloseCode)
    return "## Close codes\n\n" + _table(("code", "meaning"), rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(render().encode())
