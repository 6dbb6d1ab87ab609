"""Number, book and ring of a C# stream move together: every call waits for the stream's lock.

Another thread holds the lock while the call is made. Whoever does not wait is seen each time, where
a race would show now and then.
"""

import json
import re

import pytest

from tests.csharp.build import BRIDGE, Program

LOCK_FREE = {"DepthEvents", "LevelOneEvents", "NewestTime", "SeedWanted", "LevelOneOnly"}
"""Single values, said to be read without the lock."""
SENDERS = {"Next", "NextOfNothing", "IsSettled"}
"""Calls of the publisher."""


@pytest.fixture(scope="module")
def calls(runner: Program) -> dict[str, tuple[bool, bool]]:
    """What each call did: it waited for the lock; something had changed before it had it."""
    lines = map(json.loads, runner.run("stream-lock").splitlines())
    return {name: (waited, moved) for name, waited, moved in lines}


def test_every_call_waits_for_the_lock_and_moves_nothing_before(
    calls: dict[str, tuple[bool, bool]],
) -> None:
    assert {name for name, found in calls.items() if found != (True, False)} == set()


def test_no_call_of_a_stream_is_left_out(calls: dict[str, tuple[bool, bool]]) -> None:
    source = (BRIDGE / "AddOns" / "DepthbridgePublishedStream.cs").read_text(encoding="ascii")
    public = re.findall(r"^        public \w+ (\w+)(?:\(|$)", source, re.MULTILINE)
    assert set(public) - LOCK_FREE == calls.keys() - SENDERS
