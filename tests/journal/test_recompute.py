"""``replay --verify``: what differs from what was recorded is found, and where."""

import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import recording.entries
from depthbridge.cli import main
from market.errors import FileFormatError
from orderbook import METRICS_FIELDS
from orderbook.frozen import LAYOUT
from recording.entries import CheckpointEntry, Entry, InstrumentEntry, OutputEntry, SettingsEntry
from recording.journal import RollRules, segments_of
from recording.journal.codec import decode_entry, encode_entry
from recording.journal.layout import (
    FORMAT_VERSION,
    Chain,
    EntryType,
    Footer,
    pack_entry,
    pack_file_header,
    pack_footer,
)
from recording.journal.scan import SegmentScan
from recording.output import UNKNOWN
from recording.recompute import Recomputation
from recording.resume import Resumed, resume
from recording.stream import Stream
from tests.journal.entry_streams import CALENDAR, Recorder, entries_of, record

GOLDEN = (4, 31, 3, 3)
"""Segments, entries, checkpoints and records of the digest in the golden journal."""
Change = Callable[[int, Entry], Entry | None]
"""Place and entry to what is to stand there; None: nothing."""


def rewrite(
    path: Path, change: Change, output: bytes | None = None, previous: bytes | None = None
) -> bytes:
    """Write a segment again with other entries, all its checksums right; returns its hash."""
    with path.open("rb") as file:
        scan = SegmentScan(path, file)
        found = list(scan)
    assert scan.header is not None
    assert scan.footer is not None
    header = scan.header._replace(previous=previous or scan.header.previous)
    parts = [pack_file_header(header)]
    chain, count = Chain(header.previous, parts[0]), 0
    for place, (head, payload) in enumerate(found):
        kind, data = head.type, payload
        if kind != EntryType.MARK:
            changed = change(place, decode_entry(kind, payload))
            if changed is None:
                continue
            kind, data = encode_entry(changed)
        packed, packed_head = pack_entry(kind, data, head.flags, head.received)
        parts.append(packed)
        chain.add(packed_head)
        count += 1
    footer = Footer(count, chain.digest(), scan.footer.output if output is None else output)
    packed, _ = pack_entry(EntryType.FOOTER, pack_footer(footer, FORMAT_VERSION), 0, scan.received)
    path.write_bytes(b"".join([*parts, packed]))
    return footer.digest


def rewrite_all(folder: Path, number: int, change: Change, output: bytes | None = None) -> None:
    """Change one segment, and chain those after it anew."""
    previous = None
    for path in segments_of(folder)[number - 1 :]:
        mine = int(path.stem) == number
        kept: Change = change if mine else lambda _, entry: entry
        previous = rewrite(path, kept, output if mine else None, previous)


def made(entry: InstrumentEntry) -> Stream:
    return Stream(entry.instrument, entry.source, calendar=CALENDAR)


def recompute(folder: Path, *paths: Path) -> Recomputation:
    work = Recomputation(made)
    for _ in work.run(paths or segments_of(folder)):
        pass
    return work


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    record(tmp_path, 11, 400)
    return tmp_path


def test_a_journal_agrees_with_itself(journal: Path) -> None:
    work = recompute(journal)
    segments = len(segments_of(journal))
    assert work.difference is None
    assert (work.segments, work.unknown, work.unread) == (segments, 0, 0)
    assert (work.outputs, work.checkpoints) == (segments, segments - 1)


def test_many_journals_agree_with_themselves(tmp_path: Path) -> None:
    for seed in range(20):
        folder = tmp_path / str(seed)
        record(folder, seed, 200, 8_000)
        work = recompute(folder)
        assert work.difference is None, work.difference
        assert work.unknown == work.unread == 0


def test_the_same_entries_are_what_rewriting_leaves(journal: Path) -> None:
    rewrite_all(journal, 1, lambda _, entry: entry)
    assert recompute(journal).difference is None


