"""The bridge's log file: what the server's side reads of it, its size, a disk that refuses."""

import json
from datetime import datetime
from pathlib import Path

from tests.csharp.build import Program


def written(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_events_are_lines_with_their_time(runner: Program, tmp_path: Path) -> None:
    path = tmp_path / "depthbridge" / "bridge.log"
    assert runner.run("log-file", str(path), "1000000", "120").split() == ["True", "0"]
    lines = written(path)
    assert len(lines) == 120
    assert list(lines[1]) == ["time", "level", "number", "event", "detail"]
    assert lines[0]["number"] == 401
    assert (lines[0]["level"], lines[1]["level"]) == ("WARNING", "INFORMATION")
    assert lines[1]["detail"] == 'fact "1"'
    assert "detail" not in lines[0]
    moments = [datetime.fromisoformat(line["time"]) for line in lines]
    assert moments[0].isoformat() == "2025-11-27T20:40:00.001000+00:00"
    assert moments == sorted(moments)


def test_a_full_file_is_kept_once(runner: Program, tmp_path: Path) -> None:
    path = tmp_path / "bridge.log"
    assert runner.run("log-file", str(path), "4000", "400").split() == ["True", "0"]
    old = path.with_name("bridge.log.1")
    assert sorted(tmp_path.iterdir()) == [path, old]
    assert 4000 <= old.stat().st_size < 4000 + 50 * 200
    lines = written(old) + written(path)
    assert 40 < len(lines) < 400
    times = [line["time"] for line in lines]
    assert times == sorted(set(times)), "no line twice"
    assert times[-1] == "2025-11-27T20:40:00.400Z"


def test_a_disk_that_refuses_costs_lines_and_nothing_else(runner: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = runner.run("log-file", str(tmp_path / "file" / "bridge.log"), "4000", "20")
    assert said.split() == ["True", "20"]
