"""Sums and volume profile of each trading session of a recording, read at its end."""

from collections import deque
from dataclasses import dataclass
from typing import Any, Final

from depthbridge.inputs import Window
from depthbridge.reviewing.sessions import STEP
from market.session import SessionCalendar
from recording.stream import Stream

__all__ = ["SessionFacts", "SessionKeeper"]

_PROFILES: Final = 5
"""Sessions whose rows are kept; of those before only the numbers."""
_ROWS: Final = ("rows", "developing_poc", "high_nodes", "low_nodes", "naked_pocs")


@dataclass(slots=True)
class SessionFacts:
    """One trading session, as far as it was recorded and lies in the window.

    Attributes:
        trade_date: ISO.
        begin: label of its first instant, ns UTC.
        end: label of its last one.
        profile: as ``Analyzer.analyze_volume_profile`` says it; ``rows`` of the last sessions only.
        traded: lowest and highest price of a trade.
        metrics: ``cvd``, ``vwap``, ``vwap_dev``, ``since``, ``complete`` of the last instant.
    """

    trade_date: str
    begin: int
    end: int
    profile: dict[str, Any]
    metrics: dict[str, Any]
    traded: tuple[float | None, float | None]


class SessionKeeper:
    """Watches a stream's rows, and reads the session's sums before they begin anew.

    They are read at the end of the session, of the window's stretch and of the input. The sums are
    the stream's: they begin with the session, or with the recording, also where the window begins
    later. What came before a step back in time is not in them.

    Args:
        window: rows that count.
        calendar: which session an instant belongs to.
    """

    def __init__(self, window: Window, calendar: SessionCalendar) -> None:
        self.sessions: list[SessionFacts] = []
        self._window = window
        self._calendar = calendar
        self._whole: deque[SessionFacts] = deque()
        self._stream: Stream | None = None
        self._reach = 0
        self._begin: int | None = None
        self._open = False
        self._label = 0
        self._late: SessionFacts | None = None

    def row(self, stream: Stream, label: int) -> None:
        """The row of ``label`` was made."""
        if self._late is not None:
            self._refresh(stream)
        if label >= self._reach:
            self._reach = self._window.reach(label)
            if self._reach <= label:
                return
        self._stream = stream
        if self._begin is None:
            self._begin = label
        self._label = label
        self._open = label + STEP < self._reach
        if not self._open:
            self._read()

    def session_over(self, stream: Stream, boundary: int) -> None:
        """Everything before ``boundary`` was applied."""
        if self._begin is not None and self._window.holds(boundary - 1):
            self._stream, self._label = stream, boundary
            self._late = self._read()
        self._begin = None
        self._open = False

    def finish(self) -> None:
        """The input is over."""
        if self._open:
            self._read()

    def _read(self) -> SessionFacts | None:
        """Keep the sums of the open session; those read earlier of the same one go."""
        assert self._stream is not None
        assert self._begin is not None
        session = self._calendar.trading_session(self._label - 1)
        if session is None:
            return None
        analyzer = self._stream.analyzer
        date = session.trade_date.isoformat()
        begin, profile = self._begin, analyzer.analyze_volume_profile()
        last = self.sessions[-1] if self.sessions else None
        if last and (last.trade_date, last.profile["since"]) == (date, profile["since"]):
            begin = last.begin
            self.sessions.pop()
            self._whole.pop()
        rows = profile["rows"]
        traded = (rows[0][0], rows[-1][0]) if rows else (None, None)
        facts = SessionFacts(date, begin, self._label, profile, _sums(self._stream), traded)
        self.sessions.append(facts)
        self._whole.append(facts)
        if len(self._whole) > _PROFILES:
            oldest = self._whole.popleft()
            oldest.profile = {
                name: value for name, value in oldest.profile.items() if name not in _ROWS
            }
        return facts

    def _refresh(self, stream: Stream) -> None:
        """The first row after a session's end has its last trades too, if its sums still stand."""
        late, self._late = self._late, None
        assert late is not None
        sums = _sums(stream)
        if sums["since"] == late.metrics["since"]:
            late.metrics = sums


def _sums(stream: Stream) -> dict[str, Any]:
    """Of the row that was made last."""
    fields = stream.analyzer.calculate_metrics()
    return {name: fields[name] for name in ("cvd", "vwap", "vwap_dev", "since", "complete")}
