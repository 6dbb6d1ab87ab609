"""The kernel cache: named after what shapes the code, never one that others can write to."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from depthbridge import kernels


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = os.environ.get("NUMBA_CACHE_DIR")
    yield
    monkeypatch.undo()
    kernels._point_numba_at(before)


def test_a_given_folder_is_used_with_the_digest_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = kernels.prepare_cache()
    assert folder == tmp_path / f"numba-{kernels.kernel_digest()}"
    assert os.environ["NUMBA_CACHE_DIR"] == str(folder)
    assert kernels.prepare_cache() == folder, "a second call does not nest"


def test_a_child_with_other_switches_takes_a_folder_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    first = kernels.prepare_cache()
    monkeypatch.setenv("NUMBA_BOUNDSCHECK", "1")
    second = kernels.prepare_cache()
    assert first is not None
    assert second is not None
    assert second != first
    assert second.parent == first.parent == tmp_path


def test_numba_itself_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    folder = kernels.prepare_cache()
    assert str(folder) == numba.config.CACHE_DIR  # type: ignore[attr-defined]


def test_any_change_of_a_source_changes_the_digest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("depthbridge", "market"):
        (tmp_path / name).mkdir()
    source = tmp_path / "market" / "constants.py"
    source.write_text("LIMIT = 1\n")
    monkeypatch.setattr(kernels, "__file__", str(tmp_path / "depthbridge" / "kernels.py"))
    before = kernels.kernel_digest()
    assert before == kernels.kernel_digest()
    source.write_text("LIMIT = 2\n")
    assert kernels.kernel_digest() != before


def test_every_package_with_kernels_is_watched(root: Path) -> None:
    holders = {
        path.relative_to(root).parts[0]
        for path in root.glob("*/**/*.py")
        if "from market.jit import" in path.read_text(encoding="utf-8")
        and path.relative_to(root).parts[0] not in {"tests", "benchmarks", ".venv"}
    }
    assert holders
    assert holders <= set(kernels._PACKAGES)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_folder_that_others_can_write_to_is_not_trusted(tmp_path: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    assert not kernels._usable(folder)
    folder.chmod(0o700)
    assert kernels._usable(folder)


def test_without_a_place_kernels_compile_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "a file"
    blocked.touch()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(kernels, "_parents", lambda _: [blocked])
    assert kernels.prepare_cache() is None
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_the_users_cache_folder_comes_first_then_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    first, second = kernels._parents(None)
    assert first.is_relative_to(tmp_path)
    assert not second.is_relative_to(tmp_path / "cache")


def test_caches_of_forgotten_sources_go_after_a_month(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    old, recent, other = (tmp_path / n for n in ("numba-old", "numba-recent", "not ours"))
    for folder in (old, recent, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (0, 0))
    kernels.prepare_cache()
    assert not old.exists()
    assert recent.exists()
    assert other.exists()


def test_importing_the_package_is_enough(tmp_path: Path, root: Path) -> None:
    script = "import depthbridge, numba, market.jit, os; print(numba.config.CACHE_DIR)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert Path(done.stdout.strip()).parent == tmp_path
