"""Digest of everything an Analyzer and a Book put out over seeded streams: ``python -m`` this.

Run in another process it shows whether results depend on the process: compiled or not, with
bounds checks, with another hash seed.
"""

import sys
from hashlib import sha256

from orderbook import Analyzer, Book, Parameters
from tests.orderbook.book_streams import ladder_stream
from tests.orderbook.compare import instrument
from tests.orderbook.market_fuzz import make_plan
from tests.reference.records import frames_of

__all__ = ["digest"]


def digest(seeds: range, steps: int) -> str:
    """SHA-256 over rows, events and books, as bytes."""
    told = sha256()
    for seed in seeds:
        plan = make_plan(seed, steps)
        analyzer = Analyzer(
            instrument(plan.tick, plan.depth), Parameters.from_mapping(plan.settings)
        )
        for step in plan.steps:
            if step.what == "advance":
                analyzer.advance(step.time)
            elif step.what == "gap":
                analyzer.gap("gap")
            elif step.what == "load" or analyzer.phase == "stale":
                analyzer.load_levels(step.bids, step.asks, step.time, analyzer.seq)
            else:
                for frame in frames_of(step.recs, 50, analyzer.seq):
                    outcome = analyzer.process_l2_update(frame)
                    told.update(repr((int(outcome.applied), outcome.fault)).encode())
                    told.update(analyzer.row().tobytes())
                    if outcome.fault:
                        break
            told.update(analyzer.take_events().tobytes())
            told.update(analyzer.take_signals().tobytes())
        told.update(repr(analyzer.calculate_clusters()).encode())
        told.update(repr(analyzer.analyze_volume_profile()).encode())
        book = Book(10)
        for frame in frames_of(ladder_stream(seed, 300)):
            told.update(repr(book.apply(frame.records, frame.base).fault).encode())
        told.update(repr(book.top(20)).encode())
    return told.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest(range(int(sys.argv[1]), int(sys.argv[2])), int(sys.argv[3])))
