"""What a reader noticed: counted while it reads, never printed by it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = ["Report"]


@dataclass(slots=True)
class Report:
    """Counts so far, complete once the recording has been read to its end.

    Attributes:
        lines: lines (text) or records (binary) read.
        records: records delivered.
        inversions: lines whose time lies before the line before.
        first_inversion: the first of them, zero-based; None if there is none.
        uncarried: L1 lines by NinjaTrader type that no record carries (daily high, settlement, …).
        malformed: lines that ``tolerant`` skipped.
        first_malformed: the first of them, zero-based.
        zone: IANA name of the zone that wall times were read in; None where they are UTC already.
        zone_origin: ``given``, ``inferred``, ``sidecar``, ``default`` or ``format``.
        off_grid: orders put at a price between two ticks: kept at their exact prices.
        first_off_grid: line of the first of them, zero-based.
        left_out: trades at a price between two ticks, which no record can hold.
        gaps: gaps that the recording itself holds.
        first_time: time of the first record, ns UTC.
        last_time: the largest time, ns UTC.
        hears: whether ``received`` is wanted of each record, which takes time.
        received: when whoever recorded it heard of the frame delivered last, ns UTC, whole or by
            record; None where the input does not say it, or where it was not recorded live.
        notes: one line each for people: what was inferred, what is doubtful.
    """

    lines: int = 0
    records: int = 0
    inversions: int = 0
    first_inversion: int | None = None
    uncarried: dict[int, int] = field(default_factory=dict)
    malformed: int = 0
    first_malformed: int | None = None
    zone: str | None = None
    zone_origin: str = "format"
    off_grid: int = 0
    first_off_grid: int | None = None
    left_out: int = 0
    gaps: int = 0
    first_time: int | None = None
    last_time: int | None = None
    hears: bool = False
    received: "int | NDArray[np.int64] | None" = None
    notes: list[str] = field(default_factory=list)

    def summary(self) -> list[str]:
        """The lines that a person should see after reading."""
        lines = list(self.notes)
        if self.inversions:
            first = (self.first_inversion or 0) + 1
            lines.append(f"{self.inversions:,} lines go back in time, the first is line {first:,}")
        if self.malformed:
            first = (self.first_malformed or 0) + 1
            lines.append(f"{self.malformed:,} malformed lines skipped, the first is line {first:,}")
        if self.off_grid:
            first = (self.first_off_grid or 0) + 1
            lines.append(
                f"{self.off_grid:,} orders at prices between two ticks, the first is line {first:,}"
            )
        if self.left_out:
            lines.append(f"{self.left_out:,} trades at prices between two ticks are left out")
        if self.gaps:
            lines.append(f"{self.gaps:,} gaps")
        return lines
