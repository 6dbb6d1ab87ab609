"""The hub in a NinjaTrader of stand-ins: subscriptions, seeds, losses, playback, back-fill."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import ES, Ninja, at, metrics

NQ: Final = "NQ 12-26"
SECOND: Final = 10**9
NINE: Final = 1_795_100_400 * SECOND
"""Nine o'clock in Chicago on the day of the tests, ns UTC."""


@pytest.fixture
def ninja(runner: Program) -> Iterator[Ninja]:
    """NinjaTrader, the hub running, one chart."""
    with Ninja(runner) as talk:
        talk.chart("chart")
        talk.say("connections")
        yield talk


def _book(stream: dict[str, Any]) -> tuple[list[list[int]], list[list[int]]]:
    return stream["bids"], stream["asks"]


_LADDER: Final = ([[20000, 20], [19999, 21], [19998, 22]], [[20001, 10], [20002, 11], [20003, 12]])


# The add-on's life.


def test_clones_that_were_never_configured_end_nothing(runner: Program) -> None:
    """NinjaTrader makes instances for its lists, and terminates them."""
    with Ninja(runner, hub=False) as ninja:
        clone = ninja.say("hub")
        assert not ninja.say("hub-state", clone, "SetDefaults")
        assert not ninja.say("hub-state", clone, "Terminated")
        mine = ninja.start_hub()
        again = ninja.say("hub")
        ninja.say("hub-state", again, "SetDefaults")
        assert ninja.say("hub-state", again, "Configure"), "a second one takes nothing away"
        assert ninja.say("hub-state", again, "Terminated"), "and ends nothing"
        assert not ninja.say("hub-state", mine, "Terminated")


def test_an_add_on_that_is_only_shown_windows_begins_too(runner: Program) -> None:
    """Not every version configures add-ons before their first window."""
    with Ninja(runner, hub=False) as ninja:
        number = ninja.say("hub")
        ninja.say("hub-state", number, "SetDefaults")
        assert ninja.say("hub-window", number)


def test_a_hub_without_charts_does_nothing(runner: Program) -> None:
    """It publishes what is asked for, and only that."""
    with Ninja(runner) as ninja:
        ninja.ladder()
        ninja.tick(1)
        assert ninja.say("connections") == []
        assert ninja.say("listeners", ES)[:2] == [0, 0]


def test_its_end_takes_everything_back(ninja: Ninja) -> None:
    """Subscriptions on the thread that made them, connections with bye, no handler left."""
    ninja.say("hub-state", 0, "Terminated")
    ninja.say("depth-reset", ES)
    assert ninja.say("connections") == ["0 live stop"]
    assert ninja.say("listeners", ES) == [0, 0, 0, 0]


# Charts come and go.


def test_two_charts_are_one_stream(ninja: Ninja) -> None:
    """A trade counts once however many charts show its instrument."""
    ninja.chart("second")
    ninja.strategy("third")
    ninja.ladder()
    ninja.trade(5000.25)
    assert ninja.say("connections") == []
    assert ninja.say("listeners", ES)[:2] == [1, 1]
    assert (ninja.stream()["trades"], ninja.stream()["depth"]) == (1, 6)


def test_a_chart_that_is_loaded_again_finds_its_stream(ninja: Ninja) -> None:
    """Within a minute: same numbers, same connection, nothing missed in between."""
    ninja.ladder()
    ninja.say("state", "chart", "Terminated")
    ninja.ticks(50)
    ninja.depth("bid", "Update", 0, 5000.0, 99, 50)
    ninja.chart("again")
    ninja.ticks(20)
    assert ninja.say("connections") == []
    assert ninja.stream()["depth"] == 7
    assert ninja.stream()["bids"][0] == [20000, 99]


def test_a_stream_that_nobody_looks_at_ends(ninja: Ninja) -> None:
    """After a minute: subscription taken back where it was made, and bye."""
    ninja.say("state", "chart", "Terminated")
    # The chart left on the real clock, so the script's clock has to pass it first.
    ninja.tick(10**9)
    assert ninja.say("connections") == ["0 live stop"]
    assert ninja.say("listeners", ES) == [0, 0, 1, 0]


