"""What must hold for any stream, twin or no twin: batches, causality, mirrors, sums."""

import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orderbook import Analyzer, Parameters
from orderbook.analytics.profile import SHARES, point_of_control, value_area
from tests.orderbook.book_streams import ladder_stream
from tests.orderbook.compare import analyzer_for, event_fields, instrument, signal_record
from tests.orderbook.market_fuzz import Plan, make_plan
from tests.reference import profile as twin
from tests.reference.records import ASK, BID, POSITION, TRADE, Rec, frames_of

Row = dict[str, Any]
SUMS = ("ofi", "ofi_1", "ofi_2", "ofi_3", "ofi_4", "ofi_5")


def analyzer_of(plan: Plan) -> Analyzer:
    parameters = Parameters.from_mapping(plan.settings)
    return Analyzer(instrument(plan.tick, plan.depth), parameters)


def played(analyzer: Analyzer, recs: list[Rec], cuts: list[int]) -> tuple[list[Row], list[Row]]:
    """Rows, events with signals; a cut is an index of ``recs`` before which a frame ends."""
    rows, events = [], []
    for start, stop in zip([0, *cuts], [*cuts, len(recs)], strict=True):
        for frame in frames_of(recs[start:stop], seq=analyzer.seq):
            assert analyzer.process_l2_update(frame).fault is None
            rows.append(analyzer.calculate_metrics())
            events += told_by(analyzer)
    return rows, events


def told_by(analyzer: Analyzer) -> list[Row]:
    """Events and signals since the last call, in the order of their instants."""
    told = [event_fields(event) for event in analyzer.take_events()]
    told += [signal_record(signal) for signal in analyzer.take_signals()]
    return sorted(told, key=lambda one: (one["time"], "rule" in one))


def calm(seed: int) -> tuple[Plan, list[Rec]]:
    plan = make_plan(seed, 200, rewinds=False, gaps=False, faults=False)
    return plan, plan.recs


@pytest.mark.parametrize("seed", range(12))
def test_the_split_into_batches_changes_nothing(seed: int) -> None:
    plan, recs = calm(seed)
    whole_rows, whole_events = played(analyzer_of(plan), recs, list(range(200, len(recs), 200)))
    rng = random.Random(seed)
    some = sorted(rng.sample(range(1, len(recs)), 9))
    for cuts in (list(range(1, len(recs))), list(range(7, len(recs), 7)), some, []):
        rows, events = played(analyzer_of(plan), recs, cuts)
        assert events == whole_events
        last, wanted = dict(rows[-1]), dict(whole_rows[-1])
        for name in SUMS:
            found = sum(row[name] or 0 for row in rows)
            assert found == sum(row[name] or 0 for row in whole_rows)
            last.pop(name)
            wanted.pop(name)
        assert last == wanted