@pytest.mark.parametrize("field", ["mid", "cvd", "seq"])
def test_one_bit_of_a_recorded_row_is_found(journal: Path, field: str) -> None:
    at = METRICS_FIELDS.index(field) * 8

    def change(_: int, entry: Entry) -> Entry:
        if not isinstance(entry, OutputEntry):
            return entry
        row = bytearray(entry.row)
        row[at] ^= 1
        return replace(entry, row=bytes(row))

    rewrite_all(journal, 2, change)
    found = recompute(journal).difference
    assert found is not None
    assert (found.segment, found.field) == (2, field)
    if field == "mid":
        (recorded,) = struct.unpack("<d", struct.pack("<d", float(str(found.recorded))))
        assert np.nextafter(recorded, float(str(found.computed))) == float(str(found.computed))


def test_a_wrong_digest_in_the_middle_or_in_the_footer_is_found(journal: Path) -> None:
    def change(_: int, entry: Entry) -> Entry:
        return replace(entry, digest=bytes(32)) if isinstance(entry, OutputEntry) else entry

    kept = {path: path.read_bytes() for path in segments_of(journal)}
    rewrite_all(journal, 2, change)
    found = recompute(journal).difference
    assert found is not None
    assert (found.segment, found.field, found.recorded) == (2, "digest", "00" * 32)
    for path, content in kept.items():
        path.write_bytes(content)
    rewrite_all(journal, 2, lambda _, entry: entry, bytes([1]) * 32)
    found = recompute(journal).difference
    assert found is not None
    assert (found.segment, found.entry, found.field) == (2, -1, "digest")


def test_other_settings_are_found(journal: Path) -> None:
    """As if a program had forgotten to record a change of them."""

    def change(_: int, entry: Entry) -> Entry:
        if not isinstance(entry, SettingsEntry):
            return entry
        settings = {**entry.settings, "scores": {**entry.settings["scores"], "levels": 7}}
        return replace(entry, settings=settings)

    rewrite_all(journal, 1, change)
    found = recompute(journal).difference
    assert found is not None
    assert found.segment == 1


def test_another_record_is_found(journal: Path) -> None:
    """One trade's size, with every checksum of frame and journal right."""
    changed = []

    def change(place: int, entry: Entry) -> Entry:
        from recording.entries import FrameEntry

        if isinstance(entry, FrameEntry) and not changed:
            records = entry.frame.records.copy()
            trades = np.flatnonzero(records["kind"] == 3)
            if len(trades):
                records["size"][trades[0]] += 1
                changed.append(place)
                return FrameEntry(entry.frame._replace(records=records))
        return entry

    rewrite_all(journal, 1, change)
    assert changed
    found = recompute(journal).difference
    assert found is not None
    assert found.segment == 1


def test_a_wrong_checkpoint_is_found(journal: Path) -> None:
    def change(_: int, entry: Entry) -> Entry:
        if not isinstance(entry, CheckpointEntry):
            return entry
        state = bytearray(entry.unpacked())
        state[-400] ^= 1
        return CheckpointEntry.of(bytes(state), entry.trade_date)

    rewrite_all(journal, 3, change)
    found = recompute(journal).difference
    assert found is not None
    assert (found.segment, found.field.split()[0]) == (3, "state")


def test_a_part_of_a_journal_begins_at_its_first_checkpoint(journal: Path) -> None:
    paths = segments_of(journal)
    alone = recompute(journal, paths[-1])
    assert (alone.difference, alone.segments, alone.unread) == (None, 1, 0)

    def other(_: int, entry: Entry) -> Entry:
        if isinstance(entry, CheckpointEntry):
            return CheckpointEntry(bytes(reversed(LAYOUT)), entry.trade_date, entry.packed)
        return entry

    rewrite_all(journal, 2, other)
    later = recompute(journal, *paths[1:])
    assert (later.difference, later.unread, later.segments) == (None, 1, len(paths) - 2)


def test_checkpoints_of_another_layout_do_not_matter(journal: Path) -> None:
    """A later program reads the journal from the beginning of the run instead."""

    def change(_: int, entry: Entry) -> Entry:
        if isinstance(entry, CheckpointEntry):
            return CheckpointEntry(bytes(16), entry.trade_date, b"unknown to this program")
        return entry

    previous = None
    for path in segments_of(journal):
        previous = rewrite(path, change, None, previous)
    work = recompute(journal)
    assert (work.difference, work.checkpoints) == (None, 0)
    assert work.segments == len(segments_of(journal))


