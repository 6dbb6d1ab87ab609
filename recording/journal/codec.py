"""An entry to its journal payload, and back.

Frames keep the wire's own bytes. Control entries are canonical JSON (sorted keys, no spaces), so
equal entries have equal bytes; a clock is a plain i64, outputs and checkpoints are binary.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from market.enums import Source
from market.errors import DataError
from market.instrument import Instrument
from market.ticks import Grid
from recording.entries import (
    BarEntry,
    CheckpointEntry,
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    MakersEntry,
    MessageEntry,
    OutputEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal.layout import EntryType
from wire.frames import decode_frame, encode_frame

__all__ = ["canonical", "decode_entry", "encode_entry"]

_CLOCK: Final = struct.Struct("<q")
_OUTPUT: Final = struct.Struct("<IQ32s")
_CHECKPOINT: Final = struct.Struct("<16s10s")


def canonical(value: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys and no spaces: equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def encode_entry(entry: Entry) -> tuple[EntryType, bytes]:
    """The entry's type and payload. A frame's ``index`` is not kept: it belongs to its file."""
    match entry:
        case FrameEntry(frame):
            return EntryType.FRAME, encode_frame(frame)
        case ClockEntry(time):
            return EntryType.CLOCK, _CLOCK.pack(time)
        case InstrumentEntry():
            return EntryType.INSTRUMENT, canonical(_instrument_fields(entry))
        case SessionEntry(session, client, seq, flags):
            fields = {"client": client, "flags": dict(flags), "seq": seq, "session": session}
            return EntryType.SESSION, canonical(fields)
        case SettingsEntry(settings, config):
            return EntryType.SETTINGS, canonical({"config": config, "settings": dict(settings)})
        case PhaseEntry(phase, reason):
            return EntryType.PHASE, canonical({"phase": phase, "reason": reason})
        case BarEntry(seq, values):
            return EntryType.BAR, canonical({"seq": seq, "values": dict(values)})
        case GapEntry(reason, first, last):
            return EntryType.GAP, canonical({"first": first, "last": last, "reason": reason})
        case HoldEntry(held):
            return EntryType.HOLD, canonical({"held": held})
        case MakersEntry(names):
            return EntryType.MAKERS, canonical({"names": list(names)})
        case MessageEntry(kind, time, values):
            return EntryType.MESSAGE, canonical({"kind": kind, "time": time, "values": values})
        case OutputEntry(segment, count, digest, row):
            return EntryType.OUTPUT, _OUTPUT.pack(segment, count, digest) + row
        case CheckpointEntry(layout, trade_date, packed):
            return EntryType.CHECKPOINT, _CHECKPOINT.pack(layout, trade_date.encode()) + packed


def decode_entry(kind: int, payload: bytes) -> Entry:
    """The entry that these bytes hold.

    Raises:
        DataError: the type is unknown or the payload is not what its type promises.
    """
    if kind == EntryType.FRAME:
        return FrameEntry(decode_frame(payload, limit=len(payload) + _INFLATED, kept=True))
    if kind == EntryType.CLOCK:
        if len(payload) != _CLOCK.size:
            raise DataError(f"a clock entry has 8 bytes, not {len(payload)}", code="journal_entry")
        return ClockEntry(_CLOCK.unpack(payload)[0])
    if kind == EntryType.OUTPUT:
        (segment, count, digest), rest = _head(_OUTPUT, payload)
        return OutputEntry(segment, count, digest, rest)
    if kind == EntryType.CHECKPOINT:
        (layout, trade_date), rest = _head(_CHECKPOINT, payload)
        return CheckpointEntry(layout, trade_date.decode("ascii", "replace"), rest)
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise DataError(f"entry type {kind} is unknown", code="journal_entry")
    try:
        return decoder(orjson.loads(payload))
    except (KeyError, TypeError, ValueError) as cause:
        raise DataError(
            f"a {EntryType(kind).name.lower()} entry does not hold what it should: {cause!r}",
            code="journal_entry",
        ) from cause


def _head(layout: struct.Struct, payload: bytes) -> tuple[tuple[Any, ...], bytes]:
    if len(payload) < layout.size:
        raise DataError(
            f"an entry of {len(payload)} bytes is too short for its type", code="journal_entry"
        )
    return layout.unpack_from(payload), payload[layout.size :]


_INFLATED: Final = 1 << 20
"""Room for what a deflated frame of at most 1 MiB decodes to; the wire's limit."""


def _instrument_fields(entry: InstrumentEntry) -> dict[str, Any]:
    instrument = entry.instrument
    return {
        "aliases": list(instrument.aliases),
        "depth_levels": instrument.depth_levels,
        "point_value": instrument.point_value,
        "root": instrument.root,
        "session": instrument.session,
        "size_step": instrument.size.step,
        "source": entry.source.value,
        "stream": entry.stream,
        "symbol": instrument.symbol,
        "tick_size": instrument.tick.step,
    }


def _instrument(fields: dict[str, Any]) -> Entry:
    instrument = Instrument(
        symbol=fields["symbol"],
        root=fields["root"],
        tick=Grid(fields["tick_size"]),
        size=Grid(fields["size_step"]),
        point_value=fields["point_value"],
        session=fields["session"],
        depth_levels=fields["depth_levels"],
        aliases=tuple(fields["aliases"]),
    )
    return InstrumentEntry(instrument, Source(fields["source"]), fields["stream"])


_DECODERS: Final[dict[int, Callable[[dict[str, Any]], Entry]]] = {
    EntryType.INSTRUMENT: _instrument,
    EntryType.SESSION: lambda f: SessionEntry(f["session"], f["client"], f["seq"], f["flags"]),
    EntryType.SETTINGS: lambda f: SettingsEntry(f["settings"], f["config"]),
    EntryType.PHASE: lambda f: PhaseEntry(f["phase"], f["reason"]),
    EntryType.BAR: lambda f: BarEntry(f["seq"], f["values"]),
    EntryType.GAP: lambda f: GapEntry(f["reason"], f["first"], f["last"]),
    EntryType.HOLD: lambda f: HoldEntry(bool(f["held"])),
    EntryType.MESSAGE: lambda f: MessageEntry(f["kind"], f["time"], f["values"]),
    EntryType.MAKERS: lambda f: MakersEntry(tuple(f["names"])),
}
