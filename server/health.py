"""What is wrong, for people and programs: ``/health``, ``/livez``, ``/readyz``."""

from typing import Any, Final

from market.enums import Phase, Source
from server.channel import Channel
from server.runtime import Runtime
from wire.session import State

__all__ = ["health", "not_ready", "session_open", "stream_row"]

_NO_DEPTH_NS: Final = 30_000_000_000
_QUIET: Final = (Phase.CLOSED, Phase.PAUSED)


def health(runtime: Runtime) -> dict[str, Any]:
    """The answer of ``/health``: cheap, whatever the load."""
    now = runtime.clock.monotonic_ns()
    rows = [stream_row(channel, now) for channel in runtime.hub]
    status, reasons = _status(runtime, rows)
    reasons = [*reasons, *runtime.upkeep.warnings]  # worth knowing, but nothing is degraded
    return {
        "status": status,
        "reason": reasons[0] if reasons else None,
        "reasons": reasons,
        "version": runtime.version,
        "protocol": {"min": 1, "max": 1},
        "uptime_s": round((now - runtime.started) / 1e9, 3),
        "connections": runtime.connections,
        "recording": runtime.settings.recording.enabled,
        "storage": _storage(runtime),
        "config": runtime.settings.config_hash,
        "resumed": runtime.resumption.to_mapping(),
        "warnings": list(runtime.settings.notes),
        "streams": rows,
    }


def _storage(runtime: Runtime) -> dict[str, Any] | None:
    """Room for recordings, as seen at most ten minutes ago."""
    storage = runtime.upkeep.storage
    if storage is None:
        return None
    left = storage.days_left
    return {
        "bytes": storage.size,
        "free_bytes": storage.free,
        "days_left": None if left is None else round(left, 1),
    }


def not_ready(runtime: Runtime) -> str | None:
    """Why the server should get no data now; None: it is ready."""
    if runtime.ending:
        return "stopping"
    if runtime.warming_failed:
        return "kernels"
    if not runtime.warm:
        return "starting"
    if any(channel.journal_broken for channel in runtime.hub):
        return "journal"
    return None


def stream_row(channel: Channel, now: int) -> dict[str, Any]:
    """One instrument and source.

    Args:
        channel: whose row it is.
        now: monotonic ns.
    """
    stream, live = channel.stream, channel.live
    signals = stream.analyzer.signal_counters
    return {
        "instrument": channel.symbol,
        "source": channel.source.value,
        "phase": stream.phase.value,
        "book": stream.analyzer.book_kind,
        "use_l3": bool(live.flags.get("useL3")),
        "publisher": live.connected,
        "age_ms": (now - live.heard) // 1_000_000 if live.heard else None,
        "lag_ms": _feed_lag(channel),
        "last_seq": channel.session.expected - 1,
        "written_seq": channel.written_seq,
        "durable_seq": channel.durable_seq,
        "journal_lag_ms": channel.journal_age(now) // 1_000_000,
        "time": stream.analyzer.clock,
        "missing": _missing(channel, now),
        "records": channel.counters.records,
        "duplicates": channel.counters.duplicates,
        "gaps": channel.session.gaps,
        "resyncs": channel.session.resyncs,
        "recoveries": channel.session.recovery.ended,
        "recoveries_verified": channel.session.recovery.verified,
        "faults": channel.counters.faults,
        "signals": signals["fired"],
        "signals_withheld": signals["withheld"],
        "order_faults": {
            word: {"count": count, "first_seq": first}
            for word, (count, first) in stream.analyzer.order_faults.items()
        },
        "bent": {word: count for word, count in stream.analyzer.counters.items() if count},
        "config": stream.config,
    }


def session_open(runtime: Runtime, channel: Channel) -> bool:
    """Whether the instrument trades: live by the wall clock, else by the stream's own time."""
    calendar = runtime.settings.calendar(channel.stream.instrument.session)
    live = channel.source is Source.LIVE
    moment = runtime.clock.wall_ns() if live else channel.stream.analyzer.clock
    return calendar.trading_session(moment) is not None


def _feed_lag(channel: Channel) -> float | None:
    """How old live data is when it is sent, ms; of recorded times it would mean nothing."""
    lag = channel.live.feed_lag
    return lag / 1e6 if lag is not None and channel.source is Source.LIVE else None


def _missing(channel: Channel, now: int) -> list[str]:
    """What the stream would need to be whole, in words that never change."""
    live, state = channel.live, channel.session.state
    missing = []
    if not live.connected and channel.publisher is None and _stale_age(channel, now):
        missing.append("publisher")
    if state is State.GAPPED:
        missing.append("records")
    if state is State.BROKEN:
        missing.append("snapshot")
    if live.quotes_at - max(live.depth_at, live.first_at) > _NO_DEPTH_NS:
        missing.append("depth")
    if channel.journal_broken:
        missing.append("journal")
    return missing


def _stale_age(channel: Channel, now: int) -> bool:
    quiet = channel.stream.phase in _QUIET
    return not quiet and now - channel.live.heard > _NO_DEPTH_NS // 2


def _status(runtime: Runtime, rows: list[dict[str, Any]]) -> tuple[str, list[str]]:
    reason = not_ready(runtime)
    if reason == "starting":
        return "starting", ["starting"]
    reasons = [] if reason is None else [reason]
    for row, channel in zip(rows, runtime.hub, strict=True):
        stale = row["publisher"] and row["phase"] == Phase.STALE.value
        # Silence is no news while the market is closed; a book that is wrong is.
        if stale and (row["missing"] or session_open(runtime, channel)):
            reasons.append("stale")
        if "depth" in row["missing"]:
            reasons.append("no_depth")
    unique = list(dict.fromkeys(reasons))
    return ("degraded" if unique else "ok"), unique
