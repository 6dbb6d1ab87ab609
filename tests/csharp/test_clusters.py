"""The cluster store through a cluster's whole life, as a real server tells it; rectangles."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from tests.csharp.server_talk import Talk

PROPERTIES: Final = {
    "id": "Id", "kind": "Kind", "side": "Side", "tick_low": "TickLow", "tick_high": "TickHigh",
    "price_low": "PriceLow", "price_high": "PriceHigh", "poc": "PointOfControl", "size": "Size",
    "size_peak": "SizePeak", "orders": "Orders", "buy": "Buy", "sell": "Sell", "delta": "Delta",
    "added": "Added", "cancelled": "Cancelled", "dominance": "Dominance", "rel": "Relative",
    "score": "Score", "opacity": "Opacity", "state": "State", "end_reason": "EndReason",
    "t_first": "TimeFirst", "t_last": "TimeLast", "age_ms": "AgeMs",
    "distance_ticks": "DistanceTicks", "config": "Config",
}  # fmt: skip
"""Field of the cluster object, property in C#; ``source`` has more than one thing in it."""
STABLE: Final = ("Id", "Kind", "Side", "TickLow", "TickHigh", "State")
"""What an event without a following update leaves as it was."""


def as_csharp(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """What C# should make of a cluster object."""
    found = {PROPERTIES[name]: value for name, value in cluster.items() if name != "source"}
    ended = cluster["state"] == "ended"
    return {**found, "Warmup": cluster["source"]["warmup"], "HasEnded": ended}


def stored(runner: Program, lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What changed and what lived after each line."""
    return [json.loads(answer) for answer in runner.lines("clusters", list(map(json.dumps, lines)))]


def spoken(texts: Iterable[str]) -> list[dict[str, Any]]:
    return [found for text in texts if (found := json.loads(text))["type"] == "clusters"]


def assert_told(steps: Iterable[Mapping[str, Any]]) -> dict[int, Any]:
    """The changes alone, one after another, give the living set of every step; the last one."""
    living: dict[int, Any] = {}
    for step in steps:
        for word, cluster, _ in step["changes"]:
            number = cluster["Id"]
            assert (number in living) == (word != "New"), (word, number)
            if word == "End":
                del living[number]
            else:
                assert not cluster["HasEnded"]
                living[number] = cluster
        active = {cluster["Id"]: cluster for cluster in step["active"]}
        assert list(active) == sorted(living)
    return living


def cluster(number: int, **fields: Any) -> dict[str, Any]:
    known: dict[str, Any] = dict.fromkeys(PROPERTIES)
    return {
        **known, "id": number, "kind": "resting", "side": "bid", "tick_low": 10, "tick_high": 11,
        "price_low": 2.5, "price_high": 2.75, "size": 90, "state": "active", "t_first": 1_000,
        "t_last": 2_000, "age_ms": 0, "config": "", "source": {"warmup": False}, **fields,
    }  # fmt: skip


def said(event: str, *clusters: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "clusters", "event": event, "seq": 1, "time": 3_000, "clusters": clusters}


def ended(number: int, reason: str = "pulled") -> dict[str, Any]:
    return cluster(number, state="ended", end_reason=reason)


def words(step: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(word, cluster["Id"]) for word, cluster, _ in step["changes"]]


def living(step: Mapping[str, Any]) -> list[int]:
    return [cluster["Id"] for cluster in step["active"]]


def test_every_field_of_the_servers_clusters_is_read(runner: Program, talk: Talk) -> None:
    messages = spoken(talk.publisher)
    steps = stored(runner, messages)
    told = 0
    for message, step in zip(messages, steps, strict=True):
        for sent, (word, found, from_set) in zip(message["clusters"], step["changes"], strict=True):
            assert (word.lower(), from_set) == (message["event"], False)
            assert found == as_csharp(sent)
            told += 1
    assert told > 100


def test_the_living_set_is_the_servers(runner: Program, talk: Talk) -> None:
    steps = stored(runner, spoken(talk.publisher))
    assert_told(steps)
    found = [{name: one[name] for name in STABLE} for one in steps[-1]["active"]]
    alive = [as_csharp(one) for one in sorted(talk.alive, key=lambda one: int(one["id"]))]
    assert found == [{name: one[name] for name in STABLE} for one in alive]
    assert found


def test_a_reconnect_brings_the_set_in_order(runner: Program, talk: Talk) -> None:
    before, after = spoken(talk.before), spoken(talk.after)
    steps = stored(runner, [*before, *after])
    living_then, known = living(steps[len(before)]), living(steps[len(before) - 1])
    assert after[0]["event"] == "snapshot"
    assert known
    assert living_then == sorted(one["id"] for one in after[0]["clusters"])
    assert assert_told(steps).keys() == {one["id"] for one in talk.alive}


def test_answers_by_http_are_full_sets_with_their_ends(runner: Program, talk: Talk) -> None:
    answers = [answer["clusters"] for answer in talk.answers]
    steps = stored(runner, [{"answer": clusters} for clusters in answers])
    ends = 0
    for clusters, step in zip(answers, steps, strict=True):
        assert living(step) == sorted(one["id"] for one in clusters if one["state"] != "ended")
        reasons = {one["id"]: one["end_reason"] for one in clusters if one["state"] == "ended"}
        for word, found, _ in step["changes"]:
            if word == "End":
                ends += 1
                assert found["EndReason"] == reasons[found["Id"]]
    assert assert_told(steps)
    assert ends > 10


def test_lost_answers_leave_no_ghosts(runner: Program, talk: Talk) -> None:
    heard = [answer["clusters"] for answer in talk.answers][::3]
    steps = stored(runner, [{"answer": clusters} for clusters in heard])
    assert_told(steps)
    for clusters, step in zip(heard, steps, strict=True):
        assert living(step) == sorted(one["id"] for one in clusters if one["state"] != "ended")
    without_a_word = [
        cluster
        for step in steps
        for word, cluster, _ in step["changes"]
        if word == "End" and not cluster["HasEnded"]
    ]
    assert without_a_word


def test_events_out_of_the_ordinary(runner: Program) -> None:
    steps = stored(
        runner,
        [
            said("new", cluster(7)),
            said("new", cluster(7, size=91)),
            said("update", cluster(5)),
            said("end", ended(9)),
            said("end", ended(7, "consumed")),
            said("end", ended(7, "consumed")),
            said("update", ended(5)),
            {"clear": True},
        ],
    )
    assert [words(step) for step in steps] == [
        [("New", 7)], [("Update", 7)], [("New", 5)], [], [("End", 7)], [], [("End", 5)], [],
    ]  # fmt: skip
    assert [living(step) for step in steps] == [[7], [7], [5, 7], [5, 7], [5], [5], [], []]
    assert steps[4]["changes"][0][1]["EndReason"] == "consumed"


def test_a_snapshot_replaces_and_tells_only_what_differs(runner: Program) -> None:
    first = said("snapshot", cluster(3), cluster(1), cluster(2))
    second = said("snapshot", cluster(2, age_ms=5, t_last=9), cluster(3, tick_high=12), cluster(4))
    empty = said("snapshot")
    steps = stored(runner, [first, first, second, empty, first, {"clear": True}])
    assert all(from_set for step in steps for _, _, from_set in step["changes"])
    assert [words(step) for step in steps] == [
        [("New", 3), ("New", 1), ("New", 2)],
        [],
        [("End", 1), ("Update", 3), ("New", 4)],
        [("End", 2), ("End", 3), ("End", 4)],
        [("New", 3), ("New", 1), ("New", 2)],
        [("End", 1), ("End", 2), ("End", 3)],
    ]
    assert [living(step) for step in steps] == [[1, 2, 3], [1, 2, 3], [2, 3, 4], [], [1, 2, 3], []]
    assert steps[2]["active"][0]["TimeLast"] == 9
    assert not steps[2]["changes"][0][1]["HasEnded"]


@pytest.mark.parametrize(
    "change", [{"state": "touched"}, {"tick_low": 9}, {"size": 91}, {"opacity": 5}, {"side": "ask"}]
)
def test_a_set_tells_each_change_that_matters(change: dict[str, Any], runner: Program) -> None:
    steps = stored(runner, [{"answer": [cluster(1)]}, {"answer": [cluster(1, **change)]}])
    assert words(steps[1]) == [("Update", 1)]


def rectangle(runner: Program, now: int = 5_000, threshold: int = 0, **fields: Any) -> Any:
    line = {"cluster": cluster(1, **fields), "tick_size": 0.25, "now": now, "threshold": threshold}
    (answer,) = runner.lines("rectangles", [json.dumps(line)])
    return json.loads(answer)


def test_a_rectangle_surrounds_the_rows_until_now(runner: Program) -> None:
    assert rectangle(runner, score=75.0, opacity=40, size=1234.5) == {
        "Id": 1, "IsBid": True, "IsResting": True, "PriceLow": 2.375, "PriceHigh": 2.875,
        "TimeFirst": 1_000, "TimeLast": 5_000, "Opacity": 0.75, "Label": "1234.5",
    }  # fmt: skip


def test_a_rectangle_ends_with_its_cluster(runner: Program) -> None:
    found = rectangle(runner, state="ended", side="ask", kind="traded")
    assert (found["TimeLast"], found["IsBid"], found["IsResting"]) == (2_000, False, False)
    assert rectangle(runner, now=1_500)["TimeLast"] == 2_000
    assert found["Opacity"] == 0.5


@pytest.mark.parametrize("kind", ["imbalance_stack", "absorption", "iceberg"])
def test_clusters_of_trades_are_drawn_as_traded_ones(runner: Program, kind: str) -> None:
    """Of any kind and state that the server knows: unknown opacity hides none of them."""
    found = rectangle(runner, kind=kind, state="suspected", opacity=None, threshold=90)
    assert (found["IsResting"], found["TimeLast"], found["Label"]) == (False, 5_000, "90")


def test_weak_clusters_are_hidden_unknown_ones_are_not(runner: Program) -> None:
    assert rectangle(runner, threshold=50, opacity=45) is None
    assert rectangle(runner, threshold=50, opacity=50) is not None
    assert rectangle(runner, threshold=50, opacity=None) is not None
