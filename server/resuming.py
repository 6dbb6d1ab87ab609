"""At the start: every journal that is young enough goes on where the process before stopped."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from market.enums import Source
from market.errors import EnvironmentFault, SettingsError
from recording.entries import InstrumentEntry
from recording.journal import journal_streams
from recording.resume import Resumed, Unresumed, resume
from recording.stream import Stream
from server.clock import Clock
from server.settings import Settings

__all__ = ["Resumption", "resume_all"]

_LOG: Final = logging.getLogger("depthbridge.resume")
_HOUR: Final = 3_600_000_000_000
_MINUTE: Final = 60_000_000_000
_SOURCES: Final = (Source.LIVE, Source.PLAYBACK, Source.REPLAY)


@dataclass(slots=True)
class Resumption:
    """What the start found in the recordings folder.

    Attributes:
        runs: that go on.
        others: journals of which none does.
        seconds: that it took.
        failed: a defect that kept it from looking; empty: none.
    """

    runs: list[Resumed] = field(default_factory=list)
    others: list[Unresumed] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""

    def to_mapping(self) -> dict[str, Any]:
        """For ``/health``."""
        rows: list[dict[str, Any]] = [
            {
                "instrument": run.stream.instrument.symbol,
                "source": run.stream.source.value,
                "resumed": True,
                "seq": run.stream.expected - 1,
                "entries": run.entries,
                "records": run.records,
                "checkpoint": run.checkpoint,
            }
            for run in self.runs
        ]
        rows += [
            {
                "instrument": other.home.name,
                "source": other.home.parent.name,
                "resumed": False,
                "reason": other.reason,
            }
            for other in self.others
        ]
        return {
            "seconds": self.seconds,
            "failed": self.failed or None,
            "entries": sum(run.entries for run in self.runs),
            "records": sum(run.records for run in self.runs),
            "streams": rows,
        }


def resume_all(settings: Settings, clock: Clock) -> Resumption:
    """Read what the process before left; takes as long as its last segments do. Any thread."""
    found = Resumption()
    if not settings.recording.enabled or not settings.recordings_folder.is_dir():
        return found
    started = clock.monotonic_ns()
    recording = settings.recording
    oldest = clock.wall_ns() - int(recording.resume_hours * _HOUR)
    longest = int(recording.segment_minutes * _MINUTE)
    for journal in journal_streams(settings.recordings_folder):
        if journal.source not in _SOURCES or not journal.segments:
            continue
        try:
            run = resume(
                journal.folder, lambda entry: _stream(settings, entry), oldest, longest=longest
            )
        except EnvironmentFault as fault:
            run = Unresumed(journal.folder, fault.message)
        if isinstance(run, Resumed) and not (run.stream.records or run.stream.expected > 1):
            run = Unresumed(journal.folder, "nothing was recorded", run.recovered)
        if isinstance(run, Resumed):
            found.runs.append(run)
        else:
            found.others.append(run)
    found.seconds = round((clock.monotonic_ns() - started) / 1e9, 3)
    _report(found)
    return found


def _stream(settings: Settings, entry: InstrumentEntry) -> Stream:
    """The stream of a journal.

    Raises:
        SettingsError: the instrument has other properties now.
    """
    instrument = entry.instrument
    known = settings.instruments.resolve(instrument.symbol)
    if known is not None and known != instrument:
        raise SettingsError(
            f"{instrument.symbol} is defined otherwise now", key=f"instruments.{instrument.root}"
        )
    calendar = settings.calendar(instrument.session)
    parameters = settings.informed(settings.analytics, instrument, entry.source)
    return Stream(instrument, entry.source, parameters, calendar)


def _report(found: Resumption) -> None:
    mapping = found.to_mapping()
    _LOG.info("resumed", extra={name: mapping[name] for name in ("seconds", "entries", "records")})
    damaged: Iterable[Unresumed] = (
        one for one in found.others if one.recovered is not None and one.recovered.damage
    )
    for other in damaged:
        _LOG.error(
            "a damaged journal is not resumed: a new run begins",
            extra={"folder": str(other.home), "reason": other.reason},
        )
