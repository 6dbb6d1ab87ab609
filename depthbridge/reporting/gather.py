"""One pass over a recording: everything that the page says, by the modules that compute it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np
import orjson
from numpy.typing import NDArray

from depthbridge.calibrating.scores import Behaviour, ScoreKeeper
from depthbridge.inputs import Input, Window
from depthbridge.reporting.series import How, Series, Thinned
from depthbridge.reporting.sessions import SessionFacts, SessionKeeper
from depthbridge.reporting.told import ClusterTally, SignalTally
from depthbridge.reviewing import Review, Reviewer
from depthbridge.reviewing.sessions import sessions_of
from depthbridge.runs import Columns, MetricsRun
from market.enums import Phase, Source
from market.errors import DataError
from market.instrument import Instrument
from orderbook import Parameters
from orderbook.describe import KINDS
from recording.catalogue import Tally
from recording.entries import Entry
from recording.readers import Recording
from recording.stream import Stream

__all__ = ["Findings", "Quality", "Setting", "differing", "gather"]

_KEPT: Final[dict[str, How]] = {
    **dict.fromkeys(("mid", "vwap", "cvd"), "last"),
    **dict.fromkeys(("low",), "low"),
    **dict.fromkeys(("high",), "high"),
    **dict.fromkeys(("ofi",), "sum"),
    **dict.fromkeys(("imbalance", "spread"), "mean"),
}
_SECOND: Final = 1_000_000_000
_GAPS: Final = 50
"""Gaps that are named; the others are counted."""


@dataclass(slots=True)
class Quality:
    """How well the book could be read, in instants of 100 ms.

    Attributes:
        instants: all that lie in the window.
        phases: of them, by phase.
        one_sided: with one side of the book only.
        empty: with neither side.
        warmup: while scores were not settled yet.
        spreads: by spread in ticks, where there was one.
    """

    instants: int = 0
    phases: Counter[str] = field(default_factory=Counter)
    one_sided: int = 0
    empty: int = 0
    warmup: int = 0
    spreads: Counter[int] = field(default_factory=Counter)

    def take(self, columns: Columns, phases: list[str]) -> None:
        """Count rows."""
        self.instants += len(phases)
        self.phases.update(phases)
        judged = np.array([phase in _READ for phase in phases], np.bool_)
        bid, ask = (~np.isnan(columns[name]) for name in ("best_bid", "best_ask"))
        self.one_sided += int((judged & (bid != ask)).sum())
        self.empty += int((judged & ~bid & ~ask).sum())
        self.warmup += int((judged & columns["warmup"]).sum())
        spreads = columns["spread"][judged]
        self.spreads.update(np.rint(spreads[~np.isnan(spreads)]).astype(np.int64).tolist())


_READ: Final = (Phase.SYNCED.value, Phase.CROSSED.value)
"""Phases in which the book is looked at."""


class Setting(NamedTuple):
    """A setting that differs from the default."""

    key: str
    value: object
    default: object
    unit: str
    meaning: str


@dataclass(slots=True)
class Findings:
    """Everything that the page says.

    Attributes:
        name: of the file or folder.
        files: names and bytes of what it consists of.
        format: for people.
        instrument: what was recorded.
        source: where.
        window: what was asked for.
        book: ``L2`` or ``L3``.
        tally: rows, resyncs and lag of everything that was read.
        times: of the first record and the newest one, ns UTC; None without any.
        notes: what the reader noticed, a line each.
        error: why reading stopped early; empty if it did not.
        gaps: breaks within the window, the first ones.
        gap_reasons: how many there were by reason.
        order_faults: wrong order records: word, how often.
        quality: of the book.
        configs: when a configuration came into force (ns UTC), and its hash.
        parameters: the last one.
        sessions: trading sessions in order.
        prices: mid, vwap, cvd, low, high, ofi, imbalance, spread over time.
        active: live clusters by kind over time.
        clusters: what they said.
        signals: what they said, and what followed.
        withheld: words that no signal came of, by reason, as far as the stream counts.
        review: of the signals.
        behaviour: of the scores.
    """

    name: str
    files: list[tuple[str, int]]
    format: str
    instrument: Instrument
    source: Source
    window: Window | None
    book: str
    tally: Tally
    times: tuple[int | None, int | None]
    notes: list[str]
    error: str
    gaps: list[dict[str, Any]]
    gap_reasons: Counter[str]
    order_faults: dict[str, int]
    quality: Quality
    configs: list[tuple[int, str]]
    parameters: Parameters
    sessions: list[SessionFacts]
    prices: Series
    active: Series
    clusters: ClusterTally
    signals: SignalTally
    withheld: dict[str, int]
    review: Review
    behaviour: Behaviour


def differing(parameters: Parameters) -> list[Setting]:
    """The settings that are not the defaults, in the order of the sections."""
    defaults = Parameters().to_mapping()
    found = []
    for section, values in parameters.to_mapping().items():
        for item in fields(getattr(parameters, section)):
            value, default = values[item.name], defaults[section][item.name]
            if value != default:
                facts = item.metadata
                key = f"{section}.{item.name}"
                found.append(Setting(key, value, default, facts["unit"], facts["meaning"]))
    return found


def gather(given: Input, *, tolerant: bool) -> tuple[Findings, DataError | None]:
    """Read a recording once.

    Args:
        given: recording, window, settings; the recording's own settings go before these.
        tolerant: a fault of the book empties it.

    Returns:
        What was found, and the error that ended the reading early, if one did.

    Raises:
        DataError: nothing could be read at all.
        UsageError: the input cannot be read.
    """
    recording = _Counted(given.recording)
    calendar = given.settings.calendar(recording.instrument.session)
    hearer = _Hearer(given.window or Window(), SessionKeeper(given.window or Window(), calendar))
    error: DataError | None = None
    try:
        parts = sessions_of(
            given,
            cast("Recording", recording),
            given.settings.analytics,
            tolerant=tolerant,
            listener=hearer,
        )
        for part in parts:
            hearer.reviewer.take(part.path, part.signals)
            hearer.scores.take(part)
            hearer.signals.follow(part.path)
    except DataError as caught:
        error = caught
    if error is not None and not hearer.run.rows:
        raise error
    hearer.keeper.finish()
    hearer.settle()
    return _findings(given, recording, hearer, error), error


def _findings(
    given: Input, recording: "_Counted", hearer: "_Hearer", error: DataError | None
) -> Findings:
    run, stream = hearer.run, hearer.stream
    tally, report = recording.tally, given.recording.report
    inside = [gap for gap in run.gaps if hearer.window.holds(gap["time"])]
    return Findings(
        name=given.recording.path.name,
        files=[(path.name, _size(path)) for path, _ in given.recording.files],
        format=given.recording.format.title,
        instrument=given.recording.instrument,
        source=given.recording.source,
        window=given.window,
        book=run.metadata()["book"],
        tally=tally,
        times=(report.first_time or tally.first, report.last_time or tally.last),
        notes=report.summary(),
        error="" if error is None else error.message,
        gaps=inside[:_GAPS],
        gap_reasons=Counter(gap["reason"] for gap in inside),
        order_faults={word: count for word, (count, _) in run.order_faults.items()},
        quality=hearer.quality,
        configs=hearer.configs or [(0, run.config)],
        parameters=given.settings.analytics if stream is None else stream.parameters,
        sessions=hearer.keeper.sessions,
        prices=hearer.prices.result(),
        active=hearer.active.result(),
        clusters=hearer.clusters,
        signals=hearer.signals,
        withheld={} if stream is None else stream.analyzer.signal_counters["withheld"],
        review=hearer.reviewer.result(),
        behaviour=hearer.scores.result(),
    )


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(child.stat().st_size for child in path.rglob("*") if child.is_file())


class _Counted:
    """A recording whose entries are tallied on their way."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self.tally = Tally("")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._recording, name)

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._recording:
            self.tally.take(entry)
            yield entry


