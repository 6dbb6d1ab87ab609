"""``bench``: the benchmarks, and a table with the rival beside ours."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from depthbridge.checkout import checkout

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run", "table"]

HELP = "runs the benchmarks and prints a table with the rivals beside them"
EXAMPLE = "bench --only kernels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--only", metavar="WORDS", help="what pytest's -k takes, e.g. 'book'")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also keep the raw figures")


def run(args: argparse.Namespace) -> int:
    """Run what is under ``benchmarks/``, print the table; 0 or 1."""
    root = checkout("benchmarks")
    with tempfile.TemporaryDirectory() as folder:
        results = args.json.resolve() if args.json else Path(folder) / "results.json"
        words = ["-m", "pytest", "benchmarks", "-q", "-o", "python_files=bench_*.py test_*.py"]
        words += ["--benchmark-only", f"--benchmark-json={results}", "--benchmark-quiet"]
        words += ["-k", args.only] if args.only else []
        code = subprocess.run([sys.executable, *words], cwd=root, check=False).returncode
        if results.exists() and results.stat().st_size:
            for line in table(json.loads(results.read_text(encoding="utf-8"))):
                print(line)
    return 1 if code else 0


def table(results: dict[str, Any]) -> Iterator[str]:
    """Lines of the table, a block per group, the rival first.

    Args:
        results: what pytest-benchmark writes. Of each benchmark's ``extra_info`` it uses ``items``
            (what one round works through), ``unit`` (its name) and ``rival`` (true for what is
            not ours); the ratio is to the group's best rival.
    """
    machine = results["machine_info"]
    cpu = machine.get("cpu", {}).get("brand_raw", machine.get("processor", ""))
    yield f"{cpu}, Python {machine['python_version']}, {machine['system']} {machine['release']}"
    yield f"{'':<58}{'median':>12}{'per item':>14}{'items/s':>14}{'× rival':>9}"
    benchmarks = sorted(results["benchmarks"], key=_order)
    for group, members in groupby(benchmarks, key=lambda one: one["group"] or ""):
        yield group
        rows = list(members)
        rivals = [_per_item(one) for one in rows if one["extra_info"].get("rival")]
        for one in rows:
            yield _row(one, min(rivals, default=None))


def _order(one: dict[str, Any]) -> tuple[str, bool, float]:
    return one["group"] or "", not one["extra_info"].get("rival"), _per_item(one)


def _row(one: dict[str, Any], rival: float | None) -> str:
    per_item = _per_item(one)
    ratio = f"{per_item / rival:.2f}" if rival else ""
    unit = one["extra_info"].get("unit", "item")
    return (
        f"  {one['name'].removeprefix('test_'):<56}{_time(one['stats']['median']):>12}"
        f"{_time(per_item):>14}{1 / per_item:>14,.0f}{ratio:>9}  {unit}"
    )


def _per_item(one: dict[str, Any]) -> float:
    seconds: float = one["stats"]["median"]
    return seconds / int(one["extra_info"].get("items", 1))


def _time(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.2f} {unit}"
    return f"{seconds * 1e9:.2f} ns"
