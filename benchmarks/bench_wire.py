"""WebSocket round trips and throughput against a TCP echo of the same bytes, on one core."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks import inputs, server
from benchmarks.inputs import Rows
from benchmarks.measuring import OURS, Measure
from benchmarks.server import Load, Served, run_load
from market.record import Frame

_MESSAGES = 3000
_WINDOW = 32
_ECHO = "TCP echo"
_Figures = dict[str, dict[str, float]]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that records nothing."""
    with server.serve(tmp_path_factory.mktemp("quiet"), journal=False) as served:
        yield served


@pytest.fixture(scope="module")
def journaling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that records."""
    with server.serve(tmp_path_factory.mktemp("journaling"), journal=True) as served:
        yield served


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    """The echo's port."""
    with server.echo_server() as port:
        yield port


def _frames(part: Callable[[], Rows], size: int) -> list[Frame]:
    return inputs.frames_of(part(), size)[:_MESSAGES]


def _burst_depth() -> Rows:
    whole = inputs.burst()
    keep = whole.records["kind"] == 0
    return Rows(whole.records[keep], whole.times[keep])


def _by_socket(
    port: int, frames: list[Frame], payloads: list[bytes], window: int, text: bool
) -> Load:
    messages = server.socket_messages(port, frames, payloads, text=text)
    return run_load("ws", port, messages, window)


def _by_echo(port: int, payloads: list[bytes], window: int) -> Load:
    return run_load("echo", port, server.echo_messages(payloads), window)


def _figures(name: str, latency: Load, flow: Load, size: int) -> dict[str, float]:
    return {
        f"{name}_p50": latency.p50,
        f"{name}_p99": latency.p99,
        f"{name}_flow": flow.rate * size / 1e6,
    }


@pytest.mark.parametrize(
    ("name", "size"),
    [("binary", 1), ("binary", 20), ("binary", 200), ("depth", 200), ("json", 200)],
)
def test_socket(measure: Measure, quiet: Served, echo: int, name: str, size: int) -> None:
    """Turn by turn with the echo. Metrics and cluster events are subscribed."""
    frames = _frames(inputs.burst if name == "binary" else _burst_depth, size)
    payloads = server.plain_json(frames) if name == "json" else server.binary(frames)
    text = name == "json"

    def once() -> _Figures:
        figures: _Figures = {}
        for role in (_ECHO, OURS):
            latency, flow = (
                _by_echo(echo, payloads, window)
                if role == _ECHO
                else _by_socket(quiet.port, frames, payloads, window, text)
                for window in (1, _WINDOW)
            )
            figures[role] = _figures(f"{name}_{size}", latency, flow, size)
        return figures

    figures = measure.keep(once)
    assert figures[OURS][f"{name}_{size}_flow"][0] > 0


def test_journal(measure: Measure, quiet: Served, journaling: Served) -> None:
    frames = _frames(inputs.burst, 200)
    payloads = server.binary(frames)

    def once() -> _Figures:
        figures: _Figures = {}
        for role, port in (("journal off", quiet.port), (OURS, journaling.port)):
            latency, flow = (
                _by_socket(port, frames, payloads, window, text=False) for window in (1, _WINDOW)
            )
            figures[role] = {
                "journal_200_p50": latency.p50,
                "journal_200_flow": flow.rate * 200 / 1e6,
            }
        return figures

    measure.keep(once)


def test_http(measure: Measure, quiet: Served) -> None:
    frames = _frames(inputs.burst, 200)
    payloads = server.binary(frames)

    def once() -> _Figures:
        socket = _by_socket(quiet.port, frames, payloads, 1, text=False)
        post = run_load("http", quiet.port, server.http_messages(quiet.port, payloads), 1)
        return {
            "our WebSocket": {"http_200_p50": socket.p50},
            OURS: {"http_200_p50": post.p50},
        }

    measure.keep(once)


def test_start_warm(measure: Measure, tmp_path: Path, quiet: Served) -> None:
    """The kernels are cached, because a server ran before."""

    def once() -> _Figures:
        with server.serve(tmp_path, journal=False) as served:
            return {OURS: {"listening_warm": served.listening, "ok_warm": served.ok}}

    measure.keep(once)


def test_start_cold(measure: Measure, tmp_path: Path) -> None:
    def once() -> _Figures:
        with server.serve(tmp_path, journal=False, cache=tmp_path / "kernels") as served:
            return {OURS: {"listening_cold": served.listening, "ok_cold": served.ok}}

    measure.keep(once, rounds=1)
