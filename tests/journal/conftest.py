"""What several tests of journals need."""

from pathlib import Path

import pytest


@pytest.fixture
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sessions as the journals of these tests have them."""
    path = tmp_path_factory.mktemp("config") / "config.yaml"
    windows = ", ".join(f'"22:{minute:02}-22:{minute + 1:02}"' for minute in range(11, 41, 2))
    path.write_text(
        f"sessions:\n  always:\n    zone: UTC\n    eth: [{windows}]\n    rth: 22:11-22:41\n"
    )
    return path
