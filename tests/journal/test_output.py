"""Digests of the output, and where they and the checkpoints stand in a journal."""

import hashlib
import struct
from pathlib import Path

import pytest

from market.enums import Source
from recording.entries import CheckpointEntry, FrameEntry, InstrumentEntry, OutputEntry
from recording.journal import RollRules, read_journal, segments_of
from recording.journal.layout import CARRIED, EntryType
from recording.journal.scan import SegmentScan
from recording.journal.segment import DiskSegment
from recording.output import EVERY, UNKNOWN, OutputDigest
from recording.recompute import Recomputation
from recording.stream import Stream
from tests.journal.entry_streams import CALENDAR, Recorder, entries_of, record, stream_of, tell


def footer_output(path: Path) -> bytes:
    with path.open("rb") as file:
        scan = SegmentScan(path, file)
        scan.run()
        assert scan.footer is not None
        return scan.footer.output


def kinds_of(path: Path) -> list[tuple[int, int]]:
    with path.open("rb") as file:
        heads = [head for head, _ in SegmentScan(path, file)]
    return [(head.type, head.flags) for head in heads if head.type != EntryType.MARK]


def test_the_digest_is_the_hash_of_what_came_out() -> None:
    events = signals = 0
    for seed in range(12):
        plan, entries = entries_of(seed, 200)
        stream, digest, hashed, count = (
            stream_of(plan),
            OutputDigest(),
            hashlib.blake2b(digest_size=32),
            0,
        )
        for entry in entries:
            result = stream.apply(entry)
            digest.add(stream, result)
            row = stream.analyzer.row().tobytes()
            said = struct.pack(
                "<8sqq", stream.phase.encode(), stream.expected, stream.analyzer.clock
            )
            part = row if result.emits else said if result.publishes else b""
            part += b"".join(event.tobytes() for event in result.events)
            part += b"".join(signal.tobytes() for signal in result.signals)
            hashed.update(part)
            count += bool(part)
            events += len(result.events)
            signals += len(result.signals)
        assert (digest.value(), digest.count) == (hashed.digest(), count), seed
    assert events > 50
    assert signals > 3


def test_segments_end_with_their_digest_and_begin_with_a_checkpoint(tmp_path: Path) -> None:
    record(tmp_path, 11, 400)
    paths = segments_of(tmp_path)
    assert len(paths) > 2
    for place, path in enumerate(paths):
        kinds = kinds_of(path)
        assert footer_output(path) != UNKNOWN
        assert kinds[-1][0] == EntryType.OUTPUT
        checkpoints = [at for at, (kind, _) in enumerate(kinds) if kind == EntryType.CHECKPOINT]
        if not place:
            assert not checkpoints, "the beginning of a run needs none"
            continue
        (at,) = checkpoints
        assert all(flags == CARRIED for _, flags in kinds[: at + 1])
        last = [entry for entry in read_journal(path) if isinstance(entry, OutputEntry)][-1]
        assert (last.digest, last.segment) == (footer_output(path), place + 1)


def test_a_record_of_the_digest_comes_every_so_often(tmp_path: Path) -> None:
    recorder = record(tmp_path, 11, 2_500, 1 << 30)
    entries = list(read_journal(tmp_path))
    outputs = [entry for entry in entries if isinstance(entry, OutputEntry)]
    assert [one.count for one in outputs[:2]] == [EVERY, 2 * EVERY]
    assert outputs[-1].row == recorder.stream.analyzer.row().tobytes()
    frames = [entry for entry in entries if isinstance(entry, FrameEntry)]
    assert len(frames) > 2 * EVERY


def test_a_segment_alone_goes_on_exactly(tmp_path: Path) -> None:
    """Its carried entries and its checkpoint are all that it needs."""
    recorder = record(tmp_path, 11, 400)
    last = segments_of(tmp_path)[-1]
    stream = Stream(recorder.stream.instrument, calendar=CALENDAR)
    for entry in read_journal(last):
        tell(stream, entry)
    assert stream.resumed
    assert stream.freeze() == recorder.stream.freeze()


def test_a_chain_delivers_checkpoints_too(tmp_path: Path) -> None:
    recorder = record(tmp_path, 11, 400)
    entries = list(read_journal(tmp_path))
    found = [entry for entry in entries if isinstance(entry, CheckpointEntry)]
    assert len(found) == len(segments_of(tmp_path)) - 1
    assert sum(isinstance(entry, InstrumentEntry) for entry in entries) == 1
    stream = Stream(recorder.stream.instrument, calendar=CALENDAR)
    for entry in entries:
        tell(stream, entry)
    assert (stream.resumed, stream.freeze()) == (False, recorder.stream.freeze())


def test_a_disk_that_refuses_leaves_the_digest_unknown_and_no_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is ahead of the journal then; from the next roll on all is well again."""
    plan, entries = entries_of(11, 500)
    recorder = Recorder(tmp_path, plan, RollRules(size=15_000))
    whole = DiskSegment.append

    def refuse(_: DiskSegment, __: bytes) -> None:
        raise OSError(28, "No space left on device")

    third = len(entries) // 3
    for at, entry in enumerate(entries):
        if at == third:
            monkeypatch.setattr(DiskSegment, "append", refuse)
        if at == 2 * third:
            monkeypatch.setattr(DiskSegment, "append", whole)
            assert recorder.journal.retry()
        recorder.take(entry)
    recorder.close()
    paths = segments_of(tmp_path)
    known = [footer_output(path) != UNKNOWN for path in paths]
    assert (known[0], known[-1], all(known)) == (True, True, False), known
    stream = Stream(recorder.stream.instrument, Source.LIVE, calendar=CALENDAR)
    for entry in read_journal(tmp_path):
        if isinstance(entry, CheckpointEntry):
            assert entry.unpacked() == stream.freeze(), "one that is there is right"
        tell(stream, entry)
    assert stream.freeze() == recorder.stream.freeze()
    work = Recomputation(lambda entry: Stream(entry.instrument, calendar=CALENDAR))
    for _ in work.run(paths):
        pass
    assert work.difference is None, "what is known is right"
    assert (work.segments, work.unknown) == (sum(known), len(known) - sum(known))
