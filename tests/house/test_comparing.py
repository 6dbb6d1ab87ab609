"""Our numbers beside NinjaTrader's: each cause, planted alone, is found, and nothing else."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from depthbridge.cli import main
from depthbridge.comparing.causes import _spread
from depthbridge.comparing.tallies import Bar

SECOND = 10**9
MINUTE = 60 * SECOND
RTH = int(datetime(2026, 11, 16, 14, 30, tzinfo=UTC).timestamp()) * SECOND
NAME = "ES 12-26"


class Trade(NamedTuple):
    time: int
    price: float
    size: int
    bid: float
    ask: float
    side: int


def trades(start: int = RTH, minutes: int = 6) -> list[Trade]:
    """Alternately at the ask and at the bid, never at a full minute."""
    found = []
    for i in range(minutes * 12):
        time = start + 5 * SECOND * i + SECOND
        low = 6750 + 0.25 * ((i * 7) % 9)
        buy = i % 3 > 0
        found.append(Trade(time, low + 0.25 * buy, 1 + i % 5, low, low + 0.25, int(buy)))
    return found


def recording(folder: Path, told: Sequence[Trade], op: int = 1) -> Path:
    """CSV as the bridge's trades would be; op 1: by the trade's own bid and ask."""
    path = folder / f"{NAME}.csv"
    rows = [f"{t.time},3,{t.side},{op},0,{t.price},{t.size}" for t in told]
    path.write_text("time_ns,kind,side,op,position,price,size\n" + "\n".join(rows) + "\n")
    return path


def stamp(time: int) -> str:
    moment = datetime.fromtimestamp(time // SECOND, UTC)
    return moment.strftime("%Y%m%d %H%M%S")


def ticks(folder: Path, told: Sequence[Trade]) -> Path:
    path = folder / f"{NAME}.Last.txt"
    path.write_text(
        "".join(
            f"{stamp(t.time)} {t.time % SECOND // 100:07d};{t.price};{t.bid};{t.ask};{t.size}\n"
            for t in told
        )
    )
    return path


def bars(
    folder: Path, told: Sequence[Trade], minutes: int = 1, *, late: bool = False, day: bool = False
) -> Path:
    path = folder / f"{NAME}.Last.txt"
    groups: dict[int, list[Trade]] = {}
    step = minutes * MINUTE
    for t in told:
        end = -(-t.time // step) * step if late else t.time // step * step + step
        groups.setdefault(end, []).append(t)
    lines = []
    for end, part in sorted(groups.items()):
        prices = [t.price for t in part]
        volume = sum(t.size for t in part)
        at = stamp(end)[:8] if day else stamp(end)
        lines.append(f"{at};{prices[0]};{max(prices)};{min(prices)};{prices[-1]};{volume}\n")
    path.write_text("".join(lines))
    return path


def compared(
    folder: Path, source: Path, export: Path, *words: str
) -> tuple[dict[str, Any], dict[str, int]]:
    out = folder / "differences.json"
    assert main(["compare", str(source), str(export), "--json", str(out), *words]) == 0
    found = json.loads(out.read_text())
    return found, {cause["cause"]: cause["count"] for cause in found["causes"]}


def test_equal_ticks_differ_in_nothing_but_the_share(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = trades()
    found, causes = compared(tmp_path, recording(tmp_path, told), ticks(tmp_path, told))
    assert found["bars"] == {"compared": 6, "equal": 6}
    assert set(causes) <= {"value_area"}
    session = found["sessions"][0]
    assert session["trade_date"] == "2026-11-16"
    assert session["export"]["nt68"] == session["recording"]["nt68"]
    assert (
        session["volume"]["recording"] == session["volume"]["export"] == sum(t.size for t in told)
    )
    said = capsys.readouterr().out
    assert "6 of 6 minutes of ticks are equal in price and volume" in said
    assert "2026-11-16: volume" in said


@pytest.mark.parametrize("minutes", [1, 2])
def test_bars_without_tick_replay_move_the_profile(tmp_path: Path, minutes: int) -> None:
    told = [t._replace(size=90 if t.price == 6751 else t.size) for t in trades()]
    found, causes = compared(tmp_path, recording(tmp_path, told), bars(tmp_path, told, minutes))
    assert found["bars"] == {"compared": 6 // minutes, "equal": 6 // minutes}
    assert found["period_s"] == 60 * minutes
    assert found["sessions"][0]["export"]["basis"] == "bars"
    assert causes["tick_replay"] == 1
    assert set(causes) <= {"tick_replay", "value_area"}


def test_a_bar_spreads_its_volume_evenly_and_the_rest_to_its_close() -> None:
    assert _spread(Bar(10, 12, 9, 11, 18)) == {9: 4, 10: 4, 11: 6, 12: 4}


def test_trades_at_the_full_minute_belong_to_the_bar_that_ends_there(tmp_path: Path) -> None:
    told = sorted([*trades(), Trade(RTH + 2 * MINUTE, 6760.0, 7, 6759.75, 6760.0, 1)])
    found, causes = compared(tmp_path, recording(tmp_path, told), bars(tmp_path, told, late=True))
    assert causes["minute_edge"] == 2
    assert "unexplained" not in causes
    assert found["bars"]["equal"] == 4


def test_trades_between_bid_and_ask_count_for_neither_in_ninjatrader(tmp_path: Path) -> None:
    told = trades()
    between = Trade(
        told[14].time + 1,
        told[14].price,
        9,
        told[14].price - 0.25,
        told[14].price + 0.25,
        told[14].side,
    )
    told = sorted([*told, between])
    found, causes = compared(tmp_path, recording(tmp_path, told), ticks(tmp_path, told))
    assert causes["between_spread"] == 1
    assert set(causes) <= {"between_spread", "value_area"}
    cause = next(c for c in found["causes"] if c["cause"] == "between_spread")
    assert cause["volume"] == 9
    assert found["bars"] == {"compared": 6, "equal": 6}


def test_other_aggressors_are_named_by_where_they_come_from(tmp_path: Path) -> None:
    told = trades()
    wrong = [told[0]._replace(side=1 - told[0].side), *told[1:]]
    _, causes = compared(tmp_path, recording(tmp_path, wrong, op=2), ticks(tmp_path, told))
    assert causes["aggressor_source"] == 1
    _, causes = compared(tmp_path, recording(tmp_path, wrong, op=1), ticks(tmp_path, told))
    assert causes["unexplained"] == 1


def test_an_export_of_regular_hours_is_another_session(tmp_path: Path) -> None:
    before = trades(RTH - 3 * MINUTE, 3)
    found, causes = compared(
        tmp_path, recording(tmp_path, before + trades()), bars(tmp_path, trades())
    )
    assert causes["session"] == 3
    assert "not_exported" not in causes
    assert found["bars"] == {"compared": 6, "equal": 6}


def test_a_day_bar_of_regular_hours_is_another_session(tmp_path: Path) -> None:
    before = trades(RTH - 3 * MINUTE, 3)
    whole = before + trades()
    source = recording(tmp_path, whole)
    day = bars(tmp_path, trades(), 1440, day=True)
    day.write_text(day.read_text().replace("20261117", "20261116"))
    _, causes = compared(tmp_path, source, day)
    assert causes["session"] == 1
    day = bars(tmp_path, whole, 1440, day=True)
    day.write_text(day.read_text().replace("20261117", "20261116"))
    found, causes = compared(tmp_path, source, day)
    assert found["bars"] == {"compared": 1, "equal": 1}
    assert "session" not in causes


def test_what_only_one_side_has(tmp_path: Path) -> None:
    evening = RTH - 10 * 3600 * SECOND
    whole = trades(evening, 6)
    holed = [t for t in whole if not 2 * MINUTE <= t.time - evening < 3 * MINUTE]
    _, causes = compared(tmp_path, recording(tmp_path, holed), bars(tmp_path, whole))
    assert causes["not_recorded"] == 1
    _, causes = compared(tmp_path, recording(tmp_path, whole), bars(tmp_path, holed))
    assert causes["not_exported"] == 1


@pytest.mark.parametrize("make", [ticks, bars])
def test_a_window_cuts_both_sides(tmp_path: Path, make: Any) -> None:
    told = trades()
    begin, end = (
        datetime.fromtimestamp(time // SECOND, UTC).isoformat() for time in (RTH, RTH + 3 * MINUTE)
    )
    words = ("--from", begin, "--to", end)
    found, causes = compared(tmp_path, recording(tmp_path, told), make(tmp_path, told), *words)
    assert found["bars"] == {"compared": 3, "equal": 3}
    assert set(causes) <= {"tick_replay", "value_area"}


def test_a_bar_that_nothing_explains_is_said_to_be_one(tmp_path: Path) -> None:
    told = trades()
    less = [told[0]._replace(size=told[0].size + 3), *told[1:]]
    found, causes = compared(tmp_path, recording(tmp_path, told), bars(tmp_path, less))
    assert causes["unexplained"] == 1
    cause = next(c for c in found["causes"] if c["cause"] == "unexplained")
    assert cause["volume"] == 3
    assert cause["examples"][0]["export"][4] - cause["examples"][0]["recording"][4] == 3


@pytest.mark.parametrize(
    ("lines", "words", "said"),
    [
        ("20250101 143100;6750;6751;6749;6750;9\n", [], "nothing to compare: the recording has"),
        ("nonsense\n", [], "is malformed"),
        ("20261116 143100 0000000;6750;x;6750;9\n", [], "is malformed"),
        (None, [], "does not exist"),
        ("20261116 143100;6750;6751;6749;6750;9\n", ["--json", "out.txt"], "ends in .json"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    lines: str | None,
    words: list[str],
    said: str,
) -> None:
    export = tmp_path / f"{NAME}.Last.txt"
    if lines is not None:
        export.write_text(lines)
    source = recording(tmp_path, trades())
    assert main(["compare", str(source), str(export), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.strip().count("\n") == 0


def moved(told: Sequence[Trade], quarters: int) -> list[Trade]:
    return [t._replace(time=t.time + quarters * 15 * MINUTE) for t in told]


def varied(minutes: int) -> list[Trade]:
    """No two bars of one volume."""
    return [t._replace(size=t.size + i * i) for i, t in enumerate(trades(minutes=minutes))]


@pytest.mark.parametrize(("minutes", "quarters"), [(30, 1), (90, -4), (30, -24), (30, 22)])
@pytest.mark.parametrize("make", [bars, ticks])
def test_an_export_in_another_time_zone_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Any, minutes: int, quarters: int
) -> None:
    told = varied(minutes)
    export = make(tmp_path, moved(told, quarters))
    assert main(["compare", str(recording(tmp_path, told)), str(export)]) == 2
    error = capsys.readouterr().err
    way = "later" if quarters > 0 else "earlier"
    hours, rest = divmod(abs(quarters), 4)
    assert f"the export's times are {hours}:{rest * 15:02} h {way}" in error
    assert "--time-zone" in error
    assert error.strip().count("\n") == 0


def test_a_few_bars_that_are_equal_at_another_time_are_no_time_zone(tmp_path: Path) -> None:
    told = varied(30)
    less = [t._replace(size=t.size + 3) for t in moved(told, 1)]
    less[:84] = moved(told, 1)[:84]  # seven bars of thirty
    _, causes = compared(tmp_path, recording(tmp_path, told), bars(tmp_path, less))
    assert causes["unexplained"] == 15
    _, causes = compared(tmp_path, recording(tmp_path, told), bars(tmp_path, moved(told, 1)[:48]))
    assert causes["unexplained"] == 4


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("MES 12-26.Last.txt", "MES 12-26"),
        ("ES 03-27.Last.txt", "ES 03-27"),
        ("NQZ6.Last.txt", "NQ 12-26"),
        ("NQ.Last.txt", "NQ"),
        ("ES ##-##.Last.txt", None),
        ("ESZ6.Last.txt", None),
        ("es.Last.txt", None),
        ("export.txt", None),
    ],
)
def test_an_export_named_after_another_contract_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, refused: str | None
) -> None:
    told = trades()
    export = bars(tmp_path, told).rename(tmp_path / name)
    ended = main(["compare", str(recording(tmp_path, told)), str(export)])
    error = capsys.readouterr().err
    if refused is None:
        assert ended == 0
    else:
        assert ended == 2
        assert f"the recording is of {NAME}, the export by its name of {refused}" in error
        assert error.strip().count("\n") == 0


def test_bids_are_nothing_to_compare_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export = tmp_path / f"{NAME}.Bid.txt"
    export.write_text("20261116 143100 0000000;6750;9\n")
    assert main(["compare", str(recording(tmp_path, trades())), str(export)]) == 2
    assert "export Last, not Bid or Ask" in capsys.readouterr().err