def test_what_nobody_knows_is_counted(tmp_path: Path) -> None:
    """A killed process leaves no footer; a footer may say that it does not know."""
    plan, entries = entries_of(11, 400)
    recorder = Recorder(tmp_path, plan, RollRules(size=20_000))
    for entry in entries:
        recorder.take(entry)
    work = recompute(tmp_path)
    assert (work.difference, work.unknown) == (None, 1)
    rewrite(segments_of(tmp_path)[0], lambda _, entry: entry, UNKNOWN)
    work = recompute(tmp_path, segments_of(tmp_path)[0])
    assert (work.difference, work.unknown, work.segments) == (None, 1, 0)


def test_damage_is_damage(journal: Path) -> None:
    path = segments_of(journal)[1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(FileFormatError):
        recompute(journal)


# The command.


def command(*words: str, config: Path) -> int:
    return main(["replay", "--verify", "--config", str(config), *words])


def test_the_command_says_what_it_compared(
    journal: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(str(journal), config=config) == 0
    said = capsys.readouterr().out
    segments = len(segments_of(journal))
    assert f"{segments} outputs, {segments} segments" in said
    assert said.startswith("verified: ")


def test_the_command_shows_the_first_difference(
    journal: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(_: int, entry: Entry) -> Entry:
        return replace(entry, digest=bytes(32)) if isinstance(entry, OutputEntry) else entry

    rewrite_all(journal, 2, change)
    assert command(str(journal), config=config) == 1
    said = capsys.readouterr().out
    assert "segment 2" in said
    assert "digest: recorded 0000" in said


def test_only_a_journal_can_be_verified(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump = tmp_path / "dump.txt"
    dump.write_text("L2;0;20240101000000;0;0;0;0;1;1\n")
    assert command(str(dump), config=config) == 2
    error = capsys.readouterr().err
    assert "is no journal" in error
    assert error.count("\n") == 1
    assert command("nothing of the kind", config=config) == 2


# A journal that was recorded when checkpoints came in, and stays as it is.


def test_the_golden_journal_can_be_read_whatever_its_checkpoints_are_worth(root: Path) -> None:
    """A later layout makes them unusable: then the run is read from its beginning."""
    golden = root / "tests" / "journal" / "golden" / "checkpoints"
    paths = tuple(sorted(golden.glob("*.dbj")))
    entries = [entry for path in paths for _, entry in whole_entries_of(path)]
    checkpoints = [entry for entry in entries if isinstance(entry, CheckpointEntry)]
    outputs = [entry for entry in entries if isinstance(entry, OutputEntry)]
    assert (len(paths), len(entries), len(checkpoints), len(outputs)) == GOLDEN
    assert len({entry.layout for entry in checkpoints}) == 1
    whole = recompute(golden, *paths)
    assert (whole.unread, whole.unknown) == (0, 0)
    last = recompute(golden, paths[-1])
    usable = checkpoints[0].layout == LAYOUT
    assert last.unread == (0 if usable else 1)
    assert whole.checkpoints == (len(checkpoints) if usable else 0)


def test_the_golden_journal_resumes_from_its_beginning_under_another_layout(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = root / "tests" / "journal" / "golden" / "checkpoints"
    home = tmp_path / "live" / "TS_12-26"
    shutil.copytree(golden, home / "2023-11-14")
    states = []
    for usable in (True, False):
        monkeypatch.setattr(recording.entries, "LAYOUT", LAYOUT if usable else bytes(16))
        found = resume(home, made, 0)
        assert isinstance(found, Resumed)
        if not usable:
            assert not found.checkpoint
        states.append(found.stream.freeze())
    assert states[0] == states[1]


def whole_entries_of(path: Path) -> list[tuple[int, Entry]]:
    with path.open("rb") as file:
        return [
            (head.flags, decode_entry(head.type, payload))
            for head, payload in SegmentScan(path, file)
            if head.type != EntryType.MARK
        ]
