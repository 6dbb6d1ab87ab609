"""The commands as a user runs them: exit codes, one clear line, a clean end."""

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from recording.entries import FrameEntry
from recording.journal import FolderLock, read_journal
from tests.waiting import PATIENCE_S


class Command:
    """A running command."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root
        self._running: list[subprocess.Popen[str]] = []

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        env = {**os.environ, "DEPTHBRIDGE_RECORDING_FOLDER": str(self._folder), **variables}
        process = subprocess.Popen(
            [sys.executable, "-m", "depthbridge", *arguments],
            cwd=self._root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._running.append(process)
        return process

    def run(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        process = self.start(*arguments, **variables)
        out, err = process.communicate(timeout=200)
        return process.returncode, out, err

    def stop(self) -> None:
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.communicate()


@pytest.fixture
def command(tmp_path: Path, root: Path) -> Iterator[Command]:
    made = Command(tmp_path / "recordings", root)
    yield made
    made.stop()


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+:(\d+)/", line)
    assert found is not None, line
    return f"ws://127.0.0.1:{found[1]}/ws"


def require_one_line(err: str, *words: str) -> None:
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_a_port_in_use(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, err = command.run("serve", "--port", port)
    assert code == 2
    require_one_line(err, port, "--port")


def test_a_folder_in_use(command: Command, tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "recordings")
    code, _, err = command.run("serve", "--port", "0")
    lock.release()
    assert code == 2
    require_one_line(err, "another server", "recordings")


def test_a_folder_that_cannot_be_written(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "below")
    code, _, err = command.run("serve", "--port", "0", DEPTHBRIDGE_RECORDING_FOLDER=folder)
    assert code == 2
    require_one_line(err, folder)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server: {prot: 1}", ("server.prot", "port")),
        ("server: {port: 99999}", ("server.port", "65535")),
        ("server: {host: 0.0.0.0}", ("server.host", "token")),
        ("a: [", ("YAML",)),
        ("logging: {config: /nowhere/log.yaml}", ("logging.config",)),
    ],
)
def test_a_bad_configuration(
    command: Command, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    code, _, err = command.run("serve", "--config", str(path))
    assert code == 2
    require_one_line(err, *words)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_signal_ends_it_cleanly(command: Command, number: int, code: int) -> None:
    process = command.start("serve", "--port", "0")
    url_of(process)
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code
    assert "Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_replay_into_a_server_ends_in_a_sealed_journal(
    command: Command, tmp_path: Path, sample_lines: Path
) -> None:
    server = command.start("serve", "--port", "0")
    url = url_of(server)
    code, out, err = command.run("replay", str(sample_lines), "--url", url)
    assert code == 0, err
    last = out.strip().splitlines()[-1]
    assert re.fullmatch(r"clusters: \d+ new, \d+ ended", last)
    server.send_signal(signal.SIGTERM)
    server.communicate(timeout=PATIENCE_S)
    assert server.returncode == 0
    reader = read_journal(tmp_path / "recordings")
    records = sum(len(e.frame.records) for e in reader if isinstance(e, FrameEntry))
    assert reader.report.clean
    found = re.search(r"([\d,]+) rows in", out)
    assert found is not None
    assert records == int(found[1].replace(",", "")) > 4_000


@pytest.fixture
def sample_lines(tmp_path: Path) -> Path:
    """The first lines of the bundled sample, with its sidecar."""
    import gzip

    import zstandard

    from depthbridge.sample import DUMP, SIDECAR

    with zstandard.open(DUMP, "rb") as packed, io.BufferedReader(packed) as text:
        lines: Any = [text.readline() for _ in range(5_000)]
    path = tmp_path / "part.txt.gz"
    path.write_bytes(gzip.compress(b"".join(lines)))
    (tmp_path / "part.txt.gz.json").write_bytes(SIDECAR.read_bytes())
    return path


def test_a_replay_without_a_server(command: Command, sample_lines: Path) -> None:
    code, _, err = command.run("replay", str(sample_lines), "--url", "ws://127.0.0.1:9/ws")
    assert code == 2
    require_one_line(err, "no server answers")


@pytest.mark.parametrize("speed", ["0", "-1", "fast", "nan"])
def test_a_speed_that_is_none(command: Command, sample_lines: Path, speed: str) -> None:
    code, _, err = command.run("replay", str(sample_lines), "--speed", speed)
    assert code == 2
    require_one_line(err, "--speed")


def test_the_main_job_once(command: Command) -> None:
    code, out, err = command.run("--once", "--port", "0")
    assert code == 0, err
    lines = out.strip().splitlines()
    assert lines[0].startswith("dashboard: http://127.0.0.1:")
    last = re.fullmatch(r"clusters: (\d+) new, (\d+) ended", lines[-1])
    assert last is not None
    new = sum(" new: " in line for line in lines)
    assert int(last[1]) == new > 20
    assert int(last[2]) <= new
    assert any("synced" in line for line in lines), "metrics are printed as well"
