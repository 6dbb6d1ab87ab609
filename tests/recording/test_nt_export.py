"""NinjaTrader's historical text export: ticks with and without quotes, bars; always UTC."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from market.errors import FileFormatError
from recording.entries import BarEntry
from recording.readers import open_recording
from recording.readers.export_kernel import parse_export
from recording.readers.nt_export import FORMAT
from recording.readers.state import new_parser
from recording.readers.zones import zone_table
from tests.recording.helpers import rows_of, until_error

NINE = int(datetime(2026, 1, 11, 23, 0, 0, tzinfo=UTC).timestamp()) * 10**9


def write(tmp_path: Path, name: str, *lines: str, end: str = "\r\n") -> Path:
    path = tmp_path / name
    path.write_bytes("".join(line + end for line in lines).encode())
    return path


def test_ticks_with_the_quotes_of_their_moment(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "NQ 03-26.Last.txt",
        "20260111 230000 0960000;25946.5;25946.25;25946.5;62",
        "20260111 230000 0960000;25946.25;25946.25;25946.75;1",
        "20260111 230001 0000001;25946.5;25946.25;25946.75;2",
        "20260111 230001 9999999;25947,25;25946,25;25946,75;3",
    )
    recording = open_recording(path)
    assert recording.format is FORMAT
    assert rows_of(recording) == [
        (0, NINE + 96_000_000, 3, 1, 1, 0, 103786, 62, ""),
        (1, NINE + 96_000_000, 3, 0, 1, 0, 103785, 1, ""),
        (2, NINE + 10**9 + 100, 3, 0, 1, 0, 103786, 2, ""),
        (3, NINE + 10**9 + 999_999_900, 3, 1, 1, 0, 103789, 3, ""),
    ]
    assert recording.report.zone == "UTC"


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("NQ 03-26.Last.txt", [(3, 2, 4), (3, 1, 3), (3, 1, 3), (3, 0, 3)]),
        ("NQ 03-26.txt", [(3, 2, 4), (3, 1, 3), (3, 1, 3), (3, 0, 3)]),
        ("NQ 03-26.Bid.txt", [(2, 1, 0)] * 4),
        ("NQ 03-26.Ask.txt", [(2, 0, 0)] * 4),
    ],
)
def test_single_prices_are_what_the_name_says(
    tmp_path: Path, name: str, rows: list[tuple[int, int, int]]
) -> None:
    path = write(
        tmp_path,
        name,
        "20260111 230000 0960000;25946.5;62",
        "20260111 230000 0970000;25946.75;1",
        "20260111 230000;25946.75;1",
        "20260111 230001;25946.25;1",
    )
    recording = open_recording(path)
    assert [row[2:5] for row in rows_of(recording)] == rows
    assert recording.report.inversions == 1


@pytest.mark.parametrize(
    ("stamp", "time", "series"),
    [
        ("20260111 230100", NINE + 60 * 10**9, {"type": "minute", "value": 1}),
        ("20260111", NINE - 23 * 3600 * 10**9, {"type": "day", "value": 1}),
    ],
)
def test_bars(tmp_path: Path, stamp: str, time: int, series: dict[str, object]) -> None:
    path = write(
        tmp_path, "ES 03-26.Last.txt", f"{stamp};6900.25;6901;6899.75;6900.5;311", end="\n"
    )
    bars = [entry for entry in open_recording(path) if isinstance(entry, BarEntry)]
    assert bars == [
        BarEntry(
            1,
            {
                "series": series,
                "time": time,
                "open": 6900.25,
                "high": 6901.0,
                "low": 6899.75,
                "close": 6900.5,
                "volume": 311,
            },
        )
    ]


TICK = "20260111 230000 0960000;25946.5;62"
BAR = "20260111 230100;6900.25;6901;6899.75;6900.5;311"


@pytest.mark.parametrize(
    ("good", "wrong"),
    [
        (TICK, "20260111 230000 960000;25946.5;62"),
        (TICK, "20260111 250000 0960000;25946.5;62"),
        (TICK, "20260111-230000;25946.5;62"),
        (TICK, "20260111 230000;25946.5;-62"),
        (TICK, "20260111 230000;25946.5;62;1"),
        (TICK, "20260111 230000;25946.3;62"),
        (TICK, "20260111 230000;25946.5"),
        (BAR, "20260111 230100;6900.25;6901;6899.75;6900.5"),
        (BAR, "20260111 230100;x;6901;6899.75;6900.5;311"),
        (BAR, "20260111 239900;6900.25;6901;6899.75;6900.5;311"),
    ],
)
def test_a_wrong_line_ends_the_recording_or_is_skipped(
    tmp_path: Path, good: str, wrong: str
) -> None:
    path = write(tmp_path, "NQ 03-26.Last.txt", good, good, wrong, good)
    entries, error = until_error(open_recording(path))
    assert isinstance(error, FileFormatError)
    assert error.line == 2
    assert len(entries) in (2, 3)
    recording = open_recording(path, tolerant=True)
    assert len(rows_of(recording)) + sum(isinstance(e, BarEntry) for e in recording) == 3
    assert (recording.report.malformed, recording.report.first_malformed) == (1, 2)


def test_a_cut_last_line_is_not_taken(tmp_path: Path) -> None:
    for good in (TICK, BAR):
        path = write(tmp_path, "NQ 03-26.Last.txt", good, good)
        path.write_bytes(path.read_bytes().rstrip())
        entries, error = until_error(open_recording(path))
        assert isinstance(error, FileFormatError)
        assert error.line == 1
        assert len(entries) == 2


def test_a_tick_export_has_no_zone_to_infer() -> None:
    from market.ticks import Grid

    parser = new_parser(Grid(0.25), Grid(1), zone_table("UTC"))
    assert parser["zones"][0] == 1
    assert parse_export.__doc__
