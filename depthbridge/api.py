"""The Python API for recordings: open one, ask for tables, get them as frames or arrays."""

import argparse
import datetime
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from depthbridge.inputs import Input, open_input
from depthbridge.runs import (
    BookRun,
    ClustersRun,
    FootprintRun,
    MetricsRun,
    Run,
    SignalsRun,
    TradesRun,
    bar_kind,
    every_seconds,
)
from depthbridge.schemas import (
    book_schema,
    clusters_schema,
    footprint_schema,
    metrics_schema,
    signals_schema,
    trades_schema,
)
from market.errors import UsageError
from market.instrument import Instrument
from orderbook.footprints import choice
from orderbook.parameters import Clusters

if TYPE_CHECKING:
    import pandas
    import polars

__all__ = ["Recorded", "Table", "open"]


def open(
    source: str | Path,
    date: str | datetime.date | None = None,
    *,
    session: str | None = None,
    begin: str | None = None,
    end: str | None = None,
    format: str | None = None,
    instrument: str | None = None,
    tick_size: float | str | None = None,
    time_zone: str | None = None,
    tolerant: bool = False,
    seed: str | Path | None = None,
    config: str | Path | None = None,
) -> "Recorded":
    """Name a recording; nothing is read yet.

    Args:
        source: a file, a folder, or an instrument's name in the recordings folder.
        date: the trade date.
        session: ``RTH`` or ``ETH``: only its hours.
        begin: UTC, ISO (or ``HH:MM`` with ``date``); rows from there on.
        end: rows before it.
        format: instead of finding it by content.
        instrument: where the recording does not say it.
        tick_size: for an instrument that is not known.
        time_zone: of a dump's times, where the file does not show it.
        tolerant: skip and count what is wrong; a book fault empties the book.
        seed: of LOBSTER messages the order book file.
        config: a configuration file; its analytics settings shape ``metrics``, ``clusters``
            and ``signals``.

    Raises:
        UsageError: the date is none.
    """
    if isinstance(date, str):
        try:
            date = datetime.date.fromisoformat(date)
        except ValueError as cause:
            raise UsageError(f"date {date!r} is no date such as '2026-11-19'") from cause
    return Recorded(
        argparse.Namespace(
            input=str(source),
            date=date,
            session=session.upper() if session else None,
            begin=begin,
            end=end,
            format=format,
            instrument=instrument,
            tick_size=tick_size,
            time_zone=time_zone,
            tolerant=tolerant,
            seed=Path(seed) if seed else None,
            config=Path(config) if config else None,
        )
    )


