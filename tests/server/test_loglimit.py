"""What is said too often is counted instead, and nothing else is lost."""

import json
import logging
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import SettingsError
from server.loglimit import RateLimit
from server.logs import DEFAULT_CONFIG, JsonLines, log_file


def said(at: float, template: str = "refused", name: str = "depthbridge.x") -> logging.LogRecord:
    return logging.makeLogRecord({"name": name, "msg": template, "created": at})


def test_a_burst_passes_then_so_many_a_second() -> None:
    limit = RateLimit(burst=3, per_second=2)
    times = [0.0] * 10 + [1.0] * 10 + [1.5] * 10
    passed = [at for at in times if limit.filter(said(at))]
    assert Counter(passed) == {0.0: 3, 1.0: 2, 1.5: 1}


def test_the_next_that_passes_says_how_many_did_not() -> None:
    limit = RateLimit(burst=1, per_second=1)
    assert [limit.filter(said(0.0)) for _ in range(8)] == [True, *[False] * 7]
    after, later = said(1.0), said(2.0)
    assert limit.filter(after)
    assert json.loads(JsonLines().format(after))["suppressed"] == 7
    assert limit.filter(later)
    assert "suppressed" not in json.loads(JsonLines().format(later))


@given(st.lists(st.tuples(st.floats(0, 3), st.sampled_from("abc"))))
def test_nothing_is_lost_without_being_counted(steps: list[tuple[float, str]]) -> None:
    limit = RateLimit(burst=2, per_second=1)
    now, given_, shown = 0.0, Counter[str](), Counter[str]()
    for step, template in steps:
        now += step
        given_[template] += 1
        record = said(now, template)
        if limit.filter(record):
            shown[template] += 1 + getattr(record, "suppressed", 0)
    for template in "abc":
        last = said(now + 1000, template)
        assert limit.filter(last)
        shown[template] += getattr(last, "suppressed", 0)
    assert shown == given_


def test_one_template_does_not_silence_another() -> None:
    limit = RateLimit(burst=1, per_second=1)
    assert limit.filter(said(0.0))
    assert limit.filter(said(0.0, "book fault"))
    assert limit.filter(said(0.0, name="depthbridge.y"))
    assert not limit.filter(said(0.0))


def test_a_template_with_a_rate_of_its_own() -> None:
    limit = RateLimit(burst=1, per_second=1, templates={"stages": 50})
    assert sum(limit.filter(said(0.0, "stages")) for _ in range(1000)) == 100
    assert sum(limit.filter(said(1.0, "stages")) for _ in range(1000)) == 50


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    limit = RateLimit(burst=1, per_second=1)
    assert limit.filter(said(1000.0))
    assert not limit.filter(said(10.0))
    assert limit.filter(said(11.5))


def test_endless_templates_share_a_bucket() -> None:
    limit = RateLimit(burst=1, per_second=1)
    passed = sum(limit.filter(said(0.0, f"template {number}")) for number in range(5000))
    assert passed == 1001
    assert len(limit._buckets) == 1001


def test_a_record_is_judged_once_for_all_handlers() -> None:
    first, second = RateLimit(burst=1), RateLimit(burst=1)
    for _ in range(3):
        record = said(0.0)
        assert first.filter(record) == second.filter(record)


def test_a_flood_writes_a_few_lines_into_the_file(tmp_path: Path) -> None:
    """Ten thousand refusals with long texts of a peer's choice, through the shipped settings."""
    path = tmp_path / "logs" / "depthbridge.log"
    handler = log_file(path)
    logger = logging.Logger("depthbridge.dialogue")  # noqa: LOG001 - of this test alone
    logger.addHandler(handler)
    for _ in range(10_000):
        logger.info("refused", extra={"reason": "x" * 100_000})
    handler.close()
    assert list(path.parent.iterdir()) == [path], "it never began anew"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    burst = DEFAULT_CONFIG["filters"]["limit"]["burst"]
    assert burst <= len(lines) <= burst + 60, "the flood lasts less than a minute"
    assert {len(line["reason"]) for line in lines} == {4096}


def test_the_file_begins_anew_and_old_ones_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.logs._FILE_BYTES", 1000)
    path = tmp_path / "depthbridge.log"
    handler = log_file(path, {})
    for number in range(200):
        handler.handle(said(float(number)))
    handler.close()
    assert len(list(tmp_path.iterdir())) == 6
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 6 * 1000


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        log_file(tmp_path / "taken" / "depthbridge.log")
    assert caught.value.key == "logging.file"
