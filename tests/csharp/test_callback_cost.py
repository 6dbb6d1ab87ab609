"""What a callback costs: nothing is allocated. Times depend on the machine and are only printed."""

import json
import sys

from tests.csharp.build import Program


def test_callbacks_allocate_nothing(runner: Program) -> None:
    cost = json.loads(runner.run("callback"))
    assert cost["numbered"] > cost["calls"] == 200_000
    assert cost["bytes"] == 0
    sys.stdout.write(
        f"callback: median {cost['median_ns']:.0f} ns, p99 {cost['p99_ns']:.0f} ns, "
        f"p99.9 {cost['p999_ns']:.0f} ns, {cost['bytes']} bytes\n"
    )
