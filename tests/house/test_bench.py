"""The table of the benchmarks: rival first, ratio to the best rival, times in fitting units."""

from typing import Any

import pytest

from depthbridge.commands import bench

MACHINE = {
    "cpu": {"brand_raw": "A CPU"},
    "python_version": "3.11.7",
    "system": "Linux",
    "release": "6",
}


def one(name: str, median: float, group: str = "book", **extra: object) -> dict[str, Any]:
    return {"name": name, "group": group, "stats": {"median": median}, "extra_info": extra}


def table(*benchmarks: dict[str, Any]) -> list[str]:
    return list(bench.table({"machine_info": MACHINE, "benchmarks": list(benchmarks)}))


def test_the_rival_comes_first_and_the_ratio_is_to_the_best_one() -> None:
    lines = table(
        one("test_ours", 3e-6, items=1000, unit="record"),
        one("test_slow_rival", 9e-6, items=1000, rival=True),
        one("test_rival", 6e-6, items=1000, rival=True),
    )
    names = [line.split()[0] for line in lines[2:]]
    assert names == ["book", "rival", "slow_rival", "ours"]
    assert lines[-1].split() == [
        "ours",
        "3.00",
        "µs",
        "3.00",
        "ns",
        "333,333,333",
        "0.50",
        "record",
    ]


def test_without_a_rival_there_is_no_ratio() -> None:
    assert table(one("test_ours", 0.5))[-1].split() == [
        "ours",
        "500.00",
        "ms",
        "500.00",
        "ms",
        "2",
        "item",
    ]


def test_groups_stay_together() -> None:
    lines = table(one("a", 1, "x"), one("b", 1, "y"), one("c", 1, "x"))
    assert [line.split()[0] for line in lines[2:]] == ["x", "a", "c", "y", "b"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.0, "2.00 s"), (0.0021, "2.10 ms"), (3.5e-6, "3.50 µs"), (4e-9, "4.00 ns")],
)
def test_units(seconds: float, text: str) -> None:
    assert bench._time(seconds) == text