def test_several_instruments_share_a_connection(ninja: Ninja) -> None:
    """Equal settings, one session; each instrument has its own numbers and book."""
    ninja.say("instrument", "NQ", "2026-12-01", 0.25, 20)
    ninja.chart("other", NQ)
    assert ninja.say("connections") == [f"0 live add {NQ}"]
    ninja.ladder()
    ninja.ladder(rows=2, instrument=NQ)
    assert _book(ninja.stream(0, 0)) == _LADDER
    assert ninja.stream(0, 1)["depth"] == 4
    ninja.say("state", "other", "Terminated")
    ninja.tick(10**9)
    assert ninja.say("connections") == [f"0 live remove {NQ}"]


def test_the_first_settings_hold_while_somebody_looks(runner: Program) -> None:
    """A second chart with others is told; when all have left, the others hold."""
    with Ninja(runner) as ninja:
        ninja.strategy("first", ClusterIncrement=4)
        ninja.say("log")
        ninja.strategy("second", ClusterIncrement=8)
        assert ninja.logged() == ["400"]
        assert "|4|" in ninja.say("settings", 0)
        for name in ("first", "second"):
            ninja.say("state", name, "Terminated")
        ninja.say("connections")
        ninja.strategy("third", ClusterIncrement=8)
        assert ninja.logged() == []
        told = ninja.say("connections")
        assert told == ["0 live stop", f"1 live add {ES}", "1 live start"], "bye before hello"
        assert "|8|" in ninja.say("settings", 1)


def test_the_server_knows_a_future_by_root_and_month(ninja: Ninja) -> None:
    """However this version of NinjaTrader writes its full name."""
    ninja.say("instrument", "CL", "2027-01-01", 0.01, 1000)
    ninja.say("rename", "CL 01-27", "CL JAN27")
    ninja.chart("oil", "CL JAN27")
    assert ninja.say("connections") == ["0 live add CL 01-27"]


# The book is never wrong.


def test_rows_that_are_there_already_are_the_beginning(runner: Program) -> None:
    """A chart opened in the middle of the day: snapshot, and the next Update fits."""
    with Ninja(runner) as ninja:
        ninja.ladder()
        ninja.chart("chart")
        ninja.depth("ask", "Update", 1, 5000.5, 77)
        stream = ninja.stream()
        assert stream["asks"] == [[20001, 10], [20002, 77], [20003, 12]]
        assert (stream["seeds"], stream["depth"], stream["wanted"]) == (1, 1, False)


@pytest.mark.parametrize("side", ["ask", "bid"])
def test_a_first_event_that_is_an_update_is_seeded(ninja: Ninja, side: str) -> None:
    """By race the Adds were missed: the book comes from NinjaTrader's rows."""
    for row in range(3):
        ninja.depth("ask", "Add", row, 5000.25 + row / 4, 10 + row, how="depth-untold")
        ninja.depth("bid", "Add", row, 5000.0 - row / 4, 20 + row, how="depth-untold")
    price = 5000.25 if side == "ask" else 5000.0
    ninja.depth(side, "Update", 0, price, 55)
    bids, asks = _book(ninja.stream())
    assert len(bids) == len(asks) == 3
    assert (asks if side == "ask" else bids)[0][1] == 55


def test_a_reset_empties_the_book_until_the_rows_are_told_again(ninja: Ninja) -> None:
    """IsReset: the feed tells all rows anew."""
    ninja.ladder()
    ninja.say("depth-reset", ES)
    stream = ninja.stream()
    assert _book(stream) == ([], [])
    assert stream["resets"] == 1
    ninja.ladder(1)
    assert _book(ninja.stream()) == _LADDER
    assert not ninja.stream()["wanted"]


def test_a_row_out_of_range_leads_to_a_new_beginning(ninja: Ninja) -> None:
    """Counted, not thrown; the book is NinjaTrader's at once."""
    ninja.ladder()
    ninja.depth("ask", "Update", 300, 5003.0, 5, how="depth-only-told")
    stream = ninja.stream()
    assert (stream["refused"], stream["faults"]) == (1, 1)
    assert _book(stream) == _LADDER


def test_an_event_that_got_lost_is_found_by_looking(ninja: Ninja) -> None:
    """Nothing in the events shows it: only the comparison with NinjaTrader's rows does."""
    ninja.ladder()
    ninja.depth("ask", "Update", 2, 5000.75, 500, how="depth-untold")
    ninja.tick(1)
    assert ninja.stream()["asks"][2] == [20003, 12], "it may still be on its way"
    ninja.tick(1)
    assert ninja.stream()["asks"][2] == [20003, 500]
    assert ninja.logged() == ["407"]


