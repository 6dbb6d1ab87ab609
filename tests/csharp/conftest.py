"""What all tests of the C# side share."""

import pytest

from tests.csharp.build import built, compiled_core, runner
from tests.csharp.server_talk import Talk, captured

__all__ = ["built", "compiled_core", "runner", "talk"]


@pytest.fixture(scope="session")
def talk(warmed: None) -> Talk:
    """What a real server says about a made-up market."""
    return captured()
