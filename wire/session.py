"""The state of one stream (instrument and source) as a transition table, without I/O.

A :class:`StreamSession` judges every numbered thing that arrives: is it next, already there, or is
something missing? What it says is all that journal and book need to do; it keeps no records except
the parts of a snapshot. Time is a parameter: monotonic nanoseconds of any origin.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from market.enums import FrameType, at_hand
from market.errors import MalformedError
from market.parts import SnapshotParts
from market.record import Frame
from wire.codes import ErrorCode, ResyncReason
from wire.publishers import Claim, Grant, Publishers
from wire.recovery import Recovery

__all__ = [
    "ANONYMOUS",
    "TRANSITIONS",
    "AckPolicy",
    "Action",
    "Claim",
    "Event",
    "Grant",
    "Publishers",
    "ResyncRequest",
    "State",
    "StreamSession",
    "Verdict",
    "negotiate",
]

ANONYMOUS: Final = "anonymous"
"""Session of posts that name none; numbered on arrival."""
_REMEMBERED: Final = 256
"""Most sessions whose numbers are kept; beyond that the one that ended first is forgotten."""
_SNAPSHOT_FRAMES: Final = 64
"""Most frames of one snapshot: 262,144 records."""
_SNAPSHOT: Final = int(FrameType.SNAPSHOT)


@at_hand
class State(StrEnum):
    """Of a stream, seen from the server."""

    FRESH = "fresh"
    """A session has begun, the book is empty, its first number is expected."""
    LIVE = "live"
    GAPPED = "gapped"
    """Records are missing: the missing ones, or a snapshot, heal it."""
    BROKEN = "broken"
    """The book is wrong: only a snapshot heals it; records go to the journal, not to the book."""


@at_hand
class Event(StrEnum):
    """What can happen to a stream."""

    NEXT = "next"
    """Records that begin at, or overlap, the number expected."""
    OLD = "old"
    """Records that are all below the number expected."""
    AHEAD = "ahead"
    """Records, or a heartbeat, beyond the number expected."""
    SNAPSHOT = "snapshot"
    """A complete snapshot at or beyond the number expected."""
    OLD_SNAPSHOT = "old_snapshot"
    FAULT = "fault"
    """The book is wrong: a book fault, a failed check, a reset, a lost feed."""
    SESSION = "session"
    """Another session of the publisher begins."""


TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = {
    (State.FRESH, Event.NEXT): State.LIVE,
    (State.FRESH, Event.OLD): State.FRESH,
    (State.FRESH, Event.AHEAD): State.GAPPED,
    (State.FRESH, Event.SNAPSHOT): State.LIVE,
    (State.FRESH, Event.OLD_SNAPSHOT): State.FRESH,
    (State.FRESH, Event.FAULT): State.BROKEN,
    (State.FRESH, Event.SESSION): State.FRESH,
    (State.LIVE, Event.NEXT): State.LIVE,
    (State.LIVE, Event.OLD): State.LIVE,
    (State.LIVE, Event.AHEAD): State.GAPPED,
    (State.LIVE, Event.SNAPSHOT): State.LIVE,
    (State.LIVE, Event.OLD_SNAPSHOT): State.LIVE,
    (State.LIVE, Event.FAULT): State.BROKEN,
    (State.LIVE, Event.SESSION): State.FRESH,
    (State.GAPPED, Event.NEXT): State.LIVE,
    (State.GAPPED, Event.OLD): State.GAPPED,
    (State.GAPPED, Event.AHEAD): State.GAPPED,
    (State.GAPPED, Event.SNAPSHOT): State.LIVE,
    (State.GAPPED, Event.OLD_SNAPSHOT): State.GAPPED,
    (State.GAPPED, Event.FAULT): State.BROKEN,
    (State.GAPPED, Event.SESSION): State.FRESH,
    (State.BROKEN, Event.NEXT): State.BROKEN,
    (State.BROKEN, Event.OLD): State.BROKEN,
    (State.BROKEN, Event.AHEAD): State.BROKEN,
    (State.BROKEN, Event.SNAPSHOT): State.LIVE,
    (State.BROKEN, Event.OLD_SNAPSHOT): State.BROKEN,
    (State.BROKEN, Event.FAULT): State.BROKEN,
    (State.BROKEN, Event.SESSION): State.FRESH,
}
"""Every event in every state."""


@at_hand
class Action(StrEnum):
    """What to do with what was judged."""

    APPLY = "apply"
    """Journal ``frame``, apply it."""
    HOLD = "hold"
    """Journal ``frame``, do not apply it: the book waits for a snapshot."""
    LOAD = "load"
    """Journal ``snapshot``, replace the book with it."""
    WAIT = "wait"
    """A part of a snapshot, kept until the last one."""
    DROP = "drop"
    """Nothing: a duplicate, an old snapshot, or records after a gap."""


_BROKEN, _GAPPED, _NEXT, _APPLY = State.BROKEN, State.GAPPED, Event.NEXT, Action.APPLY
"""What every frame asks for."""


class ResyncRequest(NamedTuple):
    """What to ask the publisher for: ``from_`` is the next number expected."""

    from_: int
    reason: ResyncReason


class Verdict(NamedTuple):
    """The judgement of one frame, bar or heartbeat.

    Attributes:
        action: what to do with it.
        state: of the stream afterwards.
        frame: the new records, trimmed; None unless ``apply`` or ``hold`` of a frame.
        duplicates: records dropped because they were there already.
        gap: first and last number missing, when this frame showed it; the phase is stale now.
        lost: first and last number that a snapshot skipped: they will never come.
        snapshot: all its frames, in order.
        resync: to be sent to the publisher now.
        recovered: the stream was gapped or broken and is live again.
        torn: a snapshot is complete but for a part that was refused, or records follow where the
            snapshot that a session began with was refused: it must be sent again.
    """

    action: Action
    state: State
    frame: Frame | None = None
    duplicates: int = 0
    gap: tuple[int, int] | None = None
    lost: tuple[int, int] | None = None
    snapshot: tuple[Frame, ...] = ()
    resync: ResyncRequest | None = None
    recovered: bool = False
    torn: bool = False


class StreamSession:
    """The numbers of one stream.

    Attributes:
        session: UUID of the publisher's run; None: anonymous or none yet.
        state: see :class:`State`.
        expected: the next number.
        duplicates: records dropped so far as already there.
        gaps: how often records were found missing.
        recovery: what the publisher was asked for.
    """

    __slots__ = (
        "_begun",
        "_known",
        "_parts",
        "_torn",
        "duplicates",
        "expected",
        "gaps",
        "recovery",
        "session",
        "state",
    )

    def __init__(self, session: str | None = None, expected: int = 1) -> None:
        self.session = session
        self.state = State.FRESH
        self.expected = expected
        self.duplicates = 0
        self.gaps = 0
        self.recovery = Recovery()
        self._known: dict[str, int] = {}
        self._begun = session is not None
        self._parts = SnapshotParts()
        self._torn = False

    @property
    def resyncs(self) -> int:
        """How often the publisher was asked."""
        return self.recovery.asks

    def remember(self, held: Mapping[str, int]) -> None:
        """Sessions of before, each with its highest number: none of them begins at 1 again."""
        for session, last in held.items():
            self._known.pop(session, None)
            self._known[session] = last + 1
        while len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]

    def begin(self, session: str | None, expected: int = 1) -> bool:
        """A publisher begins or resumes; ``session`` None, or ``anonymous``, has no name.

        A session that was here before goes on behind its highest number, whoever published
        meanwhile, so that nothing can be taken twice under its name. What its book was is gone: it
        is broken, and the publisher asked for a snapshot. Nobody counts along with the anonymous
        one: it goes on with an empty book.

        Returns:
            Whether the session is another one than the last: the book is emptied, numbers start
            again, the instrument's session statistics go on. False: it resumes at ``expected``.
        """
        if self._begun and session == self.session:
            return False
        self.disconnected()
        if self.session is not None:
            self.remember({self.session: self.expected - 1})
        self._begun = True
        self.session = session
        known = 1 if session is None else self._known.pop(session, 1)
        self.expected = max(expected, known)
        self._move(Event.SESSION)
        self.recovery.begin()
        if known > 1 and session != ANONYMOUS:
            self._move(Event.FAULT)
            self.recovery.owe(ResyncReason.RESTART)
        return True

    def resume(self, session: str | None, expected: int, state: State) -> None:
        """Go on where a process before this one stopped; what was broken is asked for again."""
        self._begun = True
        self.session = session
        self.expected = expected
        self.state = state
        if state is State.GAPPED:
            self.recovery.owe(ResyncReason.GAP)
        elif state is State.BROKEN:
            self.recovery.owe(ResyncReason.RESTART)

    def disconnected(self) -> None:
        """The connection ended; a snapshot that was not complete is dropped."""
        self._parts.clear()
        self._torn = False

    def spoil(self, *, part: bool) -> None:
        """A frame was refused; ``part``: for all one can see, it was one of a snapshot.

        The parts of a snapshot are not numbered: without this the rest of it would pass for all.
        """
        self._torn = self._torn or part or bool(self._parts)

    def judge(self, frame: Frame, now: int = 0) -> Verdict:
        """Judge a frame record by record.

        Args:
            frame: events, or a part of a snapshot.
            now: monotonic ns; only for asking again.

        Raises:
            MalformedError: ``bad_count`` for a snapshot of too many frames.
        """
        if frame.type == _SNAPSHOT:
            return self._judge_snapshot(frame, now)
        return self._judge_numbers(frame.seq, len(frame.records), now, frame)

    def judge_numbers(self, seq: int, count: int = 1, now: int = 0) -> Verdict:
        """Judge ``count`` numbers from ``seq`` on, as a bar takes them."""
        return self._judge_numbers(seq, count, now, None)

    def _judge_numbers(self, seq: int, count: int, now: int, frame: Frame | None) -> Verdict:
        if seq > self.expected:
            return self._ahead(seq - 1, now)
        known = min(self.expected - seq, count)
        self.duplicates += known
        if known == count:
            self._move(Event.OLD)
            return Verdict(Action.DROP, self.state, duplicates=known)
        if known and frame is not None:
            frame = frame._replace(records=frame.records[known:], seq=frame.seq + known)
        baseless = self._torn and self.expected == 1
        self.expected = seq + count
        self._torn = False
        before = self._move(_NEXT)
        if baseless:
            return Verdict(Action.HOLD, self.state, frame, known, torn=True)
        if self.state is _BROKEN:
            return Verdict(Action.HOLD, self.state, frame, known)
        recovered = before is _GAPPED
        if recovered:
            self.recovery.end(now, snapshot=False)
        return Verdict(_APPLY, self.state, frame, known, None, None, (), None, recovered)

    def heartbeat(self, last: int, now: int = 0) -> Verdict:
        """The publisher says which number it gave last: a lost last record shows here."""
        if last >= self.expected:
            return self._ahead(last, now)
        return Verdict(Action.DROP, self.state)

    def check_applies(self, seq: int) -> bool:
        """Whether a ``check`` after ``seq`` speaks about the book as it is now."""
        return self.state is State.LIVE and seq == self.expected - 1

    def fail(self, reason: ResyncReason, now: int = 0) -> Verdict:
        """The book is wrong, or may be: only a snapshot heals it."""
        self._move(Event.FAULT)
        return Verdict(Action.DROP, self.state, resync=self._ask(reason, now))

    @property
    def wanted(self) -> ResyncRequest | None:
        """What the publisher was asked for and has not given, to repeat after a reconnect."""
        asked = self.recovery.asked
        return None if asked is None else ResyncRequest(self.expected, asked)

    def overdue(self, now: int) -> ResyncRequest | None:
        """Ask again when the publisher has not answered, each time after a longer wait."""
        reason = self.recovery.due(now)
        return None if reason is None else ResyncRequest(self.expected, reason)

    def _judge_snapshot(self, frame: Frame, now: int) -> Verdict:
        if frame.seq < self.expected:
            self._parts.clear()
            self._move(Event.OLD_SNAPSHOT)
            return Verdict(Action.DROP, self.state)
        parts = self._parts.add(frame)
        if len(parts or self._parts) > _SNAPSHOT_FRAMES:
            self._parts.clear()
            raise MalformedError(
                f"a snapshot of more than {_SNAPSHOT_FRAMES} frames",
                code=ErrorCode.BAD_COUNT,
                field="type",
            )
        if parts is None:
            return Verdict(Action.WAIT, self.state)
        if self._torn:
            self._torn = False
            return Verdict(Action.DROP, self.state, torn=True)
        first, self.expected = self.expected, frame.seq
        before = self._move(Event.SNAPSHOT)
        recovered = before in (State.GAPPED, State.BROKEN)
        if recovered:
            self.recovery.end(now, snapshot=True)
        else:
            self.recovery.loaded(now)
        return Verdict(
            Action.LOAD,
            self.state,
            lost=(first, frame.seq - 1) if frame.seq > first else None,
            snapshot=parts,
            recovered=recovered,
        )

    def _ahead(self, last: int, now: int) -> Verdict:
        before = self._move(Event.AHEAD)
        if before in (State.GAPPED, State.BROKEN):
            return Verdict(Action.DROP, self.state)
        self.gaps += 1
        return Verdict(
            Action.DROP,
            self.state,
            gap=(self.expected, last),
            resync=self._ask(ResyncReason.GAP, now),
        )

    def _ask(self, reason: ResyncReason, now: int) -> ResyncRequest | None:
        if not self.recovery.ask(reason, now):
            return None
        return ResyncRequest(self.expected, reason)

    def _move(self, event: Event) -> State:
        before = self.state
        self.state = TRANSITIONS[before, event]
        return before


class AckPolicy:
    """When to acknowledge: after 64 frames or 50 ms, at once for a frame that asks for it."""

    __slots__ = ("_delay", "_due_at", "_frames", "_pending")

    FRAMES: Final = 64
    DELAY_NS: Final = 50_000_000

    def __init__(self, frames: int = FRAMES, delay_ns: int = DELAY_NS) -> None:
        self._frames = frames
        self._delay = delay_ns
        self._pending = 0
        self._due_at = 0

    @property
    def due_at(self) -> int | None:
        """When the next ack is due at the latest, monotonic ns; None: nothing to acknowledge."""
        return self._due_at if self._pending else None

    def taken(self, now: int, *, reply_now: bool = False) -> bool:
        """A frame was taken (or was a duplicate); returns whether to acknowledge now."""
        if not self._pending:
            self._due_at = now + self._delay
        self._pending += 1
        return reply_now or self._pending >= self._frames or now >= self._due_at

    def sent(self) -> None:
        """An ack went out."""
        self._pending = 0


def negotiate(low: int, high: int, supported: Sequence[int] = (1,)) -> int | None:
    """The highest version that both sides speak; None: there is none."""
    return max((version for version in supported if low <= version <= high), default=None)
