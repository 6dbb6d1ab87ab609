"""Every instrument and source of this server: which channels exist, who publishes, who listens."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from market.enums import Source
from market.errors import MalformedError
from market.instrument import Instrument
from orderbook import Parameters
from recording.entries import Entry
from recording.journal import JournalWriter, RollRules
from recording.journal.folder import slug
from recording.journal.held import numbers_held
from recording.journal.recover import Recovered, recover
from recording.journal.segment import LOCAL_DISK, Disk
from recording.resume import Resumed, Unresumed
from recording.stream import Stream
from server.channel import Channel
from server.clock import SYSTEM, Clock
from server.measure import Measures
from server.resuming import Resumption
from server.settings import Settings
from wire.codes import ErrorCode
from wire.session import Publishers

__all__ = ["Hub"]

_NS_PER_MINUTE: Final = 60_000_000_000
_MOST_CHANNELS: Final = 1024


class Hub:
    """Channels by symbol and source.

    Attributes:
        settings: of the process.
        clock: of the process.
        measures: of the process.
        publishers: who publishes which channel.
        on_channel: called with every new channel.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock = SYSTEM,
        measures: Measures | None = None,
        disk: Disk = LOCAL_DISK,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.measures = measures or Measures()
        self._disk = disk
        self.publishers = Publishers(
            absence_ns=int(settings.server.absence_s * 1e9),
            silence_ns=int(settings.server.silence_s * 1e9),
        )
        self.on_channel: Callable[[Channel], None] = lambda _: None
        self._channels: dict[tuple[str, Source], Channel] = {}
        self._declared: dict[str, Instrument] = {}
        self._unresumed: dict[Path, Unresumed] = {}

    def __iter__(self) -> Iterator[Channel]:
        return iter(list(self._channels.values()))

    def define(
        self,
        symbol: str,
        *,
        tick_size: float | None = None,
        size_step: float | None = None,
        point_value: float | None = None,
        depth_levels: int | None = None,
    ) -> Instrument:
        """The instrument of a declaration; its first channel settles it.

        Raises:
            SessionError: ``unknown_instrument``, ``tick_size_conflict``.
            MalformedError: a value that is none.
        """
        table = self.settings.instruments
        resolved = table.resolve(symbol)
        known = self._declared.get(symbol if resolved is None else resolved.symbol)
        if known is not None:
            known.require(tick_size=tick_size, size_step=size_step)
            return known
        instrument = table.define(symbol, tick_size, size_step, point_value, depth_levels)
        if resolved is None and depth_levels is None:
            instrument = replace(instrument, depth_levels=self.settings.book.depth_levels)
        return instrument

    def channel(self, instrument: Instrument, source: Source) -> Channel:
        """The channel of an instrument and source, made at its first use.

        Raises:
            MalformedError: ``out_of_range``: there are too many already.
        """
        key = (instrument.symbol, source)
        found = self._channels.get(key)
        if found is None:
            if len(self._channels) >= _MOST_CHANNELS and not self._make_room():
                raise MalformedError("too many instruments", code=ErrorCode.OUT_OF_RANGE)
            self._declared.setdefault(instrument.symbol, instrument)
            found = self._open(instrument, source)
            self._channels[key] = found
            self.on_channel(found)
        return found

    def _make_room(self) -> bool:
        """Forget a channel that was only announced: no data came, and nobody holds it."""
        now = self.clock.monotonic_ns()
        for key, channel in self._channels.items():
            if channel.idle and not self.publishers.held(key, now):
                channel.close()
                for listener in list(channel.listeners):
                    listener.gone(channel)
                del self._channels[key]
                return True
        return False

    def take_over(self, found: Resumption) -> None:
        """Go on with the runs that a start found, before anybody is served."""
        for run in found.runs:
            stream = run.stream
            instrument, source = stream.instrument, stream.source
            self._declared.setdefault(instrument.symbol, instrument)
            journal = self._journal(
                instrument,
                source,
                recovered=run.recovered,
                state=run.state,
                resume_seq=stream.expected - 1,
            )
            channel = self._channel(stream, journal, resumed=run, held=run.held)
            if stream.session is not None and not run.free:  # has the usual time to come back
                absent = max(0, self.clock.wall_ns() - run.received)
                seen = self.clock.monotonic_ns() - absent
                self.publishers.claim(channel.key, stream.session, None, seen)
            self._channels[channel.key] = channel
            self.on_channel(channel)
        for other in found.others:
            if other.recovered is not None:
                self._unresumed[other.home] = other

    def find(self, name: str, source: Source) -> Channel | None:
        """The channel of a symbol or alias, if it exists."""
        known = self._declared.get(name) or self.settings.instruments.resolve(name)
        return self._channels.get((known.symbol if known else name, source))

    def parameters(self, overrides: Mapping[str, Any]) -> Parameters:
        """The server's analytics settings with a publisher's over them.

        Raises:
            SettingsError: an unknown key or a value out of range.
        """
        return self.settings.parameters(overrides)

    def _open(self, instrument: Instrument, source: Source) -> Channel:
        calendar = self.settings.calendar(instrument.session)
        parameters = self.settings.informed(self.settings.analytics, instrument, source)
        stream = Stream(instrument, source, parameters, calendar)
        journal = None
        held: Mapping[str, int] = {}
        if self.settings.recording.enabled and source is not Source.DEMO:
            home = self.settings.recordings_folder / source.value / slug(instrument.symbol)
            recovered, held = self._left(home)
            journal = self._journal(instrument, source, recovered=recovered)
        return self._channel(stream, journal, held=held)

    def _left(self, home: Path) -> tuple[Recovered, Mapping[str, int]]:
        """A journal as it was left, put in order, and the numbers at its end."""
        seen = self._unresumed.get(home)
        if seen is not None and seen.recovered is not None:
            return seen.recovered, seen.held
        return recover(home), numbers_held(home)

    def _journal(
        self,
        instrument: Instrument,
        source: Source,
        *,
        recovered: Recovered,
        state: Sequence[Entry] = (),
        resume_seq: int = 0,
    ) -> JournalWriter:
        recording = self.settings.recording
        return JournalWriter(
            self.settings.recordings_folder,
            instrument,
            source,
            self.settings.calendar(instrument.session),
            rules=RollRules(
                int(recording.segment_mb * (1 << 20)),
                int(recording.segment_minutes * _NS_PER_MINUTE),
            ),
            disk=self._disk,
            recovered=recovered,
            state=state,
            resume_seq=resume_seq,
        )

    def _channel(
        self,
        stream: Stream,
        journal: JournalWriter | None,
        *,
        resumed: Resumed | None = None,
        held: Mapping[str, int],
    ) -> Channel:
        return Channel(
            stream,
            journal,
            clock=self.clock,
            measures=self.measures,
            debug=self.settings.server.debug,
            ahead_ns=int(self.settings.server.ahead_minutes * 60e9),
            resumed=resumed,
            held=held,
        )
