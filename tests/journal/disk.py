"""Disks that fail: one that is full or broken for a while, one whose power goes.

:class:`SimulatedDisk` keeps apart what programs see (the real files below a folder) and what the
medium has. Only ``sync`` moves bytes from one to the other, page by page, and only ``sync_folder``
moves names. When the power goes, every page that was not synced is, as the seed decides, new, old,
torn at a sector or zeros, in any order; names are a beginning of what was done. After a ``sync``
that failed the system believes the pages to be clean: a second one would not write them.
"""

import random
import shutil
from pathlib import Path

from recording.journal.segment import LOCAL_DISK, DiskSegment, SegmentFile

PAGE = 4096
SECTOR = 512


class PowerLoss(Exception):  # noqa: N818 - what happened, not what went wrong in the program
    """The machine is dead; not an OSError, so nobody handles it."""


class Inode:
    """A file: what programs see, what the medium has, which pages wait."""

    def __init__(self, content: bytes = b"") -> None:
        self.now = bytearray(content)
        self.medium = bytearray(content)
        self.dirty: set[int] = set()

    def write(self, offset: int, data: bytes) -> None:
        self.now[offset : offset + len(data)] = data
        if data:
            self.dirty.update(range(offset // PAGE, (offset + len(data) - 1) // PAGE + 1))

    def truncate(self, size: int) -> None:
        del self.now[size:]
        self.dirty.add(size // PAGE)

    def sync(self) -> None:
        size = len(self.now)
        del self.medium[size:]
        self.medium.extend(bytes(size - len(self.medium)))
        for page in self.dirty:
            place = slice(page * PAGE, min((page + 1) * PAGE, size))
            self.medium[place] = self.now[place]
        self.dirty.clear()

    def after_power_loss(self, rng: random.Random) -> bytes:
        old, new = self.medium, self.now
        low, high = sorted((len(old), len(new)))
        size = rng.choice([low, high, rng.randint(low, high)])
        whole = bytearray(size)
        whole[: min(size, len(old))] = old[:size]
        kind = rng.choice(["drop", "keep", "any", "any", "any"])
        for page in sorted(self.dirty):
            fate = rng.choice(["new", "old", "zeros", "torn"]) if kind == "any" else kind
            start, stop = page * PAGE, min((page + 1) * PAGE, size, len(new))
            if fate in ("keep", "new"):
                whole[start:stop] = new[start:stop]
            elif fate == "torn":
                cut = min(start + rng.randrange(PAGE // SECTOR) * SECTOR, stop)
                whole[start:cut] = new[start:cut]
            elif fate == "zeros":
                fresh = max(start, len(old))  # what the medium had is not touched by an append
                whole[fresh : max(stop, fresh)] = bytes(max(stop - fresh, 0))
        return bytes(whole)


class SimulatedSegment(DiskSegment):
    """A file on a :class:`SimulatedDisk`."""

    def __init__(self, disk: "SimulatedDisk", path: Path, inode: Inode, *, size: int = -1) -> None:
        self._disk = disk
        self._inode = inode
        super().__init__(path, size=size)

    def append(self, data: bytes) -> None:
        try:
            self._disk.step()
        except PowerLoss:
            part = data[: self._disk.rng.randint(0, len(data))]
            self._inode.write(self.size, part)
            raise
        super().append(data)
        self._inode.write(self.size - len(data), data)

    def _cut(self) -> None:
        super()._cut()
        if self.size < len(self._inode.now):
            self._inode.truncate(self.size)

    def rewrite(self, offset: int, data: bytes) -> None:
        self._disk.step()
        super().rewrite(offset, data)
        self._inode.write(offset, data)

    def sync(self) -> None:
        self._disk.step()
        if self._disk.syncs_fail:
            self._inode.dirty.clear()
            raise OSError(5, "Input/output error")
        self._inode.sync()


class SimulatedDisk:
    """A file system below ``root`` whose power goes after ``steps`` operations.

    Attributes:
        rng: decides what a power loss leaves.
        syncs_fail: while set, every sync of a file fails, and the pages count as clean.
    """

    def __init__(self, root: Path, seed: int, steps: int = 1 << 60) -> None:
        self.root = root
        self.rng = random.Random(seed)
        self.syncs_fail = False
        self._steps = steps
        files = [path for path in root.rglob("*") if path.is_file()]
        self._inodes = {path: Inode(path.read_bytes()) for path in files}
        self._synced = dict(self._inodes)
        self._folders = {path for path in [root, *root.rglob("*")] if path.is_dir()}
        self._synced_folders = set(self._folders)
        self._names: list[tuple[Path, dict[Path, Inode | None]]] = []
        self._opened: list[SimulatedSegment] = []

    def survive(self, steps: int) -> None:
        """Only the process was killed: the machine goes on, and knows what it has not synced."""
        self._steps = steps
        self.syncs_fail = False

    def step(self) -> None:
        self._steps -= 1
        if self._steps <= 0:
            raise PowerLoss

    def make_folder(self, folder: Path) -> list[Path]:
        self.step()
        changed = LOCAL_DISK.make_folder(folder)
        self._folders |= {folder, *(path for path in folder.parents if self.root in path.parents)}
        return changed

    def create(self, path: Path) -> SegmentFile:
        self.step()
        inode = Inode()
        segment = SimulatedSegment(self, path, inode)
        self._inodes[path] = inode
        self._names.append((path.parent, {path: inode}))
        self._opened.append(segment)
        return segment

    def reopen(self, path: Path, size: int) -> SegmentFile:
        self.step()
        segment = SimulatedSegment(self, path, self._inodes[path], size=size)
        self._opened.append(segment)
        return segment

    def rename(self, path: Path, target: Path) -> None:
        self.step()
        LOCAL_DISK.rename(path, target)
        inode = self._inodes.pop(path)
        self._inodes[target] = inode
        self._names.append((path.parent, {path: None, target: inode}))

    def remove(self, path: Path) -> None:
        self.step()
        LOCAL_DISK.remove(path)
        del self._inodes[path]
        self._names.append((path.parent, {path: None}))

    def sync_folder(self, folder: Path) -> None:
        self.step()
        for _, names in [one for one in self._names if one[0] == folder]:
            self._apply(names)
        self._names = [one for one in self._names if one[0] != folder]
        self._synced_folders |= {path for path in self._folders if path.parent == folder}

    def _apply(self, names: dict[Path, Inode | None]) -> None:
        for path, inode in names.items():
            if inode is None:
                self._synced.pop(path, None)
            else:
                self._synced[path] = inode

    def lose_power(self) -> None:
        """Leave below ``root`` what a machine finds when it comes back."""
        for segment in self._opened:
            segment.close()
        for _, names in self._names[: self.rng.randint(0, len(self._names))]:
            self._apply(names)
        lost = {path for path in self._folders - self._synced_folders if self.rng.random() < 0.5}
        contents = {
            path: inode.after_power_loss(self.rng)
            for path, inode in self._synced.items()
            if lost.isdisjoint(path.parents)
        }
        shutil.rmtree(self.root)
        self.root.mkdir()
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


class FailingSegment(DiskSegment):
    """A file on a :class:`FailingDisk`."""

    disk: "FailingDisk"

    def _write(self, fd: int, data: bytes) -> int:  # type: ignore[override]
        return self.disk.write(fd, data)

    def _cut(self) -> None:
        self.disk.require(self.disk.cuts)
        super()._cut()

    def sync(self) -> None:
        self.disk.require(self.disk.syncs)
        super().sync()


class FailingDisk:
    """The local disk with room for some bytes, and calls that fail while they are told to.

    Attributes:
        room: bytes that it still takes; a write that does not fit is cut short, the next refused.
        most: bytes that one write call takes.
        error: what it says when it refuses.
        cuts, syncs, makes: whether truncating, syncing, creating succeed.
    """

    def __init__(self, room: int = 1 << 40, most: int = 1 << 40, error: int = 28) -> None:
        self.room = room
        self.most = most
        self.error = error
        self.cuts = self.syncs = self.makes = True

    def write(self, fd: int, data: bytes) -> int:
        import os

        if not self.room and data:
            raise OSError(self.error, os.strerror(self.error))
        written = os.write(fd, data[: min(self.room, self.most)])
        self.room -= written
        return written

    def require(self, allowed: bool) -> None:
        if not allowed:
            raise OSError(5, "Input/output error")

    def make_folder(self, folder: Path) -> list[Path]:
        self.require(self.makes)
        return LOCAL_DISK.make_folder(folder)

    def create(self, path: Path) -> SegmentFile:
        self.require(self.makes)
        segment = FailingSegment(path)
        segment.disk = self
        return segment

    def reopen(self, path: Path, size: int) -> SegmentFile:
        return LOCAL_DISK.reopen(path, size)

    def rename(self, path: Path, target: Path) -> None:
        LOCAL_DISK.rename(path, target)

    def remove(self, path: Path) -> None:
        LOCAL_DISK.remove(path)

    def sync_folder(self, folder: Path) -> None:
        self.require(self.syncs)
        LOCAL_DISK.sync_folder(folder)