def test_an_event_on_its_way_is_no_difference(ninja: Ninja) -> None:
    """Rows that are ahead of the events by a moment do not make a new book."""
    ninja.ladder()
    for second in range(1, 6):
        ninja.depth("ask", "Update", 2, 5000.75, second, second, how="depth-untold")
        ninja.tick(1)
        ninja.depth("ask", "Update", 2, 5000.75, second, second, how="depth-only-told")
        ninja.tick(1)
    assert ninja.stream()["seeds"] == 0
    assert ninja.logged() == []


def test_events_of_four_threads_are_all_numbered_and_none_throws(ninja: Ninja) -> None:
    """Depth on one, trades on three; the book is NinjaTrader's at the end."""
    ninja.ladder(-60)
    assert ninja.say("flood", ES, 4, 5000) == 0
    stream = ninja.stream()
    assert (stream["depth"], stream["trades"]) == (5006, 15000)
    assert stream["end"] == 1 + 5006 + 15000
    ninja.tick(1)
    ninja.tick(1)
    assert ninja.logged() == []
    assert stream["seeds"] == 0


def test_an_event_allocates_nothing_and_fails_never(ninja: Ninja) -> None:
    """From NinjaTrader's arguments to the numbered record, time zone and aggressor included."""
    ninja.ladder()
    cost = ninja.say("cost")
    assert cost["failed"] == 0
    assert cost["bytes"] == 0
    assert ninja.stream()["depth"] + ninja.stream()["trades"] == 6 + 220_000


# Losses.


def test_a_lost_price_connection_is_a_new_book(ninja: Ninja) -> None:
    """Lost: the book is in doubt. Back: it is NinjaTrader's again, and the log says both once."""
    ninja.say("connection", ES)
    ninja.say("move", ES, "Connected")
    ninja.ladder()
    ninja.say("move", ES, "ConnectionLost")
    ninja.say("move", ES, "Disconnected")
    stream = ninja.stream()
    assert _book(stream) == ([], [])
    assert stream["resets"] == 1
    ninja.say("move", ES, "Connected")
    ninja.tick(1)
    assert _book(ninja.stream()) == _LADDER
    assert ninja.logged() == ["401", "402"]


def test_another_connection_that_is_lost_concerns_nobody(ninja: Ninja) -> None:
    """The order side of another broker goes down: this feed goes on."""
    ninja.say("instrument", "NQ", "2026-12-01", 0.25, 20)
    ninja.say("connection", ES)
    ninja.say("connection", NQ)
    ninja.say("move", NQ, "Connected")
    ninja.ladder()
    ninja.say("move", NQ, "ConnectionLost")
    assert _book(ninja.stream()) == _LADDER


@pytest.mark.parametrize("clocks", [(40.0, 40.0), (1.0, 40.0)])
def test_a_machine_that_slept_has_missed_rows(ninja: Ninja, clocks: tuple[float, float]) -> None:
    """Whichever of the two clocks counts sleep on this machine."""
    ninja.ladder()
    ninja.tick(1)
    ninja.tick(*clocks)
    stream = ninja.stream()
    assert stream["resets"] == 1
    assert _book(stream) == _LADDER
    assert ninja.logged() == ["401", "402"]


# Level I.


def test_a_feed_without_level_two_is_said_after_thirty_seconds(ninja: Ninja) -> None:
    """Trades and no depth; when depth comes after all, that is said too."""
    for second in range(30):
        ninja.trade(5000.0, 1, second)
        ninja.tick(1)
    assert ninja.say("connections") == []
    ninja.trade(5000.0, 1, 31)
    ninja.tick(1)
    assert ninja.say("connections") == [f"0 live level two {ES} no"]
    ninja.ladder(32)
    ninja.tick(1)
    assert ninja.say("connections") == [f"0 live level two {ES} yes"]
    assert ninja.logged() == ["403", "404"]
    assert ninja.stream()["trades"] == 31


def test_silence_is_not_a_missing_level_two(ninja: Ninja) -> None:
    """A closed market has neither."""
    ninja.trade(5000.0)
    ninja.ticks(120)
    assert ninja.say("connections") == []


def test_quotes_and_the_running_volume_are_told_and_others_are_not(ninja: Ninja) -> None:
    """Best bid and ask, DailyVolume; not the day's high."""
    for kind in ("Ask", "Bid", "DailyVolume", "DailyHigh", "OpenInterest"):
        ninja.say("data", ES, kind, 5000.0, 7, 0.0, 0.0, at(0))
    assert ninja.stream()["quotes"] == 3


# Time.


