"""``incident``: what is in the ZIP, with a server and without, and that nothing secret is."""

import csv
import io
import json
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from depthbridge import incident
from depthbridge.cli import main
from depthbridge.redaction import HIDDEN, Redactor
from depthbridge.version import VERSION
from market.enums import Source
from market.errors import UsageError
from market.session import calendar_for
from recording import slices as slices_module
from recording.entries import (
    BarEntry,
    ClockEntry,
    GapEntry,
    HoldEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
)
from recording.journal import JournalReader, JournalWriter, RollRules, read_journal, segments_of
from recording.slices import COLUMNS, moments, newest_time, slices
from server.settings import load_settings, settings_from
from tests.recording.journals import ES, MONDAY, NS, events, plain

TOKEN = "hV3xQ9-not-for-anybody-8sLw2"
MINUTE = 60 * NS
Capture = pytest.CaptureFixture[str]


def record(folder: Path, minutes: int = 30, *, client: str = "test/1") -> JournalWriter:
    """A frame every ten seconds, a segment every few minutes; not closed, as of a live server."""
    rules = RollRules(size=1 << 20, age=4 * MINUTE)
    writer = JournalWriter(folder, ES, Source.LIVE, calendar_for("cme_equity"), rules=rules)
    writer.write(InstrumentEntry(ES, Source.LIVE), MONDAY)
    writer.write(SessionEntry("s1", client), MONDAY)
    seq = 1
    for step in range(minutes * 6):
        now = MONDAY + step * 10 * NS
        entry = events(now, seq)
        writer.write(entry, now + 3_000_000)
        seq = entry.frame.end
    now = MONDAY + minutes * MINUTE
    writer.write(PhaseEntry("stale", "gap"), now)
    writer.write(GapEntry("gap", seq, seq + 4), now)
    writer.write(BarEntry(seq + 5, {"series": {"type": "minute", "value": 1}, "time": now}), now)
    writer.write(ClockEntry(now), now)
    writer.sync()
    return writer


