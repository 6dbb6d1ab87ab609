"""The file of hit rates: round trip, whose rates they are, and what is no such file."""

import json
from pathlib import Path
from typing import Any

import pytest

from market.enums import Source
from market.errors import FileFormatError, SettingsError
from market.instrument import DEFAULT_INSTRUMENTS
from orderbook import Parameters
from orderbook.signals import confidence_of
from recording.hit_rates import HitRates, InstrumentRates, RuleRate

UNTIL = 1_795_099_800_000_000_000
RATES = HitRates(
    {
        ("ES", Source.LIVE): InstrumentRates(UNTIL, {"bounce": RuleRate(0.25, 40)}),
        ("ES 12-26", Source.PLAYBACK): InstrumentRates(
            UNTIL + 1, {"break": RuleRate(0.54, 120), "pull_ahead": RuleRate(1.0, 3)}
        ),
        ("ES 12-26", Source.LIVE): InstrumentRates(0, {"bounce": RuleRate(0.75, 9)}),
    }
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rates.json"
    RATES.write(path)
    assert HitRates.read(path) == RATES
    assert [left.name for left in tmp_path.iterdir()] == ["rates.json"]


def test_rates_are_of_one_instrument_and_source() -> None:
    plain = Parameters()
    contract = DEFAULT_INSTRUMENTS.define("ES 12-26")
    other = DEFAULT_INSTRUMENTS.define("ES 03-27")
    live = RATES.informed(plain, contract, Source.LIVE).signals
    assert (live.bounce_rate, live.break_rate, live.rates_until_ns) == (0.75, 0.0, 0)
    played = RATES.informed(plain, contract, Source.PLAYBACK).signals
    assert (played.break_rate, played.pull_rate, played.bounce_rate) == (0.54, 1.0, 0.0)
    assert confidence_of(played, "break", UNTIL + 1) is None
    assert confidence_of(played, "break", UNTIL + 2) == 0.54
    assert RATES.informed(plain, other, Source.LIVE).signals.bounce_rate == 0.25
    for stranger, source in ((contract, Source.REPLAY), (other, Source.PLAYBACK)):
        assert RATES.informed(plain, stranger, source) is plain
    assert RATES.informed(plain, DEFAULT_INSTRUMENTS.define("NQ 12-26"), Source.LIVE) is plain


def _file(**rates: Any) -> dict[str, Any]:
    return {"format": 1, "rates": {"ES": rates}}


@pytest.mark.parametrize(
    "content",
    [
        [],
        {"format": 2, "rates": {}},
        {"rates": {}},
        _file(moon={"until": 1, "rules": {}}),
        _file(live={"rules": {}}),
        _file(live={"until": -1, "rules": {}}),
        _file(live={"until": 1, "rules": {"luck": {"rate": 0.5, "signals": 1}}}),
        _file(live={"until": 1, "rules": {"break": {"rate": 1.5, "signals": 1}}}),
        _file(live={"until": 1, "rules": {"break": {"rate": float("nan"), "signals": 1}}}),
        _file(live={"until": 1, "rules": {"break": 0.5}}),
    ],
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, content: Any) -> None:
    path = tmp_path / "rates.json"
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(FileFormatError, match=r"rates\.json"):
        HitRates.read(path)


def test_a_file_that_is_not_there_or_no_json(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refusal:
        HitRates.read(tmp_path / "none.json")
    assert refusal.value.key == "recording.hit_rates"
    path = tmp_path / "rates.json"
    path.write_text("{", "utf-8")
    with pytest.raises(FileFormatError, match="no file of hit rates"):
        HitRates.read(path)
