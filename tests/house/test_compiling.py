"""Long compilation is told where somebody watches, and nowhere else."""

import io
import re
import sys

import pytest
from numba.core.event import trigger_event

from depthbridge.compiling import told_compiling


class _Terminal(io.StringIO):
    def __init__(self, *, watched: bool) -> None:
        super().__init__()
        self._watched = watched

    def isatty(self) -> bool:
        return self._watched


def compile_one_in_another() -> None:
    with trigger_event("numba:compile"), trigger_event("numba:compile"):
        pass


@pytest.mark.parametrize("watched", [True, False])
def test_a_terminal_is_told_and_the_line_goes_when_all_is_compiled(
    monkeypatch: pytest.MonkeyPatch, watched: bool
) -> None:
    terminal = _Terminal(watched=watched)
    monkeypatch.setattr(sys, "stderr", terminal)
    with told_compiling():
        compile_one_in_another()
        compile_one_in_another()
    compile_one_in_another()  # nobody listens any more
    said = re.findall(r"(\d+) steps, \d+ s(\r\x1b\[K$)?", terminal.getvalue())
    assert [int(steps) for steps, _ in said] == ([0, 0, 2, 2] if watched else [])
    if watched:
        assert terminal.getvalue().startswith(
            "\r\x1b[Kcompiling the kernels, once for this version"
        )
        assert terminal.getvalue().count("\r\x1b[K") == 6  # each line over the last, two taken away
        assert said[-1][1]


def test_without_stderr_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with told_compiling():
        compile_one_in_another()
