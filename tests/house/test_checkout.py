"""Commands that need the source folder say so when it is not there."""

from pathlib import Path

import pytest

from depthbridge import checkout as module
from market.errors import UsageError


def test_it_finds_this_checkout(root: Path) -> None:
    assert module.checkout("tests") == root


def test_an_installed_package_has_no_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "__file__", str(tmp_path / "depthbridge" / "checkout.py"))
    with pytest.raises(UsageError, match="only in the source folder"):
        module.checkout("tests")