class Recorded:
    """One recording; every table reads it anew, from its beginning, streaming."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def __repr__(self) -> str:
        day = f", {self._options.date}" if self._options.date else ""
        return f"depthbridge.open({self._options.input!r}{day})"

    @property
    def instrument(self) -> Instrument:
        """What the recording is of."""
        return self._open().recording.instrument

    def book(
        self, levels: int = 10, every: str | float = "change", *, strict: bool = False
    ) -> "Table":
        """The top levels of the book.

        Args:
            levels: levels of a row.
            every: ``event``, ``change``, or an interval: ``"1s"``, ``0.5`` (seconds).
            strict: a wrong order record raises BookFaultError, after the rows before it.
        """
        mode = every_seconds(str(every), ("event", "change"))

        def start() -> tuple[Run, Any]:
            given = self._open()
            run = BookRun(
                given.recording,
                levels,
                mode,
                given.window,
                tolerant=self._tolerant,
                strict=strict,
            )
            return run, book_schema(levels, given.recording.instrument)

        return Table(start)

    def trades(self) -> "Table":
        """Trades with aggressor, and how it is known."""

        def start() -> tuple[Run, Any]:
            given = self._open()
            run = TradesRun(given.recording, given.window, tolerant=self._tolerant)
            return run, trades_schema(given.recording.instrument)

        return Table(start)

    def metrics(
        self, every: str | float = "batch", batch: int = 200, *, strict: bool = False
    ) -> "Table":
        """The analytics, a row per batch of records or per interval.

        Args:
            every: ``batch``, or an interval: ``"1s"``, ``0.5`` (seconds).
            batch: records of a batch.
            strict: as of ``book``.
        """
        mode = every_seconds(str(every), ("batch",))

        def start() -> tuple[Run, Any]:
            given = self._open()
            run = MetricsRun(
                given.recording,
                mode,
                batch,
                given.window,
                parameters=given.settings.analytics,
                calendar_of=given.settings.calendar,
                informed=given.settings.informed,
                tolerant=self._tolerant,
                strict=strict,
            )
            return run, metrics_schema()

        return Table(start)

    def clusters(self) -> "Table":
        """Cluster events in order: ``new``, ``update``, ``end``."""

        def start() -> tuple[Run, Any]:
            given = self._open()
            run = ClustersRun(
                given.recording,
                given.window,
                parameters=given.settings.analytics,
                calendar_of=given.settings.calendar,
                informed=given.settings.informed,
                tolerant=self._tolerant,
            )
            return run, clusters_schema()

        return Table(start)

    def signals(self) -> "Table":
        """Signals in order, with the reason of each in words."""

        def start() -> tuple[Run, Any]:
            given = self._open()
            run = SignalsRun(
                given.recording,
                given.window,
                parameters=given.settings.analytics,
                calendar_of=given.settings.calendar,
                informed=given.settings.informed,
                tolerant=self._tolerant,
            )
            return run, signals_schema()

        return Table(start)

    def footprint(
        self,
        bars: str = "1m",
        preset: str | None = None,
        mode: str | None = None,
        zero: str | None = None,
        rows: int | None = None,
    ) -> "Table":
        """Volume by row and aggressor of each bar, a row per bar and traded price.

        Args:
            bars: minutes, trades or volume of a bar: ``"1m"``, ``"500t"``, ``"2000v"``.
            preset: of the imbalances: ``nt``, ``tv`` or ``atas``; None, here and below: as
                configured.
            mode: ``diagonal`` or ``horizontal``.
            zero: an opposite volume of zero: ``allow`` or ``ignore``.
            rows: least rows of a stack.

        Raises:
            UsageError: a word or a number out of range.
        """
        kind = bar_kind(bars)
        choice(Clusters(), preset, mode, zero, rows)

        def start() -> tuple[Run, Any]:
            given = self._open()
            chosen = choice(given.settings.analytics.clusters, preset, mode, zero, rows)
            run = FootprintRun(given.recording, kind, chosen, given.window, tolerant=self._tolerant)
            return run, footprint_schema(given.recording.instrument)

        return Table(start)

    @property
    def _tolerant(self) -> bool:
        return bool(self._options.tolerant)

    def _open(self) -> Input:
        return open_input(self._options)


class Table:
    """Rows that are read when they are asked for.

    Every ``to_…`` reads the recording; iterate over ``batches`` when it does not fit into memory.
    A damaged recording raises ``market.errors.DataError`` after what was good before it.
    """

    def __init__(self, start: Callable[[], tuple[Run, Any]]) -> None:
        self._start = start

    def batches(self) -> Iterator[Any]:
        """Tables of pyarrow, one after the other."""
        from depthbridge.outputs import table_of

        run, schema = self._start()
        for columns in run:
            yield table_of(columns, schema)

    def to_arrow(self) -> Any:  # noqa: ANN401 - a pyarrow.Table
        """One pyarrow table."""
        import pyarrow as pa

        from depthbridge.outputs import table_of

        run, schema = self._start()
        parts = [table_of(columns, schema) for columns in run]
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def to_polars(self) -> "polars.DataFrame":
        """A polars frame.

        Raises:
            UsageError: the package polars is not installed.
        """
        try:
            import polars
        except ImportError as cause:
            raise _missing("polars") from cause

        frame = polars.from_arrow(self.to_arrow())
        assert isinstance(frame, polars.DataFrame)
        return frame

    def to_pandas(self) -> "pandas.DataFrame":
        """A pandas frame.

        Raises:
            UsageError: the package pandas is not installed.
        """
        if find_spec("pandas") is None:
            raise _missing("pandas")
        frame: pandas.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_numpy(self) -> NDArray[Any]:
        """A structured array with the columns as fields.

        Times are int64 ns UTC; a column of whole numbers that has nulls is float64 with NaN; words
        are objects, None where null.
        """
        columns = {}
        table = self.to_arrow()
        for name in table.column_names:
            columns[name] = _numpy_column(table.column(name))
        rows = np.empty(table.num_rows, [(name, values.dtype) for name, values in columns.items()])
        for name, values in columns.items():
            rows[name] = values
        return rows


def _missing(package: str) -> UsageError:
    return UsageError(
        f"to_{package}() needs the package {package}: pip install {package}",
        code="missing_package",
    )


def _numpy_column(column: Any) -> NDArray[Any]:  # noqa: ANN401
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values