class _Hearer:
    """Takes what a recording says, each thing into what keeps it."""

    def __init__(self, window: Window, keeper: SessionKeeper) -> None:
        self.window = window
        self.keeper = keeper
        self.quality = Quality()
        self.configs: list[tuple[int, str]] = []
        self.prices = Thinned(_KEPT)
        self.active = Thinned(dict.fromkeys(KINDS, "mean"))
        self._counts: list[tuple[int, ...]] = []
        self.clusters = ClusterTally()
        self.signals = SignalTally()
        self.reviewer = Reviewer()
        self.scores = ScoreKeeper()
        self.stream: Stream | None = None
        self.run: MetricsRun

    def begin(self, run: MetricsRun) -> None:
        self.run = run

    def row(self, stream: Stream, label: int) -> None:
        self.stream = stream
        self.keeper.row(stream, label)
        if label % _SECOND == 0 and stream.phase is not Phase.CLOSED:
            self._counts.append((label, *map(self.clusters.count, KINDS)))
        if not self.configs or self.configs[-1][1] != stream.config:
            self.configs.append((label, stream.config))

    def session_over(self, stream: Stream, boundary: int) -> None:
        self.keeper.session_over(stream, boundary)

    def rows(self, columns: Columns) -> None:
        phases: list[str] = columns["phase"].to_pylist()
        self.quality.take(columns, phases)
        open_ = np.array([phase != Phase.CLOSED for phase in phases], np.bool_)
        times = np.asarray(columns["time_ns"], np.int64)[open_]
        values: dict[str, NDArray[np.float64]] = {
            name: np.asarray(columns[name], np.float64)[open_]
            for name in _KEPT
            if name not in ("low", "high")
        }
        values["low"] = values["high"] = values["mid"]
        self.prices.add(times, values)
        self.settle()

    def settle(self) -> None:
        """Put away how many clusters were active at the seconds since the last time."""
        counts, self._counts = self._counts, []
        if counts:
            table = np.array(counts, np.int64)
            table = table[self.window.mask(table[:, 0])]
            columns = zip(KINDS, table[:, 1:].T.astype(np.float64), strict=True)
            self.active.add(table[:, 0], dict(columns))

    def cluster(self, text: bytes) -> None:
        self.clusters.take(orjson.loads(text))

    def signal(self, message: dict[str, Any]) -> None:
        self.signals.take(message)
