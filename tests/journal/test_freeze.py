"""A stream that is frozen anywhere and thawed elsewhere goes on as if nothing had happened."""

import random
from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import pytest

from market.enums import Source
from market.errors import DataError
from market.session import calendar_for
from orderbook import Analyzer, Parameters, frozen
from recording.entries import CheckpointEntry, InstrumentEntry
from recording.stream import Stream
from tests.journal.entry_streams import entries_of, stream_of, tell

SHORT = range(80)
LONG = range(1000, 1600)


def state_of(stream: Stream) -> tuple[object, ...]:
    """What can be asked of a stream, and its bars."""
    analyzer = stream.analyzer
    return (
        stream.phase,
        stream.expected,
        stream.broken,
        stream.session,
        stream.makers,
        stream.config,
        stream.records,
        analyzer.phase,
        analyzer.seq,
        analyzer.clock,
        analyzer.stale_reason,
        analyzer.counters,
        repr(analyzer.calculate_advanced_metrics()),
        repr(analyzer.analyze_volume_profile(scope="rolling")),
        repr(analyzer.calculate_clusters()),
        analyzer.top(100),
    )


def require_the_same(seeds: Sequence[int], steps: int, cuts: int) -> dict[str, int]:
    """Cut each seed's stream at ``cuts`` places (0: everywhere); returns what was met there."""
    met: dict[str, int] = {}
    for seed in seeds:
        plan, entries = entries_of(seed, steps)
        places = range(len(entries))
        chosen = set(places if not cuts else random.Random(seed).sample(places, cuts))
        whole, told = stream_of(plan), []
        frozen_at: dict[int, bytes] = {}
        for place, entry in enumerate(entries):
            if place in chosen:
                frozen_at[place] = whole.freeze()
            told.append(tell(whole, entry))
        end, final = state_of(whole), whole.freeze()
        for place in sorted(chosen):
            thawed = stream_of(plan)
            thawed.thaw(frozen_at[place])
            count(met, thawed)
            assert thawed.freeze() == frozen_at[place], f"seed {seed}, entry {place}"
            for at in range(place, len(entries)):
                assert tell(thawed, entries[at]) == told[at], f"seed {seed}, {place}, {at}"
            assert state_of(thawed) == end
            assert thawed.freeze() == final, f"seed {seed}, entry {place}: the states differ"
    return met


def count(met: dict[str, int], stream: Stream) -> None:
    analyzer = stream.analyzer
    seen = {
        stream.phase.value: True,
        "broken": stream.broken,
        "parts": bool(stream._parts),
        "doubt": stream.doubt != "",
        "bars": bool(analyzer.bars),
        "makers": bool(stream.makers),
        "rows apart": stream.maker_rows is not None,
        "rows apart later": stream._apart and stream.maker_rows is None,
        "clusters": bool(analyzer.calculate_clusters()),
        "open group": bool(analyzer._clock["open"]),
        "by price": analyzer._state["book"]["mode"] == 2,
        "later session": stream.session not in (None, "session 0"),
    }
    for word, true in seen.items():
        met[word] = met.get(word, 0) + bool(true)


def test_going_on_from_any_entry_changes_nothing() -> None:
    met = require_the_same(SHORT, 60, 4)
    for word in (
        "closed",
        "paused",
        "stale",
        "broken",
        "parts",
        "doubt",
        "bars",
        "makers",
        "rows apart",
        "rows apart later",
        "clusters",
    ):
        assert met.get(word, 0) > 0, (word, met)


def test_every_single_entry_of_a_stream_is_a_place_to_stop() -> None:
    met = require_the_same([7, 11], 200, 0)
    assert met["clusters"] > 40


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_going_on_from_any_entry_of_many_long_streams() -> None:
    met = require_the_same(LONG, 250, 10)
    print(f"{len(LONG)} streams, {10 * len(LONG)} cuts; met {met}")  # noqa: T201
    assert min(met.values()) > 0, met


def test_an_unfinished_snapshot_is_carried_over() -> None:
    """The parts that have come are of no use to anybody else."""
    for seed in range(200):
        plan, entries = entries_of(seed, 60)
        stream = stream_of(plan)
        for place, entry in enumerate(entries):
            stream.apply(entry)
            if stream._parts:
                thawed = stream_of(plan)
                thawed.thaw(stream.freeze())
                for later in islice(entries, place + 1, None):
                    assert tell(thawed, later) == tell(stream, later)
                assert thawed.freeze() == stream.freeze()
                return
    pytest.fail("no stream had a snapshot in parts")


def test_who_looks_does_not_change_the_state() -> None:
    """Subscribers and requests read between entries; a checkpoint must not show it."""
    for seed in range(12):
        plan, entries = entries_of(seed, 60)
        watched, alone = stream_of(plan), stream_of(plan)
        for entry in entries:
            assert tell(watched, entry) == tell(alone, entry)
            state_of(watched)
        assert watched.freeze() == alone.freeze(), seed


