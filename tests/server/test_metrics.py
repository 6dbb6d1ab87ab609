"""/metrics: what happened is what is shown, in a form that Prometheus takes."""

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from server import metrics

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
ES = {"instrument": "ES 12-26", "source": "live"}
PROMTOOL = shutil.which("promtool")


def parsed(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in found, f"{key} twice"
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, labels: Mapping[str, str] | None = None) -> float:
    return samples[f"depthbridge_{name}", frozenset((labels or {}).items())]


async def scraped(server: Any) -> Samples:
    await asyncio.sleep(1.1e-9 * metrics._AGAIN_NS)
    answer = await server.http.get("/metrics")
    assert answer.status_code == 200
    return parsed(answer.text)


def posted(seq: int, count: int = 1) -> dict[str, Any]:
    update = {
        "time": 1_795_099_800_000_000_000,
        "side": "bid",
        "operation": "add",
        "position": 0,
        "price": 6800.0,
        "volume": 5,
    }
    return {
        "type": "l2_update",
        "instrument": "NQ 12-26",
        "session": "7c9e6679-7425-40de-944b-e07fc1f90ae8",
        "seq": seq,
        "updates": [update] * count,
    }


async def test_what_happened_is_what_is_shown(serve: Any, data: Any) -> None:
    server = await serve()
    frames = data.frames_of(*data.market(600), 100)
    sent = [data.encode(frame) for frame in frames]
    async with server.peer() as peer:
        await peer.hello()
        for frame in (sent[0], sent[1], sent[1], sent[3]):
            await peer.say(frame)
        await peer.hear("resync")
        await peer.say(sent[2])
        await peer.say(b"no frame")
        await peer.hear("error")
        answers = [await server.post("/l2_update", posted(seq)) for seq in (1, 2, 9)]
        assert [answer.status_code for answer in answers] == [200, 200, 409]
        samples = await scraped(server)
    assert value(samples, "book_records_total", ES) == 300
    assert value(samples, "book_frames_total", ES) == 3
    assert value(samples, "book_duplicates_total", ES) == 100
    assert value(samples, "book_gaps_total", ES) == 1
    assert value(samples, "book_resyncs_total", {**ES, "reason": "gap"}) == 1
    assert value(samples, "book_resyncs_total", {**ES, "reason": "checksum"}) == 0
    assert value(samples, "book_last_sequence", ES) == 300
    assert value(samples, "book_publisher_connected", ES) == 1
    assert 0 <= value(samples, "book_publisher_age_seconds", ES) < 60
    assert value(samples, "refused_total", {"code": "bad_length"}) == 1
    assert value(samples, "refused_total", {"code": "gap"}) == 1
    assert value(samples, "received_messages_total", {"transport": "websocket"}) == 7
    assert value(samples, "received_messages_total", {"transport": "http"}) == 3
    assert value(samples, "received_records_total", {"transport": "websocket"}) == 300
    assert value(samples, "received_records_total", {"transport": "http"}) == 2
    assert value(samples, "connections") == 1
    gone = await scraped(server)
    assert value(gone, "connections") == 0
    assert value(gone, "received_messages_total", {"transport": "websocket"}) == 7
    assert value(gone, "book_publisher_connected", ES) == 0


async def test_what_the_application_never_saw_is_counted(serve: Any) -> None:
    server = await serve()
    for path in ("/health", "/l2_update"):
        answer = await server.http.get(path, headers={"origin": "https://elsewhere.example"})
        assert answer.status_code == 403
    samples = await scraped(server)
    assert value(samples, "refused_total", {"code": "forbidden"}) == 2
    assert value(samples, "refused_total", {"code": "busy"}) == 0


