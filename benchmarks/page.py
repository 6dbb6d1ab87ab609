"""Writes docs/benchmarks.md from the raw figures of a run.

``python run.py bench --json results.json``, then ``python -m benchmarks.page results.json``.
Figures of some sections only (``bench --only bridge``) replace their tables in the present page.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.lines import SECTIONS
from benchmarks.table import conditions, markdown, verdicts

__all__ = ["main", "renewed"]

_PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_INTRO: Final = """\
# Benchmarks

`python run.py bench` measures this table anew (about seven minutes; `--only book`, `analytics`,
`wire`, `replay` or `bridge` for a part, `--json FILE` to keep the raw figures). This page is one
such run, written by `python -m benchmarks.page FILE`; a table that was measured again by itself
says when and where.

- Rivals run in the same run on the same input and the same core. Absolute goals are figures of
  one fast machine; where there is a rival, **the ratio decides**: *reached*, *within 1.5 ×*, or
  *MISSED* with the factor. Where there is none, *here* is the goal for this machine by the one
  program that ran on both: the goal times what the C book of orders takes, in samples between the
  benchmarks of the same run, over the 11.9 ns that it took there. It is judged behind the goal, not
  in its place, and rough: a loop with a hash table says little of an interpreter.
- Median and best of several rounds. Sections (i), (ii) and (iv) count CPU time, so that other work
  on the machine disturbs them little; (iii) and start-up are wall time, and their p99 means little
  on a busy machine.
- Input: the seeded generator's market told five times as fast, 1.56 million records, 45 % L1, the
  kind changing every 1.5 records; *recorded* is the ES hour of 2023-12-25 where that file lies
  beside the repository. "Mixed" is NinjaTrader's own order of L1 and L2, "depth alone" its L2 rows.
  In (ii), (iii) and *with a metrics row* it is told another nine times as fast: 2,200 records a
  second, a grid instant in about 200 records.
- Benchmarks check their results: the best prices against a plain Python book, the reply against
  the frame's number, the row count against the file. Kernels are compiled before the clock starts.
- The C book (`benchmarks/c/book.c`) has NinjaTrader's row rules, or a fixed price window, and
  nothing else: no clock, no judging, no far prices. The echo (`c/echo.c`) answers every message
  with 64 bytes; ours decodes, checks, moves book and analytics, and answers with the metrics.
- (v) is the C# bridge among stand-ins for NinjaTrader, under Mono, which compiles less well than
  .NET Framework; it and the server have both cores, as two programs do. Mono's stopwatch counts in
  steps of 100 ns, and its own cost is in the figures of single events. Two echoes send as many
  bytes as a frame of 200 and get them back from uvicorn with nothing of ours in it: the bare
  one, the rival, over Mono's `ClientWebSocket`, the other over the bridge's own WebSocket, as the
  round trips are. They take turns with the round trips, 24 times 500 each. An echo of as many bytes
  as our answer takes as long, one of two messages, as ours is, longer: neither is the rival.
  End to end is 2 million records as fast as the server acknowledges them, in frames of up to
  4,096 while the bridge is behind; the books are compared.
"""
_NOISY: Final = 1.5
"""Load above which a run is marked."""
_APART: Final = "Measured by itself,"
"""So begins what stands above a table of another run."""
_WHY: Final = "## What limits the lines that are missed"
"""Written by hand; kept from the page that is replaced."""


def main(results: str) -> None:
    """Write the page."""
    raw = json.loads(Path(results).read_text(encoding="utf-8"))
    before = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else ""
    whole = markdown(raw).keys() == SECTIONS.keys()
    page = _written(raw, before) if whole else renewed(before, raw)
    _PAGE.write_text(page, encoding="utf-8")


def renewed(page: str, raw: Mapping[str, Any]) -> str:
    """A page with the tables of a run that measured only some; all else stays as it is.

    Raises:
        ValueError: a table that was measured is not in the page.
    """
    head, run, rest = page.partition("## Run of ")
    page = _INTRO + "\n" + run + rest if head else page
    for section, table in markdown(raw).items():
        title = re.escape(f"| {SECTIONS[section]} |")
        old = rf"(?:{_APART}(?:.+\n)+\n)?{title}.*\n(?:\|.*\n)+"
        new = "\n".join([f"{_APART} {_stamp(raw)}:  ", *_conditions(raw), "", *table, ""])
        page, found = re.subn(old, lambda _, new=new: new, page)
        if found != 1:
            raise ValueError(f"{SECTIONS[section]!r} stands {found} times in the page")
    return page


def _written(raw: Mapping[str, Any], before: str) -> str:
    """A page of one run; what was written by hand stays."""
    parts = [_INTRO, f"## Run of {_stamp(raw)}", "", *_conditions(raw)]
    if _noisy(raw):
        parts += ["", "**Noisy**: other work ran on the machine; only the ratios mean something."]
    for table in markdown(raw).values():
        parts += ["", *table]
    missed = sum((one.excess or 0) > 1.5 for one in verdicts(raw))
    judged = sum(one.excess is not None for one in verdicts(raw))
    parts += ["", f"{judged} lines have a goal; {judged - missed} are reached or within 1.5 ×."]
    parts += ["", _WHY + before.partition(_WHY)[2].rstrip(), ""]
    return "\n".join(parts)


def _stamp(raw: Mapping[str, Any]) -> str:
    commit = raw.get("commit_info", {}).get("id")
    return raw["datetime"][:16].replace("T", " ") + " UTC" + (f", {commit[:7]}" if commit else "")


def _conditions(raw: Mapping[str, Any]) -> list[str]:
    return [f"{line}  " for line in conditions(raw)]


def _noisy(raw: Mapping[str, Any]) -> bool:
    return max(raw["machine_info"]["depthbridge"]["load"]) > _NOISY


if __name__ == "__main__":
    main(*sys.argv[1:])
