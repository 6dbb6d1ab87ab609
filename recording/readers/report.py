"""What a reader noticed: counted while it reads, never printed by it."""

from dataclasses import dataclass, field

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
        gaps: gaps that the recording itself holds.
        first_time: time of the first record, ns UTC.
        last_time: the largest time, ns UTC.
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
    gaps: int = 0
    first_time: int | None = None
    last_time: int | None = None
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
        if self.gaps:
            lines.append(f"{self.gaps:,} gaps")
        return lines