def test_event_time_goes_on_through_silence_one_look_late(ninja: Ninja) -> None:
    """By the monotonic clock, from the newest event: never further than what can still come."""
    ninja.ladder(10)
    ninja.tick(1)
    assert ninja.stream()["newest"] == NINE + 10 * SECOND
    ninja.tick(1)
    assert ninja.stream()["newest"] == NINE + 10 * SECOND, "what is on its way is not overtaken"
    ninja.tick(1)
    assert ninja.stream()["newest"] == NINE + 11 * SECOND
    ninja.tick(1)
    assert ninja.stream()["newest"] == NINE + 12 * SECOND


def test_a_playback_has_its_own_source_and_clock(ninja: Ninja) -> None:
    """Whoever looks at the instrument then looks at the playback, and back again afterwards."""
    ninja.ladder()
    ninja.say("playback", True)
    ninja.tick(1)
    assert ninja.say("connections") == [f"1 playback add {ES}", "1 playback start"]
    assert ninja.say("listeners", ES) == [1, 1, 1, 0]
    ninja.depth("ask", "Update", 0, 5000.25, 33, 1)
    assert ninja.stream(1)["asks"][0] == [20001, 33]
    assert ninja.stream(0)["depth"] == 6, "the live stream hears nothing of a playback"
    ninja.say("playback", False)
    ninja.tick(1)
    ninja.depth("ask", "Update", 0, 5000.25, 44, 2)
    assert ninja.stream(0)["asks"][0] == [20001, 44]
    assert ninja.stream(0)["resets"] == 1, "what the live feed did meanwhile is missing"
    assert ninja.stream(1)["asks"][0] == [20001, 33]


def test_a_playback_that_stands_still_is_paused(runner: Program) -> None:
    """Its clock stands, and event time with it; an event, or a moving clock, ends it."""
    with Ninja(runner) as ninja:
        ninja.say("playback", True)
        ninja.chart("chart")
        ninja.ladder()
        ninja.say("now", at(1))
        ninja.ticks(4)
        assert ninja.stream()["paused"]
        assert ninja.stream()["newest"] == NINE
        ninja.depth("ask", "Update", 0, 5000.25, 33, 2)
        assert not ninja.stream()["paused"]
        ninja.say("now", at(2))
        ninja.ticks(4)
        assert ninja.stream()["paused"]
        for second in range(3, 6):
            ninja.say("now", at(second))
            ninja.tick(1)
        assert not ninja.stream()["paused"]


def test_a_fast_playback_moves_event_time_by_its_own_clock(runner: Program) -> None:
    """A thousand seconds pass in one: silence is measured in the market's time."""
    with Ninja(runner) as ninja:
        ninja.say("playback", True)
        ninja.chart("chart")
        ninja.ladder()
        for second in range(0, 4000, 1000):
            ninja.say("now", at(second))
            ninja.tick(1)
        assert ninja.stream()["newest"] == NINE + 2000 * SECOND
        assert not ninja.stream()["paused"]


def test_a_fast_playback_is_no_missing_level_two(runner: Program) -> None:
    """Half an hour of trades before the first depth is 2 s of a trader's time."""
    with Ninja(runner) as ninja:
        ninja.say("playback", True)
        ninja.chart("chart")
        ninja.say("connections")
        for minute in range(30):
            ninja.trade(5000.0, 1, minute * 60)
            ninja.tick(0.066)
        assert ninja.say("connections") == []


def test_a_moved_slider_is_a_new_book(runner: Program) -> None:
    """Time goes back by an hour: the rows begin again, and bars may be told again."""
    with Ninja(runner) as ninja:
        ninja.say("playback", True)
        ninja.chart("chart")
        ninja.ladder(3600)
        ninja.tick(1)
        ninja.depth("ask", "Add", 0, 5000.0, 5, 10)
        stream = ninja.stream()
        assert (stream["rewinds"], stream["resets"]) == (1, 1)
        ninja.tick(1)
        assert ninja.logged() == ["409"]
        assert len(ninja.stream()["asks"]) == 4, "NinjaTrader's rows"


# The session's trades.


def _history(*seconds: float) -> list[list[Any]]:
    return [[at(second), 5000.25, 2, 5000.0, 5000.25] for second in seconds]


