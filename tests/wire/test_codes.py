from collections.abc import Callable

import pytest

from market.errors import DepthbridgeError, MalformedError
from market.instrument import DEFAULT_INSTRUMENTS
from market.ticks import Grid
from wire.codes import CloseCode, ErrorCode, ResyncReason


def test_every_code_says_what_it_means_and_fits_http() -> None:
    for code in ErrorCode:
        assert code.value == code.name.lower()
        assert 400 <= code.status < 600
        assert len(code.meaning) > 8
    for member in (*CloseCode, *ResyncReason):
        assert len(member.meaning) > 8


def test_the_codes_of_the_design_keep_their_numbers() -> None:
    assert [int(code) for code in CloseCode] == [1012, 4400, 4401, 4408, 4409, 4413, 4429]
    assert [str(reason) for reason in ResyncReason] == [
        "gap", "checksum", "unsorted", "reset", "restart", "feed",
    ]  # fmt: skip
    conflicts = {code.value for code in ErrorCode if code.status == 409}
    assert conflicts == {
        "tick_size_conflict", "gap", "book_fault", "resync_required", "instrument_busy",
    }  # fmt: skip


@pytest.mark.parametrize(
    "call",
    [
        lambda: Grid(0),
        lambda: Grid(1).to_ticks(0.5),
        lambda: Grid(1).to_ticks(float("nan")),
        lambda: DEFAULT_INSTRUMENTS.define("FOO"),
        lambda: DEFAULT_INSTRUMENTS.define("ES", 1),
        lambda: DEFAULT_INSTRUMENTS.define("ES", depth_levels=0),
    ],
)
def test_what_the_vocabulary_raises_is_in_the_table(call: Callable[[], object]) -> None:
    with pytest.raises(DepthbridgeError) as caught:
        call()
    assert caught.value.code in set(ErrorCode)
    assert MalformedError.default_code in set(ErrorCode)