def test_every_attribute_is_frozen_or_given_by_the_maker() -> None:
    """Whoever adds one decides here whether a checkpoint has to hold it."""
    plan, entries = entries_of(1, 30)
    stream = stream_of(plan)
    for entry in entries:
        stream.apply(entry)
    made_with = {"instrument", "source", "_row_per_frame", "_initial", "_calendar", "_strict"}
    derived = {
        "config",
        "opening",
        "ending",
        "analyzer",
        "resumed",
        "unresumed",
        "_named",
        "untouched",
    }
    kept = {"parameters", "makers", "expected", "records", "_session", "_broken", "doubt"}
    kept |= {"_phase", "_parts", "_apart", "_maker_rows"}
    assert set(vars(stream)) == made_with | derived | kept
    made_with = {"instrument", "source", "row_per_frame", "_calendar", "_strict"}
    derived = {
        "_state",
        "row_words",
        "row_memory",
        "_ints",
        "_marks",
        "_clock",
        "_header",
        "_counts",
        "_config",
        "_text",
        "_text_bytes",
        "_order_faults",
    }
    kept = {"parameters", "bars", "_words", "_heap", "_started", "_naked", "stale_reason"}
    assert set(vars(stream.analyzer)) | {"stale_reason"} == made_with | derived | kept


def prepared() -> tuple[Stream, bytes, Callable[[], Stream]]:
    plan, entries = entries_of(3, 200)
    stream = stream_of(plan)
    for entry in entries:
        stream.apply(entry)
    return stream, stream.freeze(), lambda: stream_of(plan)


def test_another_layout_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _, state, fresh = prepared()
    entry = CheckpointEntry.of(state, "2026-11-20")
    assert entry.usable
    monkeypatch.setattr(frozen, "LAYOUT", bytes(16))
    stream = fresh()
    before = stream.freeze()
    with pytest.raises(DataError) as refused:
        stream.thaw(state)
    assert refused.value.code == "state_layout"
    assert stream.freeze() == before


def test_another_instrument_source_or_calendar_is_refused() -> None:
    stream, state, _ = prepared()
    other = calendar_for("cme_equity")
    for wrong in (
        Stream(stream.instrument, Source.REPLAY, calendar=stream._calendar),
        Stream(stream.instrument, calendar=other),
    ):
        with pytest.raises(DataError) as refused:
            wrong.thaw(state)
        assert refused.value.code == "state_stream"


def test_damage_is_refused_and_changes_nothing() -> None:
    _, state, fresh = prepared()
    stream = fresh()
    before = stream.freeze()
    for length in (0, 7, 40, 1000, len(state) - 8):
        with pytest.raises(DataError):
            stream.thaw(state[:length])
    assert stream.freeze() == before


def test_a_checkpoint_counts_where_nothing_came_before_it() -> None:
    plan, entries = entries_of(5, 200)
    one = stream_of(plan)
    half = len(entries) // 2
    for entry in entries[:half]:
        one.apply(entry)
    checkpoint = one.checkpoint("2026-11-20")
    began, went_on = stream_of(plan), stream_of(plan)
    began.apply(InstrumentEntry(one.instrument, one.source))
    began.apply(checkpoint)
    assert began.resumed
    for entry in entries[:half]:
        went_on.apply(entry)
    before = went_on.freeze()
    went_on.apply(checkpoint)
    assert went_on.freeze() == before
    assert not went_on.resumed
    for entry in entries[half:]:
        assert tell(began, entry) == tell(went_on, entry)


def test_a_checkpoint_of_another_program_is_noted_and_ignored() -> None:
    plan, _ = entries_of(5, 200)
    stream = stream_of(plan)
    fresh = stream.freeze()
    stream.apply(CheckpointEntry(bytes(16), "2026-11-20", b""))
    assert (stream.resumed, stream.freeze() == fresh) == (False, True)
    assert "layout" in stream.unresumed


def test_parameters_of_the_state_shape_what_follows() -> None:
    stream, state, fresh = prepared()
    thawed = fresh()
    assert thawed.parameters == Parameters()
    thawed.thaw(state)
    assert thawed.parameters == stream.parameters != Parameters()
    assert thawed.config == stream.config


def test_a_large_book_keeps_its_room() -> None:
    """Thousands of far levels: the heap is laid out anew, and grows on."""
    analyzer = Analyzer(prepared()[0].instrument)
    levels = [(ticks * 40, 5) for ticks in range(1, 5_000)]
    analyzer.load_levels([(-ticks, size) for ticks, size in levels], levels, 10**18, 1)
    other = Analyzer(analyzer.instrument)
    other.thaw(analyzer.freeze())
    assert other.freeze() == analyzer.freeze()
    assert np.array_equal(other.top(100), analyzer.top(100))
