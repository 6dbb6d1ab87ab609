"""``/api/v1/…``: the present state, for whoever polls."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from market.enums import Phase, Source
from market.errors import UsageError
from orderbook import describe
from orderbook.footprints import MAX_BARS
from recording.messages import (
    BOOK_ROWS,
    book_fields,
    footprint_fields,
    live_clusters,
    profile_fields,
)
from server.answers import error_response, json_response
from server.channel import Channel
from server.runtime import Runtime
from wire.codes import ErrorCode

__all__ = ["api_routes", "is_count", "metrics_fields"]

_SOURCES: Final = ", ".join(source.value for source in Source)
_MOST_ROWS: Final = 100
_MOST_DIGITS: Final = 18


def api_routes(runtime: Runtime) -> list[Route]:
    """The routes over a runtime."""

    async def get_instruments(_: Request) -> Response:
        rows = [_instrument_fields(channel) for channel in runtime.hub]
        return json_response({"status": "ok", "instruments": rows})

    def state_of(render: Callable[[Channel, Request], dict[str, Any]]) -> Any:  # noqa: ANN401
        async def get_state(request: Request) -> Response:
            return _answer(runtime, request, render)

        return get_state

    base = "/api/v1/instruments"
    return [
        Route(base, get_instruments),
        Route(f"{base}/{{symbol:path}}/book", state_of(_book)),
        Route(f"{base}/{{symbol:path}}/metrics", state_of(_metrics)),
        Route(f"{base}/{{symbol:path}}/clusters", state_of(_clusters)),
        Route(f"{base}/{{symbol:path}}/profile", state_of(_profile)),
        Route(f"{base}/{{symbol:path}}/signals", state_of(_signals)),
        Route(f"{base}/{{symbol:path}}/footprint", state_of(_footprint)),
    ]


def _answer(
    runtime: Runtime, request: Request, render: Callable[[Channel, Request], dict[str, Any]]
) -> Response:
    wanted = request.query_params.get("source", Source.LIVE.value)
    if wanted not in list(Source):
        return error_response(
            ErrorCode.OUT_OF_RANGE, f"source is one of {_SOURCES}", field="source"
        )
    symbol = request.path_params["symbol"]
    channel = runtime.hub.find(symbol, Source(wanted))
    if channel is None:
        content = {
            "status": "error",
            "code": ErrorCode.UNKNOWN_INSTRUMENT.value,
            "message": f"{symbol} has sent nothing as {wanted}",
        }
        return json_response(content, 404)
    try:
        content = render(channel, request)
    except UsageError as error:
        return error_response(ErrorCode.OUT_OF_RANGE, error.message)
    time = channel.stream.analyzer.clock
    return json_response({"status": "ok", **content, "time_iso": iso(time)})


def iso(time: int) -> str | None:
    """Nanoseconds UTC as ISO 8601 with nine decimals; None before the first event."""
    if not time:
        return None
    seconds, rest = divmod(time, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def metrics_fields(channel: Channel) -> dict[str, Any]:
    """The metrics of the last row; while stale nothing but the phase."""
    stream, head = channel.stream, _head(channel)
    if stream.phase is Phase.STALE:
        return head
    fields = describe.metrics_fields(stream.analyzer.values())
    del fields["time_ns"], fields["seq"], fields["phase"]
    return {**head, **fields, "config": stream.config}


def _metrics(channel: Channel, _: Request) -> dict[str, Any]:
    return metrics_fields(channel)


def _book(channel: Channel, request: Request) -> dict[str, Any]:
    rows = _whole(request, "levels", BOOK_ROWS, _MOST_ROWS)
    fields = book_fields(channel.stream, rows)
    return {key: fields[key] for key in fields if key != "type"}


def _clusters(channel: Channel, _: Request) -> dict[str, Any]:
    return {**_head(channel), "clusters": live_clusters(channel.stream)}


def _signals(channel: Channel, request: Request) -> dict[str, Any]:
    """Those that have not expired, or with ``since_signal`` the later ones; and the counts."""
    text = request.query_params.get("since_signal")
    if text is not None and not is_count(text):
        raise UsageError("since_signal is the id of a signal")
    signals = channel.recent_signals(None if text is None else int(text))
    return {**_head(channel), "signals": signals, **channel.stream.analyzer.signal_counters}


def _head(channel: Channel) -> dict[str, Any]:
    return {
        "instrument": channel.symbol,
        "source": channel.source.value,
        "seq": channel.stream.expected - 1,
        "time": channel.stream.analyzer.clock,
        "book": channel.stream.analyzer.book_kind,
        "phase": channel.stream.phase.value,
    }


def _profile(channel: Channel, request: Request) -> dict[str, Any]:
    preset = request.query_params.get("preset")
    scope = request.query_params.get("scope", "session")
    fields = profile_fields(channel.stream, preset, scope)
    return {key: fields[key] for key in fields if key != "type"}


def _footprint(channel: Channel, request: Request) -> dict[str, Any]:
    words = {name: request.query_params.get(name) for name in ("preset", "mode", "zero")}
    configured = channel.stream.parameters.clusters.stack_rows
    rows = _whole(request, "rows", configured, _MOST_ROWS)
    bars = _whole(request, "bars", 1, MAX_BARS)
    fields = footprint_fields(channel.stream, **words, rows=rows, bars=bars)
    return {key: fields[key] for key in fields if key != "type"}


def _whole(request: Request, name: str, default: int, most: int) -> int:
    """A whole number of the query. Raises UsageError: it is none, or out of range."""
    text = request.query_params.get(name, str(default))
    if not is_count(text) or not 1 <= int(text) <= most:
        raise UsageError(f"{name} is 1 to {most}")
    return int(text)


def is_count(text: str) -> bool:
    """Whether it is a whole number that ``int`` takes: more than 4,300 digits it refuses."""
    return text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS


def _instrument_fields(channel: Channel) -> dict[str, Any]:
    instrument = channel.stream.instrument
    return {
        "symbol": instrument.symbol,
        "aliases": list(instrument.aliases),
        "root": instrument.root,
        "source": channel.source.value,
        "tick_size": instrument.tick.step,
        "size_step": instrument.size.step,
        "point_value": instrument.point_value,
        "session": instrument.session,
        "depth_levels": instrument.depth_levels,
        "phase": channel.stream.phase.value,
        "book": channel.stream.analyzer.book_kind,
    }
