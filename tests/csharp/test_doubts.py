"""What a feed may do wrong, with a real server behind it: a resync, and never a wrong book.

Every event is told by itself; what NinjaTrader's rows are then is kept by the plain book. While
that goes on somebody asks the server for its book without a pause: each answer that does not call
itself stale must be NinjaTrader's rows at that number, or no book at all.
"""

import threading
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import Ninja
from tests.csharp.served import ServedProcess, free_port
from tests.reference.position_book import PositionBook, Rows
from tests.reference.records import ADD, ASK, BID, POSITION, REMOVE, UPDATE, Rec
from tests.waiting import wait_until

TICK: Final = 0.25
OPS: Final = {"Add": ADD, "Update": UPDATE, "Remove": REMOVE}
ROWS: Final = 5
ROOTS: Final = count(1)
"""An instrument for each test, so that one server does for all."""

pytestmark = pytest.mark.usefixtures("warmed")

Book = tuple[Rows, Rows]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProcess]:
    served = ServedProcess(tmp_path_factory.mktemp("doubts"), free_port())
    served.start()
    yield served
    served.kill()


class Watch:
    """NinjaTrader with one chart, its true rows, and all that the server said meanwhile."""

    def __init__(self, runner: Program, served: ServedProcess, folder: Path) -> None:
        self.ninja = Ninja(runner, hub=False)
        self._folder = folder
        self.served = served
        self.symbol = ""
        self.truth = PositionBook(256)
        self.true_at: dict[int, list[Book]] = defaultdict(list)
        self.answers: list[tuple[int, str, Book]] = []
        self._over = threading.Event()
        self._asking = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self.ninja.say("server", str(self._folder))
        self.ninja.start_hub()
        self.symbol = self.ninja.say("instrument", f"D{next(ROOTS)}", "2026-12-01", TICK, 50)
        self.ninja.chart("one", self.symbol, Port=self.served.port)
        self.ninja.say("drained", self.symbol)
        self._asking.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._asking.join()
        self.ninja.say("hub-state", 0, "Terminated")  # says bye: the next one is not kept waiting
        self.ninja.__exit__(kind, error, trace)

    def tell(
        self,
        side: str,
        op: str,
        row: int,
        price: float,
        size: int,
        second: float,
        how: str = "depth",
    ) -> None:
        """An event; ``how`` as the runner has it: rows move, listeners hear, or both."""
        self.ninja.depth(side, op, row, price, size, second, instrument=self.symbol, how=how)
        if how != "depth-only-told":
            which = ASK if side == "ask" else BID
            ticks = round(price / TICK)
            self.truth.change(Rec(1, POSITION, which, OPS[op], row, ticks, size))
        self.note()

    def note(self) -> dict[str, Any]:
        """These rows are true at the number that the stream has now."""
        feed: dict[str, Any] = self.ninja.say("feed")
        self.true_at[feed["end"] - 1].append(self.rows())
        return feed

    def rows(self) -> Book:
        bids, asks = self.truth.top(10)
        return list(bids), list(asks)

    def ladder(self, second: float, base: float = 5000.0, how: str = "depth") -> None:
        """Adds of all rows around a price, as a feed begins."""
        for row in range(ROWS):
            self.tell("ask", "Add", row, base + 0.25 + row / 4, 10 + row, second, how)
        for row in range(ROWS):
            self.tell("bid", "Add", row, base - row / 4, 20 + row, second, how)

    def size(self, size: int, second: float) -> None:
        """A sound change."""
        price = self.truth.rows[BID][0][0] * TICK
        self.tell("bid", "Update", 0, price, size, second)

    def require_healed(self) -> None:
        """The server ends with NinjaTrader's rows, trusts them, and follows the next events."""
        self._until_equal()
        for number in range(20):
            self.size(100 + number, 2_000 + number)
        self._until_equal()
        assert not self.ninja.say("feed")["wanted"]

    def require_never_wrong(self) -> int:
        """No answer was a wrong book; how many books there were."""
        books = 0
        for seq, phase, book in self.answers:
            if phase == "stale" or book == ([], []):
                continue
            assert book in self.true_at[seq], (seq, phase, book, self.true_at[seq])
            books += 1
        return books

    def _until_equal(self) -> None:
        def equal() -> bool:
            self.note()
            _, phase, book = self._answer()
            return book == self.rows() and phase != "stale"

        wait_until(equal, lambda: (self._answer(), self.rows(), self.ninja.say("feed")))

    def _ask(self) -> None:
        while not self._over.wait(0.003):
            self.answers.append(self._answer())

    def _answer(self) -> tuple[int, str, Book]:
        try:
            name = self.symbol.replace(" ", "%20")
            book = self.served.get(f"/api/v1/instruments/{name}/book")
        except OSError:  # no such instrument yet
            return 0, "stale", ([], [])
        bids, asks = (
            [(round(price / TICK), round(size)) for price, size in book[side]]
            for side in ("bids", "asks")
        )
        return book["seq"], book["phase"], (bids, asks)


