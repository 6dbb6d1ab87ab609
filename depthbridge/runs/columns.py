"""Records and rows as columns for people: prices, sizes, words."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from depthbridge.runs.base import Columns
from market.instrument import Instrument
from orderbook import METRICS_FIELDS
from orderbook.describe import OUTLOOKS, PHASES

__all__ = ["in_units", "metrics_columns", "words_of"]


def metrics_columns(rows: NDArray[Any]) -> Columns:
    """METRICS_ROW to columns as exported: words for codes, NaN for null."""
    columns: Columns = {name: rows[name] for name in METRICS_FIELDS}
    columns["phase"] = words_of(PHASES, rows["phase"])
    columns["outlook"] = words_of(OUTLOOKS, rows["outlook"])
    columns["since"] = np.ma.MaskedArray(rows["since"], rows["since"] == 0)
    for name in ("complete", "warmup"):
        columns[name] = rows[name] == 1
    return columns


def in_units(sizes: NDArray[np.int64], instrument: Instrument) -> NDArray[Any]:
    """Size steps as sizes: whole numbers where the step is."""
    grid = instrument.size
    if grid.denominator == 1:
        return np.ascontiguousarray(sizes) * grid.numerator
    return sizes * grid.numerator / grid.denominator


def words_of(words: tuple[str, ...], codes: NDArray[Any]) -> Any:  # noqa: ANN401 - a pyarrow array
    """Codes to words; a negative code is null."""
    import pyarrow as pa

    places = np.asarray(codes).astype(np.int64)
    indices = pa.array(np.where(places < 0, 0, places), mask=places < 0)
    return pa.array(words, pa.string()).take(indices)