@pytest.mark.parametrize("seed", range(8))
def test_a_snapshot_that_sets_back_is_the_beginning_of_a_new_stream(seed: int) -> None:
    """All that stays is the numbering of clusters and signals, and that the sums are not whole."""
    plan, recs = calm(seed + 90)
    half = next(i for i in range(len(recs) // 2, len(recs)) if recs[i].time > recs[i - 1].time)
    early = analyzer_of(plan)
    played(early, recs[:half], [])
    (bids, asks), time = early.book().levels(), early.clock
    rows = []
    for others in ([], [rec._replace(time=rec.time + 10**13) for rec in recs]):
        analyzer = analyzer_of(plan)
        played(analyzer, others, [])
        assert analyzer.set_back(time) is bool(others)
        analyzer.load_levels(bids, asks, time, 1)
        assert {event["end_reason"] for event in told_by(analyzer)} <= {"stale"}
        rows.append(played(analyzer, recs[half:], list(range(40, len(recs) - half, 40))))
    (fresh, fresh_events), (back, back_events) = rows
    assert all(row["complete"] != again["complete"] for row, again in zip(fresh, back, strict=True))
    assert [row | {"complete": None} for row in fresh] == [row | {"complete": None} for row in back]
    assert list(map(without_ids, fresh_events)) == list(map(without_ids, back_events))


def without_ids(event: Row) -> Row:
    return {
        name: value for name, value in event.items() if name not in ("id", "event_id", "cluster")
    }


def test_a_little_earlier_is_no_step_back() -> None:
    plan, recs = calm(3)
    analyzer = analyzer_of(plan)
    assert not analyzer.set_back(1)
    played(analyzer, recs, [])
    before = analyzer.freeze()
    assert not analyzer.set_back(analyzer.clock - 5 * 10**9)
    assert analyzer.freeze() == before
    assert analyzer.set_back(analyzer.clock - 5 * 10**9 - 1)


@pytest.mark.parametrize("seed", range(8))
def test_nothing_looks_ahead(seed: int) -> None:
    plan, recs = calm(seed + 50)
    cuts = list(range(40, len(recs), 40))
    rows, events = played(analyzer_of(plan), recs, cuts)
    for cut in (cuts[0], cuts[len(cuts) // 2], cuts[-1]):
        kept = [at for at in cuts if at < cut]
        early_rows, early_events = played(analyzer_of(plan), recs[:cut], kept)
        assert early_rows == rows[: len(early_rows)]
        assert early_events == events[: len(early_events)]
        rest = events[len(early_events) :]
        assert all(event["time"] > early_rows[-1]["time_ns"] for event in rest)


OFTEN = {"spacing_s": 0.0, "warmup_s": 0.0, "bounce_imbalance": 1.0, "bounce_keep": 0.0}
OFTEN |= {"bounce_ticks": 0, "break_share": 0.01, "stack_hold_ms": 300, "stack_rows": 1.0}
OFTEN |= {"absorption_ticks": 0, "pull_distance": 1000, "pull_share": 0.01, "pull_age_ms": 0}
OFTEN |= {"pull_imbalance": -100.0}


def signals_of(plan: Plan, recs: list[Rec], cuts: list[int]) -> list[Row]:
    _, told = played(analyzer_of(plan), recs, cuts)
    return [one for one in told if "rule" in one]


def test_signals_before_a_cut_and_in_any_batches_are_the_same() -> None:
    """What comes later, and how it is sent, changes no signal before it."""
    seen = 0
    for seed in range(100, 112):
        plan, recs = calm(seed)
        plan.settings["signals"] = OFTEN
        plan.settings["clusters"] |= {"announce_ms": 0, "on_factor": 1.5, "off_factor": 1.0}
        signals = signals_of(plan, recs, [])
        seen += len(signals)
        rng = random.Random(seed)
        assert signals_of(plan, recs, list(range(1, len(recs)))) == signals
        for cut in rng.sample(range(2, len(recs)), 6):
            analyzer = analyzer_of(plan)
            _, told = played(analyzer, recs[:cut], [])
            early = [one for one in told if "rule" in one]
            assert early == [one for one in signals if one["time"] <= analyzer.clock]
    assert seen > 20


@pytest.mark.parametrize("seed", range(6))
def test_looking_changes_nothing(seed: int) -> None:
    plan, recs = calm(seed + 80)
    watched, left = analyzer_of(plan), analyzer_of(plan)
    for frame in frames_of(recs, 50):
        assert watched.process_l2_update(frame) == left.process_l2_update(frame)
        watched.calculate_clusters()
        watched.analyze_volume_profile("single", "rolling")
        watched.top(5)
        watched.row()
        assert watched.row().tobytes() == left.row().tobytes()
        watched.recent_signals()
    assert watched.take_events().tobytes() == left.take_events().tobytes()
    assert watched.take_signals().tobytes() == left.take_signals().tobytes()


def test_heartbeats_within_silence_change_nothing() -> None:
    recs = ladder_stream(3, 1_500)
    quiet, beating = analyzer_for(), analyzer_for()
    rng = random.Random(3)
    events: tuple[list[Any], list[Any]] = ([], [])
    for earlier, later in pairwise(recs):
        (frame,) = frames_of([earlier], seq=quiet.seq)
        for analyzer, seen in zip((quiet, beating), events, strict=True):
            analyzer.process_l2_update(frame)
            seen += told_by(analyzer)
        if later.time - earlier.time > 1_000:
            beating.advance(rng.randrange(earlier.time + 1, later.time))
            seen += told_by(beating)
    assert events[0] == events[1]
    for name, value in quiet.calculate_metrics().items():
        assert beating.calculate_metrics()[name] == value or name in SUMS


# Identities

_sizes = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 500)), min_size=1, max_size=40)


@given(changes=_sizes)
def test_ofi_at_constant_prices_is_the_change_of_sizes(changes: list[tuple[int, int]]) -> None:
    recs = _start()
    sizes = {ASK: 10, BID: 10}
    for number, (side, size) in enumerate(changes):
        price = 101 if side == ASK else 100
        recs.append(Rec(recs[0].time + number + 1, POSITION, side, 1, 0, price, size))
        sizes[side] = size
    rows, _ = played(analyzer_for(), [*recs, _end(recs)], [])
    assert rows[-1]["ofi"] == (sizes[BID] - 10) - (sizes[ASK] - 10)


@given(seed=st.integers(0, 2**32))
def test_the_mirrored_market_has_mirrored_metrics(seed: int) -> None:
    recs = ladder_stream(seed, 120)
    rows, _ = played(analyzer_for("1"), recs, list(range(30, len(recs), 30)))
    mirror, _ = played(analyzer_for("1"), [_mirrored(rec) for rec in recs], _every(30, recs))
    for row, other in zip(rows, mirror, strict=True):
        assert row["ofi"] == _negative(other["ofi"])
        assert row["spread"] == other["spread"]
        for name in ("queue_imbalance", "imbalance", "cvd", "delta"):
            assert row[name] == pytest.approx(_negative(other[name]), abs=1e-9)
        if row["mid"] is not None:
            assert row["mid"] + other["mid"] == 0


def _every(step: int, recs: list[Rec]) -> list[int]:
    return list(range(step, len(recs), step))


def _mirrored(rec: Rec) -> Rec:
    """Prices change their sign, sides their name."""
    return rec._replace(side=1 - rec.side, price=-rec.price)


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


@given(b=st.integers(1, 10**6), a=st.integers(1, 10**6), spread=st.integers(1, 9))
def test_weighted_mid_is_mid_plus_half_the_spread_times_imbalance(
    b: int, a: int, spread: int
) -> None:
    time = 1_700_000_000 * 10**9
    recs = [
        Rec(time, POSITION, BID, 0, 0, 100, b),
        Rec(time, POSITION, ASK, 0, 0, 100 + spread, a),
    ]
    rows, _ = played(analyzer_for("0.25"), recs, [])
    row = rows[-1]
    expected = row["mid"] + row["queue_imbalance"] * (row["best_ask"] - row["best_bid"]) / 2
    assert row["weighted_mid"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_a_resting_cluster_s_size_is_accounted_for(seed: int) -> None:
    """size - first size = added - cancelled - traded, while no trade is of unknown side."""
    plan, recs = calm(seed + 20)
    recs = [rec._replace(side=min(rec.side, 1)) if rec.kind == TRADE else rec for rec in recs]
    _, events = played(analyzer_of(plan), recs, [])
    merged = {e["t_first"] for e in events if e.get("end_reason") == "merged"}
    firsts: dict[int, set[int]] = {}
    for event in events:
        if event.get("kind") == "resting" and not merged:
            first = event["size"] - event["added"] + event["cancelled"]
            firsts.setdefault(event["id"], set()).add(first + event["buy"] + event["sell"])
    assert all(len(values) == 1 for values in firsts.values()), firsts


# Volume profile

_volumes = st.dictionaries(st.integers(0, 30), st.integers(1, 50), min_size=1, max_size=20)


@given(volumes=_volumes, preset=st.sampled_from(("cbot2", "single", "nt68")))
def test_value_area(volumes: dict[int, int], preset: str) -> None:
    low, high = min(volumes), max(volumes)
    dense = np.array([volumes.get(p, 0) for p in range(low, high + 1)], np.int64)
    percent, step = SHARES[preset]
    poc = point_of_control(dense)
    first, last = value_area(dense, poc, percent, step)
    assert low + poc == twin.point_of_control(volumes)
    assert (low + first, low + last) == twin.value_area(volumes, preset)
    assert first <= poc <= last
    assert 100 * int(dense[first : last + 1].sum()) >= percent * int(dense.sum())


def _start() -> list[Rec]:
    time = 1_700_000_000 * 10**9
    return [Rec(time, POSITION, BID, 0, 0, 100, 10), Rec(time, POSITION, ASK, 0, 0, 101, 10)]


def _end(recs: list[Rec]) -> Rec:
    """Completes the last group."""
    return Rec(recs[-1].time + 1, TRADE, 1, 0, 0, 101, 1)
