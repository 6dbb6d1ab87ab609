"""Output files: CSV, Parquet or JSON lines by their ending, complete or not there at all.

A file is written beside its name as ``.part`` and takes its place in one step. Columns are NumPy
arrays or pyarrow arrays; NaN and masked values are null: an empty cell, never the word NaN. Floats
are the shortest that round-trip.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from market.errors import EnvironmentFault, UsageError

if TYPE_CHECKING:
    from recording.readers import Recording

__all__ = [
    "ENDINGS",
    "LinesOutput",
    "TableOutput",
    "check_ending",
    "keep_apart",
    "replacing",
    "table_of",
]

ENDINGS: Final = (".csv", ".parquet", ".jsonl")
_PART: Final = ".part"
_GROUP: Final = 1 << 16
"""Rows that are written together."""


def check_ending(path: Path, endings: Iterable[str] = ENDINGS) -> str:
    """The ending of an output's name.

    Raises:
        UsageError: none of ``endings``.
    """
    for ending in endings:
        if path.name.lower().endswith(ending) and len(path.name) > len(ending):
            return ending
    raise UsageError(f"{path}: an output ends in {', '.join(endings)}", code="bad_output")


def keep_apart(recording: "Recording", *outs: Path | None) -> None:
    """Refuse outputs that would destroy the input, or each other.

    Raises:
        UsageError: an output is a file of the recording or lies in its folder, or two are one.
    """
    taken: set[Path] = set()
    folder = recording.path.resolve() if recording.path.is_dir() else None
    inputs = [path for path, _ in recording.files]
    for out in outs:
        if out is None:
            continue
        places = {out.resolve(), out.with_name(out.name + _PART).resolve()}
        if any(_same_file(place, path) for place in places for path in inputs):
            raise UsageError(f"{out} is the input: name another output", code="bad_output")
        if folder is not None and folder in out.resolve().parents:
            raise UsageError(
                f"{out} lies in the input {recording.path}: name an output elsewhere",
                code="bad_output",
            )
        if places & taken:
            raise UsageError(f"{out} is named for two outputs", code="bad_output")
        taken |= places


def _same_file(one: Path, other: Path) -> bool:
    """Whether two names lead to one file, by whatever links."""
    return one.resolve() == other.resolve() or (
        one.exists() and other.exists() and one.samefile(other)
    )


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place when the block ends well, else is removed.

    Raises:
        EnvironmentFault: the folder is missing or cannot be written.
    """
    part = part_of(path)
    try:
        yield part
        _replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path: Path) -> Path:
    """Where a file is written until it is complete.

    Raises:
        UsageError: ``path`` is a folder.
        EnvironmentFault: its folder is missing or cannot be written.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a file", code="bad_output")
    part = path.with_name(path.name + _PART)
    try:
        part.open("wb").close()
    except OSError as cause:
        raise EnvironmentFault(f"{path} cannot be written: {cause.strerror}") from cause
    return part


def _replace(part: Path, path: Path) -> None:
    try:
        part.replace(path)
    except OSError as cause:
        raise EnvironmentFault(f"{path} cannot be replaced: {cause.strerror}") from cause


class _Output(ABC):
    """A file that appears with ``commit``; leaving the block without it leaves nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.part = part_of(path)
        self.rows = 0
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._open:
            self._open = False
            self._close()
            self.part.unlink(missing_ok=True)

    def commit(self) -> None:
        """Finish the file and put it in its place."""
        self._flush()
        self._open = False
        self._close()
        _replace(self.part, self.path)

    def _flush(self) -> None:  # noqa: B027 - lines hold nothing back
        """Write what is held back."""

    @abstractmethod
    def _close(self) -> None: ...


class TableOutput(_Output):
    """A table with fixed columns, written by batches.

    Args:
        path: ends in .csv, .parquet or .jsonl.
        schema: pyarrow schema; a ``timestamp[ns, UTC]`` column is whole nanoseconds in text.

    Attributes:
        metadata: what a Parquet file shall say besides, written at the end.
    """

    def __init__(self, path: Path, schema: Any) -> None:  # noqa: ANN401
        self._ending = check_ending(path)
        super().__init__(path)
        self.schema = schema
        self.metadata: dict[str, str] = {}
        self._waiting: list[Any] = []
        self._held = 0
        self._sink: Any = None
        if self._ending == ".parquet":
            import pyarrow.parquet as pq

            self._sink = pq.ParquetWriter(
                self.part,
                schema,
                compression="zstd",
                use_dictionary=True,
            )
        else:
            self._sink = self.part.open("wb")
            if self._ending == ".csv":
                self._sink.write(",".join(schema.names).encode() + b"\n")

    def write(self, columns: Mapping[str, Any]) -> None:
        """Add rows.

        Args:
            columns: for every column of the schema an array of the same length; one that is absent
                is all null.
        """
        table = table_of(columns, self.schema)
        self.rows += table.num_rows
        self._held += table.num_rows
        self._waiting.append(table)
        if self._held >= _GROUP:
            self._flush()

    def _flush(self) -> None:
        """Write what has come together, as one row group."""
        if not self._held:
            return
        import pyarrow as pa

        table = pa.concat_tables(self._waiting).combine_chunks()
        self._waiting.clear()
        self._held = 0
        if self._ending == ".parquet":
            self._sink.write_table(table)
        elif self._ending == ".csv":
            self._write_csv(table)
        else:
            self._write_json(table)

    def _write_csv(self, table: Any) -> None:  # noqa: ANN401
        from pyarrow import csv

        options = csv.WriteOptions(include_header=False, quoting_style="none")
        csv.write_csv(_plain_times(table), self._sink, options)

    def _write_json(self, table: Any) -> None:  # noqa: ANN401
        import orjson

        lines = [orjson.dumps(row) for row in _plain_times(table).to_pylist()]
        self._sink.write(b"\n".join(lines) + b"\n")

    def _close(self) -> None:
        if self._ending == ".parquet" and self.metadata:
            self._sink.add_key_value_metadata(self.metadata)
        self._sink.close()


class LinesOutput(_Output):
    """JSON lines of unlike objects."""

    def __init__(self, path: Path) -> None:
        check_ending(path, (".jsonl",))
        super().__init__(path)
        self._sink = self.part.open("wb")

    def write(self, text: bytes) -> None:
        """Add one object, as JSON without a line end."""
        self._sink.write(text + b"\n")
        self.rows += 1

    def _close(self) -> None:
        self._sink.close()


def table_of(columns: Mapping[str, Any], schema: Any) -> Any:  # noqa: ANN401
    """Columns as a pyarrow table; one that is absent is all null."""
    import pyarrow as pa

    count = len(next(iter(columns.values())))
    arrays = [_array(columns.get(field.name), field.type, count) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: Any, kind: Any, count: int) -> Any:  # noqa: ANN401 - pyarrow has no types
    import pyarrow as pa

    if values is None:
        return pa.nulls(count, kind)
    if isinstance(values, pa.Array):
        return values
    if isinstance(values, np.ma.MaskedArray):
        return pa.array(values.filled(0), kind, mask=np.ma.getmaskarray(values))
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        values = np.ascontiguousarray(values)
        return pa.array(values, kind, mask=np.isnan(values))
    if isinstance(values, np.ndarray):
        values = np.ascontiguousarray(values)
    return pa.array(values, kind)


def _plain_times(table: Any) -> Any:  # noqa: ANN401
    """Times as whole nanoseconds."""
    import pyarrow as pa

    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(place, field.name, table.column(place).cast(pa.int64()))
    return table
