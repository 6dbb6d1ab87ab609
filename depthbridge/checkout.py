"""The source checkout around the package, for commands that need its tests and tools."""

from pathlib import Path

from market.errors import UsageError

__all__ = ["checkout"]


def checkout(needed: str) -> Path:
    """The repository's root.

    Args:
        needed: folder or file that must be there.

    Raises:
        UsageError: this is an installed package without it.
    """
    root = Path(__file__).resolve().parent.parent
    if not (root / "pyproject.toml").exists() or not (root / needed).exists():
        raise UsageError(f"{needed} is only in the source folder of Depthbridge, not in {root}")
    return root