def log_line(minute: float, event: str, **facts: object) -> str:
    moment = datetime.fromtimestamp(MONDAY / NS + minute * 60, UTC)
    return json.dumps({"time": moment.isoformat(timespec="milliseconds"), "event": event, **facts})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a token, keys and a log that has seen the token."""
    secret = tmp_path / "hidden place"
    secret.mkdir()
    (secret / "token.txt").write_text(TOKEN + "\n")
    log = tmp_path / "logs" / "depthbridge.log"
    log.parent.mkdir()
    log.write_text(
        "\n".join(
            [
                log_line(5, "long ago"),
                log_line(25, "asked", header=f"Authorization: Bearer {TOKEN}"),
                log_line(26, "other", text="token=AnotherOne12345 and Bearer abc.def"),
                log_line(27, "key", path=str(secret / "key.pem")),
                "Traceback of a line without a time",
            ]
        )
        + "\n"
    )
    log.with_name("depthbridge.log.2").write_text(log_line(22, "in the file before") + "\n")
    values = {
        "server": {
            "port": 1,
            "token_file": str(secret / "token.txt"),
            "tls_key": str(secret / "key.pem"),
            "tls_certificate": None,
        },
        "recording": {"folder": str(tmp_path / "recordings")},
        "logging": {"file": str(log)},
    }
    path = tmp_path / "depthbridge.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture(autouse=True)
def nobodys_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")


@pytest.fixture
def secrets_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTHBRIDGE_TOKEN", TOKEN)
    monkeypatch.setenv("BROKER_PASSWORD", "swordfish-42")


def collect(config: Path, out: Path, *words: str) -> dict[str, bytes]:
    assert main(["incident", "--config", str(config), "--out", str(out), *words]) == 0
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_in_it(config: Path, tmp_path: Path, capsys: Capture) -> None:
    writer = record(tmp_path / "recordings")
    files = collect(config, tmp_path / "incident.zip")
    said = capsys.readouterr().out
    assert "MiB" in said.splitlines()[-1]
    assert all(name in said for name in files)
    assert json.loads(files["versions.json"])["depthbridge"] == VERSION
    assert "numpy" in json.loads(files["versions.json"])["packages"]
    assert "no server answers" in json.loads(files["health.json"])["error"]
    for name in files.keys() - {"README.txt"}:
        assert name.split("/")[0] in files["README.txt"].decode()
    shown = yaml.safe_load(files["configuration.yaml"])
    assert shown["server"]["token_file"] == "token.txt"
    assert shown["server"]["tls_key"] == "key.pem"
    assert shown["recording"]["compact_at"] == "04:00"
    rows = list(csv.DictReader(io.StringIO(files["timeline.csv"].decode())))
    assert tuple(rows[0]) == COLUMNS
    frames = [row for row in rows if row["entry"] == "events"]
    assert len(frames) == 60
    assert frames[0]["received"] == "2026-11-16T15:20:00.003000000Z"
    assert frames[0]["event_time"] == "2026-11-16T15:20:00.000003000Z"
    assert frames[0]["sent"] == "2026-11-16T15:20:00.002000000Z"
    assert (frames[0]["seq"], frames[0]["count"]) == ("481", "4")
    last = {row["entry"]: row["detail"] for row in rows[-4:]}
    assert last["phase"] == "stale: gap"
    assert last["gap"] == "gap: 721 to 725"
    assert "minute" in last["bar"]
    writer.close(MONDAY)


def test_the_journal_in_it_is_whole_and_readable(config: Path, tmp_path: Path) -> None:
    writer = record(tmp_path / "recordings")
    segment = segments_of(writer.home)[-1]
    with segment.open("ab") as file:
        file.write(b"torn")
    out = tmp_path / "incident.zip"
    files = collect(config, out)
    copies = sorted(name for name in files if name.startswith("journal/"))
    assert 3 <= len(copies) < len(segments_of(writer.home))
    with zipfile.ZipFile(out) as archive:
        archive.extractall(tmp_path / "opened")
    reader = read_journal(tmp_path / "opened" / "journal")
    found = [(when, plain(entry)) for when, entry in reader.timed()]
    assert isinstance(found[0][1], InstrumentEntry), "it begins with the carried state"
    assert found[0][0] <= MONDAY + 20 * MINUTE
    assert reader.report.unclean[-1].torn == 0
    whole = [(when, plain(entry)) for when, entry in JournalReader(writer.home).timed()]
    assert found[-60:] == whole[-60:]
    assert main(["journal", "verify", str(tmp_path / "opened" / "journal")]) == 0
    writer.close(MONDAY)


@pytest.mark.usefixtures("secrets_around")
def test_nothing_secret_is_in_it(config: Path, tmp_path: Path, capsys: Capture) -> None:
    record(tmp_path / "recordings", client=f"a client that sent {TOKEN}")
    log = tmp_path / "logs" / "depthbridge.log"
    log.write_text(log.read_text() + log_line(28, "said", text="swordfish-42") + "\n")
    files = collect(config, tmp_path / "incident.zip")
    data = b"".join(files.values()) + capsys.readouterr().out.encode()
    for secret in (TOKEN, "AnotherOne12345", "abc.def", "swordfish-42", "hidden place"):
        assert secret.encode() not in data, secret
    assert HIDDEN.encode() in files["log/depthbridge.log"]
    assert b"key.pem" in files["log/depthbridge.log"], "names of keys may be known"
    assert b"left out, because it holds a secret" in files["README.txt"]
    assert not [name for name in files if name.startswith("journal/")]


def test_the_log_of_these_minutes(config: Path, tmp_path: Path) -> None:
    record(tmp_path / "recordings")
    text = collect(config, tmp_path / "a.zip")["log/depthbridge.log"].decode()
    assert [
        word for word in ("long ago", "asked", "in the file before", "Traceback") if word in text
    ] == [
        "asked",
        "in the file before",
        "Traceback",
    ]
    text = collect(config, tmp_path / "b.zip", "--last", "1h")["log/depthbridge.log"].decode()
    assert "long ago" in text
    text = collect(config, tmp_path / "c.zip", "--last", "270s")["log/depthbridge.log"].decode()
    assert "asked" not in text
    assert '"other"' in text


def bridge_line(minute: float, number: int, event: str, detail: str) -> str:
    moment = datetime.fromtimestamp(MONDAY / NS + minute * 60, UTC)
    time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    facts = {"time": time, "level": "WARNING", "number": number, "event": event, "detail": detail}
    return json.dumps(facts) + "\n"


@pytest.mark.parametrize("named", [True, False])
def test_the_bridges_side_stands_between_the_servers(
    config: Path, tmp_path: Path, named: bool
) -> None:
    record(tmp_path / "recordings")
    home = tmp_path / ("elsewhere" if named else "home/Documents/NinjaTrader 8")
    log = home / "depthbridge" / "bridge.log"
    log.parent.mkdir(parents=True)
    log.with_name("bridge.log.1").write_text(bridge_line(22, 401, "the feed was lost", ""))
    torn = '{"time": "2026-11-16T15'
    log.write_text(
        bridge_line(2, 100, "long ago", "")
        + bridge_line(25.05, 101, "broken", f"Bearer {TOKEN}")
        + torn
    )
    words = ["--ninjatrader", str(home)] if named else []
    files = collect(config, tmp_path / "incident.zip", *words)
    told = files["log/ninjatrader/bridge.log"].decode()
    assert [json.loads(line)["number"] for line in told.splitlines()[:-1]] == [401, 101]
    assert TOKEN not in told
    rows = list(csv.DictReader(io.StringIO(files["timeline.csv"].decode())))
    assert [row["received"] for row in rows] == sorted(row["received"] for row in rows)
    place = [row["entry"] for row in rows].index("bridge")
    assert rows[place]["detail"] == "401: the feed was lost"
    second = [row for row in rows if row["entry"] == "bridge"][1]
    assert second["received"] == "2026-11-16T15:25:03.000000000Z"
    assert second["detail"].startswith("101: broken (")
    near = rows[rows.index(second) - 1], rows[rows.index(second) + 1]
    assert [row["received"][14:19] for row in near] == ["25:00", "25:10"]
    assert {row["instrument"] for row in rows} == {"ES 12-26", ""}


def test_without_recordings_and_log(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "depthbridge.yaml"
    path.write_text(yaml.safe_dump({"recording": {"folder": str(tmp_path / "none")}}))
    files = collect(path, tmp_path / "incident.zip")
    assert b"nothing was recorded" in files["README.txt"]
    assert b"set logging.file" in files["README.txt"]
    assert b"nothing of the bridge" in files["README.txt"]
    assert not [name for name in files if name.startswith("log/")]
    assert files["timeline.csv"].decode().strip() == ",".join(COLUMNS)
    assert "nothing was recorded" in capsys.readouterr().out


def test_damage_is_named_and_what_is_good_is_there(config: Path, tmp_path: Path) -> None:
    writer = record(tmp_path / "recordings")
    hurt = segments_of(writer.home)[-1]
    data = bytearray(hurt.read_bytes())
    data[-600] ^= 1
    hurt.write_bytes(data)
    files = collect(config, tmp_path / "incident.zip")
    assert f"damaged: {hurt}".encode() in files["README.txt"]
    (copy,) = [body for name, body in files.items() if name.endswith(hurt.name)]
    assert len(data) - 1000 < len(copy) < len(data) - 500
    writer.close(MONDAY)


class _Health(BaseHTTPRequestHandler):
    asked: list[str | None]

    def do_GET(self) -> None:
        self.asked.append(self.headers["Authorization"])
        self.send_response(200 if len(self.asked) == 1 else 503)
        self.end_headers()
        self.wfile.write(b'{"status": "ok"}')

    def log_message(self, *_: object) -> None:
        """Nothing on the console."""


@pytest.fixture
def server() -> Iterator[tuple[int, list[str | None]]]:
    asked: list[str | None] = []
    handler = type("Handler", (_Health,), {"asked": asked})
    running = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running.server_address[1], asked
    running.shutdown()
    running.server_close()
    thread.join()


def test_a_running_server_is_asked(
    config: Path, tmp_path: Path, server: tuple[int, list[str | None]]
) -> None:
    values = yaml.safe_load(config.read_text())
    values["server"]["port"] = server[0]
    config.write_text(yaml.safe_dump(values))
    first = collect(config, tmp_path / "a.zip")
    assert json.loads(first["health.json"]) == {"status": "ok"}
    assert server[1] == [f"Bearer {TOKEN}"]
    second = collect(config, tmp_path / "b.zip")
    assert "503" in json.loads(second["health.json"])["error"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--last", "10"], "--last 10"),
        (["--last", "0m"], "--last 0m"),
        (["--last", "-5m"], "argument --last"),
        (["--out", "x.tar"], ".zip"),
        (["--out", "nowhere/x.zip"], "cannot be written"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--ninjatrader", "nowhere"], "nowhere is no folder"),
    ],
)
def test_wrong_words_end_with_one_line(
    words: list[str], said: str, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["incident", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_name_tells_the_time(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["incident", "--config", str(config)]) == 0
    (out,) = tmp_path.glob("depthbridge-incident-*.zip")
    assert str(time.gmtime().tm_year) in out.name


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200)])
def test_durations(text: str, seconds: int) -> None:
    assert incident.duration(text) == seconds * NS
    for wrong in ("", "m", "1d", "1.5h", "10 m"):
        with pytest.raises(UsageError):
            incident.duration(wrong)


def test_slices_take_what_they_need(tmp_path: Path) -> None:
    writer = record(tmp_path)
    end = newest_time(tmp_path)
    assert end == MONDAY + 30 * MINUTE
    (part,) = slices(tmp_path, end - MINUTE)
    assert len(part.segments) == 1
    (all_of_it,) = slices(tmp_path, 0)
    assert [path for path, _ in all_of_it.segments] == list(segments_of(tmp_path))
    assert list(slices(tmp_path, end + 1)) == []
    for held in (False, True):
        writer.write(HoldEntry(held), end)
    (with_bye,) = slices(tmp_path, end)
    assert [one.entry for one in moments(with_bye, end, 2)] == ["bye", "back"]
    assert len(moments(all_of_it, 0, 10)) == 10, "the newest ones"
    assert moments(all_of_it, 0, 10)[-1].entry == "heartbeat"
    assert slices_module._iso(2**62) == "2116-02-20T23:53:38.427387904Z"
    assert slices_module._iso(-(2**70)) == str(-(2**70))
    writer.close(end)


def test_what_is_written_after_the_slice_is_not_in_its_timeline(tmp_path: Path) -> None:
    writer = record(tmp_path, minutes=2)
    (part,) = slices(tmp_path, 0)
    before = moments(part, 0, 10**6)
    writer.write(ClockEntry(MONDAY + 5 * MINUTE), MONDAY + 5 * MINUTE)
    assert moments(part, 0, 10**6) == before, "the copy of the segment does not hold it either"
    writer.close(MONDAY)


def test_a_redactor_without_secrets_changes_nothing() -> None:
    redactor = Redactor(settings_from({}), {"PATH": "/usr/bin", "X_TOKEN": "short"})
    text = "the keys of the market: short 12"
    assert redactor.text(text) == text
    assert not redactor.holds_secret(text.encode())
    assert redactor.token == ""
    assert load_settings(None, environment={}).config_hash in str(redactor.configuration())
