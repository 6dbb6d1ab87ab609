"""PyPI's ``marketprofile`` 0.2.0 on 200 profiles without gaps and with one POC: the same areas.

Its answers are kept in ``data/marketprofile.json``, made by ``rivals/marketprofile_areas.py``; with
--long they are made anew in an environment of its own. It goes on while the area holds at most the
share, we until it holds the share: profiles on which the area holds it exactly are left out.
"""

import json
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest

from orderbook.analytics.profile import SHARES, point_of_control, value_area
from tests.evidence.rivals.environment import environment

KEPT = Path(__file__).parent / "data" / "marketprofile.json"
RUNNER = Path(__file__).parent / "rivals" / "marketprofile_areas.py"
COUNT = 200


def profiles() -> list[list[int]]:
    """Hills of trading with noise: no row empty, one largest row."""
    rng = Random(20_261_127)
    found: list[list[int]] = []
    while len(found) < COUNT:
        rows = rng.randint(5, 120)
        hills = [
            (rng.uniform(0, rows), rng.uniform(1, rows / 3), rng.uniform(50, 900)) for _ in "ab"
        ]
        volumes = [
            1
            + int(
                sum(h * 2.0 ** -(((row - at) / wide) ** 2) for at, wide, h in hills)
                * rng.uniform(0.5, 1.5)
            )
            for row in range(rows)
        ]
        if volumes.count(max(volumes)) == 1 and not hits_the_share(volumes):
            found.append(volumes)
    return found


def hits_the_share(volumes: list[int]) -> bool:
    """Whether some stretch round the POC holds exactly 70 %: only then do the two rules differ."""
    first, last = ours(volumes)[1:]
    return sum(volumes[first : last + 1]) * 10 == 7 * sum(volumes)


def ours(volumes: list[int]) -> list[int]:
    rows = np.array(volumes, np.int64)
    poc = int(point_of_control(rows))
    first, last = value_area(rows, poc, *SHARES["single"])
    return [poc, int(first), int(last)]


def test_two_hundred_of_two_hundred() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    assert kept["profiles"] == profiles()
    equal = [
        mine == theirs for mine, theirs in zip(map(ours, profiles()), kept["areas"], strict=True)
    ]
    assert (sum(equal), len(equal)) == (COUNT, COUNT)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_kept_answers_are_those_of_the_package(tmp_path: Path) -> None:
    python = environment(tmp_path / "venv", "marketprofile==0.2.0")
    done = subprocess.run(
        [str(python), str(RUNNER)],
        input=json.dumps(profiles()),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(KEPT.read_text(encoding="utf-8"))["areas"]
