"""Writes docs/benchmarks.md from the raw figures of a run.

``python run.py bench --json results.json``, then ``python -m benchmarks.page results.json``.
"""

import json
import sys
from pathlib import Path
from typing import Final

from benchmarks.table import conditions, markdown, verdicts

__all__ = ["main"]

_PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_INTRO: Final = """\
# Benchmarks

`python run.py bench` measures this table anew (about seven minutes; `--only book`, `analytics`,
`wire`, `replay` or `bridge` for a part, `--json FILE` to keep the raw figures). This page is one
such run, written by `python -m benchmarks.page FILE`.

- Rivals run in the same run on the same input and the same core. Absolute goals are figures of
  one fast machine; where there is a rival, **the ratio decides**: *reached*, *within 1.5 ×*, or
  *MISSED* with the factor.
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
  steps of 100 ns, and its own cost is in the figures of single events. The bare echo is a
  `ClientWebSocket` under Mono that sends as many bytes and gets them back from uvicorn with nothing
  of ours in it.
"""
_NOISY: Final = 1.5
"""Load above which a run is marked."""
_WHY: Final = "## What limits the lines that are missed"
"""Written by hand; kept from the page that is replaced."""


def main(results: str) -> None:
    """Write the page."""
    raw = json.loads(Path(results).read_text(encoding="utf-8"))
    stamp = raw["datetime"][:16].replace("T", " ")
    parts = [_INTRO, f"## Run of {stamp} UTC", ""]
    parts += [f"{line}  " for line in conditions(raw)]
    if max(raw["machine_info"]["depthbridge"]["load"]) > _NOISY:
        parts += ["", "**Noisy**: other work ran on the machine; only the ratios mean something."]
    parts += markdown(raw)
    missed = sum((one.excess or 0) > 1.5 for one in verdicts(raw))
    judged = sum(one.excess is not None for one in verdicts(raw))
    parts += ["", f"{judged} lines have a goal; {judged - missed} are reached or within 1.5 ×."]
    before = _PAGE.read_text(encoding="utf-8") if _PAGE.exists() else ""
    parts += ["", _WHY + before.partition(_WHY)[2].rstrip(), ""]
    _PAGE.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