@pytest.fixture
def watch(runner: Program, served: ServedProcess, tmp_path: Path) -> Iterator[Watch]:
    with Watch(runner, served, tmp_path) as watch:
        yield watch


def test_a_first_event_that_is_an_update(watch: Watch) -> None:
    """The rows were there before anybody listened."""
    watch.ladder(0, how="depth-untold")
    assert watch.ninja.say("feed")["end"] == 1
    watch.tell("ask", "Update", 2, 5000.75, 99, 1)
    watch.require_healed()
    feed = watch.note()
    assert feed["Unseeded"] >= 1
    assert feed["Seeds"] >= 1
    assert watch.require_never_wrong() > 0


def test_a_feed_that_is_reset_and_tells_its_rows_again(watch: Watch) -> None:
    watch.ladder(0)
    watch.size(7, 1)
    watch.ninja.say("depth-reset", watch.symbol)
    watch.truth.load([], [])
    watch.ladder(2, base=5010.0)
    watch.require_healed()
    feed = watch.note()
    assert feed["Resets"] == 1
    assert watch.require_never_wrong() > 0


def test_a_feed_that_is_reset_and_goes_on_in_the_middle(watch: Watch) -> None:
    watch.ladder(0)
    watch.ninja.say("depth-reset", watch.symbol)
    watch.truth.load([], [])
    watch.ladder(1, base=4990.0, how="depth-untold")
    watch.tell("bid", "Update", 3, 4989.25, 77, 2)
    watch.require_healed()
    assert watch.note()["Resets"] == 1
    assert watch.require_never_wrong() > 0


def test_time_that_goes_back(watch: Watch) -> None:
    watch.ladder(1_000)
    watch.size(7, 1_001)
    watch.size(8, 900)
    watch.size(9, 901)
    watch.require_healed()
    feed = watch.note()
    assert feed["Rewinds"] == 1
    assert watch.require_never_wrong() > 0


OUT_OF_RANGE = {
    "an update two rows past the end": ("ask", "Update", ROWS + 1, 5002.0, 5, "depth"),
    "an add two rows past the end": ("bid", "Add", ROWS + 1, 4998.0, 5, "depth"),
    "a remove past the end": ("bid", "Remove", ROWS + 2, 4998.0, 0, "depth"),
    "a row beyond the eleventh": ("ask", "Add", 12, 5003.0, 5, "depth"),
    "no row at all": ("ask", "Update", -1, 5002.0, 5, "depth-only-told"),
    "a row beyond all": ("bid", "Update", 400, 4990.0, 5, "depth-only-told"),
    "a size below nothing": ("bid", "Update", 0, 5000.0, -5, "depth-only-told"),
}


@pytest.mark.parametrize("name", sorted(OUT_OF_RANGE))
def test_a_row_out_of_range(watch: Watch, name: str) -> None:
    side, op, row, price, size, how = OUT_OF_RANGE[name]
    watch.ladder(0)
    watch.size(7, 1)
    watch.tell(side, op, row, price, size, 2, how)
    watch.size(8, 3)
    watch.require_healed()
    feed = watch.note()
    assert feed["Resets"] >= 1
    assert feed["failed"] == 0
    assert watch.require_never_wrong() > 0
