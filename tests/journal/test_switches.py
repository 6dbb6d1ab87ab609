"""What was recorded before an analytic came in has no switch for it, and keeps its output.

``golden/before_switches`` was recorded by the program before the first switch: a random stream
with every kind of entry, and the settings of that time. The digest of the bundled sample's output
was taken with the same program.
"""

import json
from pathlib import Path

from market.enums import Source
from market.instrument import Instrument
from market.ticks import Grid
from recording.entries import FrameEntry, InstrumentEntry, SessionEntry, SettingsEntry
from recording.generator import SAMPLE, Generator
from recording.output import OutputDigest
from recording.recompute import Recomputation
from recording.stream import Stream
from tests.evidence.dump import parse_dump
from tests.journal.entry_streams import CALENDAR
from tests.reference.records import frames_of

GOLDEN = Path(__file__).parent / "golden" / "before_switches"
SAMPLE_OUTPUT = "e901b8c6825fcee6378b2344c60b2a3e325bf3affbf5655b4960e06c26213cf9"


def made(entry: InstrumentEntry) -> Stream:
    return Stream(entry.instrument, entry.source, calendar=CALENDAR)


def recompute() -> Recomputation:
    work = Recomputation(made)
    for _ in work.run(sorted(GOLDEN.glob("*.dbj"))):
        pass
    return work


def test_a_journal_of_that_time_still_verifies() -> None:
    work = recompute()
    assert work.difference is None, work.difference
    assert (work.segments, work.unknown, work.unread) == (5, 0, 0)


def test_the_sample_has_the_output_that_it_had() -> None:
    recs = list(parse_dump(Generator(SAMPLE).lines(), SAMPLE.time_zone, SAMPLE.tick_size))
    stream = Stream(Instrument("TS 12-26", "TS", Grid("0.25"), Grid(1), 50.0, "always", 10))
    digest = OutputDigest()
    recorded = json.loads((GOLDEN / "settings.json").read_text("utf-8"))
    entries = (
        InstrumentEntry(stream.instrument, Source.LIVE),
        SettingsEntry(recorded, ""),
        SessionEntry("one"),
        *(FrameEntry(frame) for frame in frames_of(recs, 200)),
    )
    for entry in entries:
        digest.add(stream, stream.apply(entry))
    assert digest.value().hex() == SAMPLE_OUTPUT
