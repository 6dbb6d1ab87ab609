"""Copying the package into a NinjaTrader folder, without losing what the user made of it."""

import hashlib
import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Final

from depthbridge.bridge.sources import FOLDERS, PREFIX, Source
from market.errors import UsageError

__all__ = ["MANIFEST", "Installation"]

MANIFEST: Final = f"AddOns/{PREFIX}.installed.json"
"""Name and SHA-256 of each file as it was installed, to know the user's own changes."""


class Installation:
    """One NinjaTrader folder, and what an installation would do there.

    Attributes:
        custom: its ``bin/Custom``.
        stale: files of an older version that the present one does not have; they would be compiled
            along and break every script of the user.
        changed: files that are neither as they were installed nor as they will be: the user's work.
    """

    def __init__(self, folder: Path, sources: Sequence[Source]) -> None:
        """Look at the folder; nothing is changed.

        Args:
            folder: ``Documents/NinjaTrader 8``, or the ``bin/Custom`` in it.
            sources: the package.

        Raises:
            UsageError: it is no NinjaTrader folder, or something stands where a file must go.
        """
        self.custom: Final = _custom(folder)
        self._sources: Final = sources
        self._require_way()
        names = {source.name for source in sources}
        present = [
            path.relative_to(self.custom).as_posix()
            for kind in FOLDERS
            for path in sorted((self.custom / kind).glob(f"{PREFIX}*.cs"))
        ]
        installed = self._installed()
        self.stale: Final = [name for name in present if name not in names]
        new = {source.name: _digest(source.content) for source in sources}
        self.changed: Final = [
            name
            for name in present
            if _digest((self.custom / name).read_bytes())
            not in {new.get(name), installed.get(name)}
        ]

    def carry_out(self) -> list[str]:
        """Copy the files and remove the stale ones; what the user changed is kept beside it.

        Returns:
            A line for each thing that somebody should know.
        """
        told = []
        for name in self.changed:
            path = self.custom / name
            kept = _free(path)
            kept.write_bytes(path.read_bytes())
            told.append(f"{name} was changed: what it was is kept in {kept.name}")
        for source in self._sources:
            _replace(self.custom / source.name, source.content)
        for name in self.stale:
            (self.custom / name).unlink()
            told.append(f"removed {name}")
        digests = {source.name: _digest(source.content) for source in self._sources}
        _replace(self.custom / MANIFEST, json.dumps(digests, indent=1).encode())
        return told

    def _require_way(self) -> None:
        # Half an installation does not compile, and then none of the user's own scripts does.
        for source in self._sources:
            path = self.custom / source.name
            if path.is_dir() or (path.parent.exists() and not path.parent.is_dir()):
                wrong = path if path.is_dir() else path.parent
                kind = "folder" if path.is_dir() else "file"
                raise UsageError(f"{wrong} is a {kind}: move it away; nothing was installed")

    def _installed(self) -> dict[str, str]:
        try:
            known = json.loads((self.custom / MANIFEST).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _custom(folder: Path) -> Path:
    for candidate in (folder / "bin" / "Custom", folder):
        if any((candidate / kind).is_dir() for kind in FOLDERS):
            return candidate
    raise UsageError(
        f"{folder} is no NinjaTrader folder: give the one that holds bin/Custom, "
        "usually Documents/NinjaTrader 8"
    )


def _free(path: Path) -> Path:
    """Where a file is kept: what was kept before stays."""
    kept = path.with_name(path.name + ".bak")
    for number in count(2):
        if not kept.exists():
            break
        kept = path.with_name(f"{path.name}.{number}.bak")
    return kept


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
