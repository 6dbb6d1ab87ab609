"""Writes a run into an output file, with progress, and says what the reader noticed."""

import sys
from pathlib import Path
from typing import Any

from depthbridge.inputs import check_reach
from depthbridge.outputs import LinesOutput, TableOutput
from depthbridge.progress import Progress
from depthbridge.runs import Run
from market.errors import DataError

__all__ = ["export"]


def export(run: Run, schema: Any, out: Path, *besides: LinesOutput | None) -> int:  # noqa: ANN401
    """Write all columns of a run.

    Data that ends to be good half-way is still delivered: the output has what came before.

    Args:
        run: yields columns.
        schema: of the output, pyarrow.
        out: the output's name.
        besides: outputs that the run fills on its own, finished together with ``out``.

    Returns:
        Exit code 0.

    Raises:
        DataError: after the output is complete up to where the data was good.
        UsageError: the recording holds nothing of the window; there is no output then.
    """
    error: DataError | None = None
    with TableOutput(out, schema) as table, Progress() as progress:
        try:
            for columns in run:
                table.write(columns)
                progress.at(run.rows)
        except DataError as caught:
            error = caught
        if run.instrument is None or (error is not None and run.rows == 0):
            assert error is not None
            raise error
        if not table.rows and error is None:
            check_reach(run.recording, run.window)
        table.metadata.update(run.metadata())
        table.commit()
        for output in besides:
            if output is not None:
                output.commit()
    for line in run.recording.report.summary():
        print(line, file=sys.stderr)
    if not run.recording.report.records and error is None:
        print(f"{run.recording.path} holds no record", file=sys.stderr)
    if run.gaps:
        print(f"{len(run.gaps)} gaps", file=sys.stderr)
    for word, (count, first) in run.order_faults.items():
        print(f"{count:,} order records: {word}, the first is {first + 1:,}", file=sys.stderr)
    print(f"{table.rows:,} rows in {out}")
    if error is not None:
        raise error
    return 0