def test_incomplete_sums_are_back_filled_once(ninja: Ninja) -> None:
    """History up to now, then what came meanwhile: each trade once."""
    ninja.ladder()
    ninja.say("history", _history(-300, -200, -100, 5, 5))
    ninja.say("hear", 0, ES, metrics(complete=False))
    ninja.tick(1)
    assert ninja.say("requests") == 1
    ninja.trade(5000.25, 2, 5)
    ninja.trade(5000.25, 2, 5)
    ninja.trade(5000.25, 2, 5)
    ninja.trade(5000.0, 1, 6)
    ninja.tick(1)
    assert ninja.say("requests") == 1, "the answer is waited for"
    ninja.say("deliver")
    told = ninja.stream()
    assert told["historical"] >= 1, "place 1 is numbered at once: what is live after it counts"
    assert ninja.say("log")[-1].endswith("7 trades)"), (
        "five of history, the third of one time, and the last"
    )
    ninja.say("hear", 0, ES, metrics(complete=True))
    ninja.ticks(200)
    assert ninja.say("requests") == 0


def test_trades_of_before_the_session_are_left_out(ninja: Ninja) -> None:
    """It began at five in the afternoon of the day before."""
    ninja.say("history", [["2026-11-18 16:59:59", 5000.0, 1, 0, 0], *_history(-10)])
    ninja.say("hear", 0, ES, metrics(complete=False))
    ninja.tick(1)
    ninja.say("deliver")
    assert ninja.say("log")[-1].endswith("1 trades)")


def test_without_history_it_is_asked_for_less_and_less_often(ninja: Ninja) -> None:
    """After one, two, four minutes; the log says that it failed."""
    ninja.say("history", None)
    ninja.say("hear", 0, ES, metrics(complete=False))
    asked = []
    for second in range(500):
        ninja.tick(1)
        if ninja.say("requests"):
            asked.append(second)
            ninja.say("deliver")
    assert asked == [0, 60, 180, 420]
    assert ninja.logged() == ["406"] * 4


@pytest.mark.parametrize("phase", ["stale", "closed", "paused"])
def test_nothing_is_asked_for_while_it_would_not_count(ninja: Ninja, phase: str) -> None:
    """A closed session has no sums; a book in doubt comes first."""
    ninja.say("hear", 0, ES, metrics(phase, complete=False))
    ninja.ticks(3)
    assert ninja.say("requests") == 0


# Market makers.


def test_rows_of_market_makers_add_up_to_a_ladder(runner: Program) -> None:
    """Two makers at one price are one row for the server; a stock has any number of rows."""
    with Ninja(runner) as ninja:
        ninja.say("instrument", "AMD", "1900-01-01", 0.01, 1)
        ninja.say("rename", "AMD 01-00", "AMD")
        ninja.say("kind", "AMD", "Stock")
        ninja.chart("stock", "AMD", useL3=True)
        for row, (price, size, maker) in enumerate(
            [(100.01, 3, "NSDQ"), (100.01, 4, "ARCA"), (100.02, 5, "NSDQ")]
        ):
            ninja.depth("ask", "Add", row, price, size, instrument="AMD", maker=maker)
        ninja.depth("bid", "Add", 0, 100.0, 9, instrument="AMD", maker="NSDQ")
        ninja.tick(1)
        assert _book(ninja.stream()) == ([[10000, 9]], [[10001, 7], [10002, 5]])
        ninja.depth("ask", "Remove", 0, 100.01, 0, 1, instrument="AMD", maker="NSDQ")
        ninja.depth("ask", "Update", 0, 100.03, 6, 2, instrument="AMD", maker="ARCA")
        stream = ninja.stream()
        assert stream["asks"] == [[10002, 5], [10003, 6]]
        assert stream["faults"] <= 1
        ninja.ticks(3)
        assert "407" not in ninja.logged()


def test_a_feed_of_twenty_rows_keeps_the_best_ten(ninja: Ninja) -> None:
    """The server's book of a future has ten; what comes into sight is added."""
    ninja.ladder(rows=20)
    ninja.tick(1)
    stream = ninja.stream()
    assert stream["asks"] == [[20001 + row, 10 + row] for row in range(10)]
    assert stream["bids"] == [[20000 - row, 20 + row] for row in range(10)]
    ninja.depth("ask", "Remove", 0, 5000.25, 0, 1)
    ninja.depth("bid", "Update", 15, 4996.25, 99, 2)
    ninja.ticks(3)
    stream = ninja.stream()
    assert stream["asks"] == [[20002 + row, 11 + row] for row in range(10)]
    assert stream["faults"] == 1, "when the first row beyond the eleventh was told"
    assert ninja.logged() == []