async def test_the_phase_is_one_of_all(serve: Any, data: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello()
        for frame in data.frames_of(*data.market(400), 100):
            await peer.say(data.encode(frame))
        channel = next(iter(server.runtime.hub))
        await server.until(lambda: channel.session.expected == 401)
        samples = await scraped(server)
    name = "depthbridge_book_phase"
    phases = {
        dict(labels)[name]: shown for (sample, labels), shown in samples.items() if sample == name
    }
    assert set(phases) == {"stale", "waiting", "closed", "paused", "crossed", "synced"}
    assert [phase for phase, shown in phases.items() if shown] == [channel.stream.phase.value]


async def test_stages_add_up(serve: Any, data: Any) -> None:
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(subscribe=["metrics"])
        for frame in data.frames_of(*data.market(1600), 10):
            await peer.say(data.encode(frame))
        channel = next(iter(server.runtime.hub))
        await server.until(lambda: channel.session.expected == 1601)
        samples = await scraped(server)
    name = "stage_duration_seconds"
    sums = {
        stage: value(samples, f"{name}_sum", {"stage": stage})
        for stage in ("decode", "journal", "apply", "publish", "whole")
    }
    whole = sums.pop("whole")
    assert min(sums.values()) > 0
    assert sum(sums.values()) == pytest.approx(whole, abs=1e-8)
    counts = {value(samples, f"{name}_count", {"stage": stage}) for stage in (*sums, "whole")}
    assert len(counts) == 1
    assert value(samples, f"{name}_count", {"stage": "queue"}) > 0
    assert value(samples, "loop_lag_seconds_count") > 0


async def test_journal_lag_and_disk(serve: Any, data: Any) -> None:
    server = await serve(recording={"sync_ms": 60_000})
    async with server.peer() as peer:
        await peer.hello()
        await peer.say(data.encode(data.frames_of(*data.market(100), 100)[0]))
        channel = next(iter(server.runtime.hub))
        await server.until(lambda: channel.session.expected == 101)
        late = await scraped(server)
        assert value(late, "book_journal_lag_records", ES) == 100
        assert value(late, "book_journal_lag_seconds", ES) >= metrics._AGAIN_NS / 1e9
        assert value(late, "recordings_bytes") >= 100 * 32
        assert value(late, "recordings_disk_free_bytes") > 0
        channel.sync()
        synced = await scraped(server)
    assert value(synced, "book_journal_lag_records", ES) == 0
    assert value(synced, "book_journal_lag_seconds", ES) == 0
    assert value(synced, "book_journal_refusing", ES) == 0


async def test_a_folder_that_is_gone_takes_nothing_else_with_it(serve: Any) -> None:
    server = await serve()
    server.folder.rename(server.folder.with_name("elsewhere"))
    names = {name for name, _ in await scraped(server)}
    assert "depthbridge_recordings_bytes" not in names
    assert "depthbridge_ready" in names
    server.folder.with_name("elsewhere").rename(server.folder)


async def test_a_book_without_a_journal_has_no_journal_lag(serve: Any) -> None:
    server = await serve(recording={"enabled": False})
    async with server.peer() as peer:
        await peer.hello()
        samples = await scraped(server)
    names = {name for name, _ in samples}
    assert "depthbridge_book_last_sequence" in names
    assert "depthbridge_book_journal_lag_seconds" not in names
    assert "depthbridge_recordings_bytes" not in names


async def test_the_text_is_made_off_the_event_loop(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve()
    names = []

    def render(*arguments: Any) -> tuple[bytes, str]:
        names.append(threading.current_thread().name)
        return original(*arguments)

    original = metrics.render
    monkeypatch.setattr(metrics, "render", render)
    await scraped(server)
    assert len(names) == 1
    assert names[0].startswith("metrics")


async def test_many_requests_cost_no_more_than_a_few(
    serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await serve()
    looks = []
    original = metrics.observe
    monkeypatch.setattr(metrics, "observe", lambda runtime: looks.append(1) or original(runtime))
    monkeypatch.setattr(metrics, "_AGAIN_NS", 60_000_000_000)
    answers = await asyncio.gather(*(server.http.get("/metrics") for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(looks) == 1


async def test_openmetrics_for_whoever_asks(serve: Any) -> None:
    server = await serve()
    wanted = {"accept": "application/openmetrics-text; version=1.0.0"}
    answer: httpx.Response = await server.http.get("/metrics", headers=wanted)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed")
async def test_promtool_finds_nothing_wrong(serve: Any, data: Any) -> None:
    """Names, units, types and help, by the linter of Prometheus itself."""
    assert PROMTOOL is not None
    server = await serve()
    async with server.peer() as peer:
        await peer.hello(symbol='ODD "\\ 1', instruments=[{"symbol": 'A "b" \\', "tick_size": 1}])
        await peer.say(b"no frame")
        await peer.hear("error")
        text = (await server.http.get("/metrics")).text
    assert 'A \\"b\\" \\\\' in text
    done = await asyncio.to_thread(
        subprocess.run,
        [PROMTOOL, "check", "metrics"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
