"""``bench``: the benchmarks, and a table with the rival beside ours."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from depthbridge.checkout import checkout

__all__ = ["EXAMPLE", "HELP", "add_arguments", "run"]

HELP = "runs the benchmarks and prints a table with the rivals beside them"
EXAMPLE = "bench --only book"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--only", metavar="WORDS", help="what pytest's -k takes, e.g. 'book'")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also keep the raw figures")


def run(args: argparse.Namespace) -> int:
    """Run what is under ``benchmarks/``; its conftest prints the table. 0 or 1."""
    root = checkout("benchmarks")
    with tempfile.TemporaryDirectory() as folder:
        # The table is made of the raw figures, so they are written even if nobody keeps them.
        results = args.json.resolve() if args.json else Path(folder) / "results.json"
        words = ["-m", "pytest", "benchmarks", "-q", "-o", "python_files=bench_*.py"]
        words += ["--benchmark-only", f"--benchmark-json={results}", "--benchmark-quiet"]
        words += ["-k", args.only] if args.only else []
        code = subprocess.run([sys.executable, *words], cwd=root, check=False).returncode
    return 1 if code else 0
