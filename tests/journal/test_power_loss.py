"""The power goes at a random moment, again and again: what was durable is there, nothing is wrong.

The oracle is the list of entries that were given to the writer, in order. Whatever a journal
delivers after a power loss must be a beginning of that list, byte for byte, and must reach at least
the highest number that was reported as durable.
"""

import contextlib
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from market.errors import EnvironmentFault, FileFormatError
from recording.entries import (
    ClockEntry,
    Entry,
    FrameEntry,
    GapEntry,
    InstrumentEntry,
    PhaseEntry,
    SessionEntry,
    SettingsEntry,
)
from recording.journal import JournalWriter, RollRules, read_journal, recover, segments_of, verify
from recording.journal.recover import Recovered
from recording.journal.segment import LOCAL_DISK, Disk
from tests.journal.disk import PowerLoss, SimulatedDisk
from tests.journal.small import HOME, OPEN, START, beginning, frame, frames_in, plain, writer

ROUNDS = 3


def delivered(folder: Path) -> tuple[list[object], bool]:
    """What can be read, and whether nothing was said to be lost."""
    good: list[object] = []
    if not segments_of(folder):
        return good, True
    try:
        for entry in read_journal(folder):
            if entry == GapEntry("missing_segment"):
                return good, False
            good.append(plain(entry))
    except FileFormatError:
        return good, False
    return good, True


def state_of(entries: list[Entry]) -> list[Entry]:
    """The newest of what a segment carries."""
    kinds = (InstrumentEntry, SettingsEntry, SessionEntry)
    newest = {type(entry): entry for entry in entries if isinstance(entry, kinds)}
    return [newest[kind] for kind in kinds if kind in newest]


class Machine:
    """A journal's life over several power losses."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.rng = random.Random(seed)
        self.log: list[Entry] = []
        self.durable = 0
        self.next = 1
        self.patience = 0
        self.killed_on: SimulatedDisk | None = None

    def run(self) -> None:
        for _ in range(ROUNDS):
            self.until_power_loss(self.live)
            good, _ = delivered(self.folder)
            self.require_beginning(good)
            while not self.until_power_loss(self.recover):
                good, _ = delivered(self.folder)
                self.require_beginning(good)
            self.require_recovered()
        self.close()

    def until_power_loss(self, work: Callable[[Disk], None]) -> bool:
        """Do something until the power goes; whether it was finished before."""
        self.patience += 20
        steps = self.rng.randint(1, 100 + self.patience)
        disk = self.killed_on or SimulatedDisk(self.folder, self.rng.getrandbits(32), steps)
        self.killed_on = None
        try:
            work(disk)
        except PowerLoss:
            self.end(disk, steps)
            return False
        self.end(disk, steps)
        return True

    def end(self, disk: SimulatedDisk, steps: int) -> None:
        """The power goes; or only the process dies, and what it wrote stays in memory."""
        if self.rng.random() < 0.7:
            disk.lose_power()
        else:
            disk.survive(steps)
            self.killed_on = disk

    def live(self, disk: Disk) -> None:
        assert isinstance(disk, SimulatedDisk)
        journal = self.open(disk)
        try:
            for _ in range(self.rng.randint(5, 60)):
                self.act(journal, disk)
        finally:
            self.durable = max(self.durable, journal.durable_seq)

    def open(self, disk: Disk) -> JournalWriter:
        state = state_of(self.log)
        rules = RollRules(size=self.rng.choice([700, 2000, 9000, 40_000]))
        journal = writer(
            self.folder,
            rules=rules,
            disk=disk,
            recovered=recover(self.folder / HOME),
            state=state,
            resume_seq=self.next - 1 if state else 0,
        )
        for entry in [PhaseEntry("stale", "silent")] if state else beginning():
            self.log.append(entry)
            journal.write(entry, START)
        return journal

    def act(self, journal: JournalWriter, disk: SimulatedDisk) -> None:
        choice = self.rng.random()
        if choice < 0.2:
            disk.syncs_fail = self.rng.random() < 0.3
            try:
                journal.sync()
            except EnvironmentFault:
                assert journal.refusing
            self.durable = max(self.durable, journal.durable_seq)
            return
        if choice < 0.3:
            journal.retry()
            return
        if choice < 0.35:
            self.log.append(ClockEntry(OPEN + len(self.log)))
        else:
            count = self.rng.choice([1, 3, 40, 130])
            self.log.append(FrameEntry(frame(self.next, count)))
            self.next += count
        journal.write(self.log[-1], START + len(self.log))

    def require_beginning(self, good: list[object]) -> None:
        assert good == [plain(entry) for entry in self.log[: len(good)]]

    def recover(self, disk: Disk) -> None:
        self.found: Recovered = recover(self.folder / HOME, disk)

    def require_recovered(self) -> None:
        assert self.found.damage is None
        good, whole = delivered(self.folder)
        assert whole
        self.require_beginning(good)
        del self.log[len(good) :]
        last = max((one.end - 1 for one in frames_in(self.log)), default=0)
        assert last >= self.durable, "what was reported as durable is there"
        self.next = last + 1
        if segments_of(self.folder):
            report = verify(self.folder)
            assert report.ok
            assert not report.missing
            endings = {state.ending for state in report.segments}
            assert endings <= {"clean", "headless"}, "a deleted stump may be back"

    def close(self) -> None:
        journal = self.open(LOCAL_DISK)
        journal.write(FrameEntry(frame(self.next, 2)), START)
        self.log.append(FrameEntry(frame(self.next, 2)))
        journal.close(START)
        good, whole = delivered(self.folder)
        assert whole
        assert good == [plain(entry) for entry in self.log]


def test_power_lost_at_any_step_of_a_recovery(tmp_path: Path) -> None:
    journal = writer(tmp_path, rules=RollRules(size=40_000))
    for entry in beginning():
        journal.write(entry, START)
    for n in range(30):
        journal.write(FrameEntry(frame(1 + 10 * n, 10)), START)
    (path,) = segments_of(tmp_path)
    whole = path.read_bytes()
    rng = random.Random(5)
    for tail in (bytes(9000), rng.randbytes(6000)):
        for steps in range(5, 13):
            for seed in range(5):
                path.write_bytes(whole + tail)
                disk = SimulatedDisk(tmp_path, seed, steps)
                with contextlib.suppress(PowerLoss):
                    recover(tmp_path / HOME, disk)
                disk.lose_power()
                assert recover(tmp_path / HOME).damage is None
                reader = read_journal(tmp_path)
                assert len(frames_in(reader)) == 30
                assert reader.report.clean


def live_through(folder: Path, seeds: range) -> None:
    for seed in seeds:
        place = folder / str(seed)
        place.mkdir()
        try:
            Machine(place, seed).run()
        except AssertionError as wrong:
            raise AssertionError(f"seed {seed}") from wrong
        shutil.rmtree(place)


def test_what_was_durable_survives_power_losses(tmp_path: Path) -> None:
    live_through(tmp_path, range(20))


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_what_was_durable_survives_ten_thousand_power_losses(tmp_path: Path) -> None:
    live_through(tmp_path, range(1000, 1000 + 10_000 // ROUNDS))
