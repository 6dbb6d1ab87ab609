"""The strategy among stand-ins: what it sends, what reaches its thread, its cost when off."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import ES, Ninja, at, cluster, clusters, metrics, signal

SECOND: Final = 10**9


@pytest.fixture
def ninja(runner: Program) -> Iterator[Ninja]:
    """NinjaTrader with the hub and one strategy, live."""
    with Ninja(runner) as talk:
        talk.strategy("s")
        talk.ladder()
        talk.say("become", 0, ES, "Live", "")
        talk.say("run-custom", "s")
        yield talk


def _view(ninja: Ninja, name: str = "s") -> dict[str, Any]:
    view: dict[str, Any] = ninja.say("strategy-view", name)
    return view


# Off.


def test_switched_off_there_is_no_connection_and_no_cost(runner: Program) -> None:
    """Nothing is subscribed, opened, numbered or kept."""
    with Ninja(runner) as ninja:
        ninja.strategy("s", usePythonHelper=False)
        ninja.ladder()
        ninja.say("to-script", "s", 0, ES, "ask", "Update", 0, 5000.25, 9, at(1), "")
        ninja.say("to-script", "s", 0, ES, "Last", 5000.25, 1, 5000.0, 5000.25, at(1))
        ninja.say("bar", "s", 0, at(60), 5000, 5001, 4999, 5000, 10)
        assert ninja.say("connections") == []
        assert ninja.say("listeners", ES)[:2] == [0, 0]
        view = _view(ninja)
        assert (view["state"], view["stale"], view["queued"], view["waiting"]) == (
            "NO SERVER",
            True,
            0,
            0,
        )
        assert not ninja.say("start", "s"), "nor by hand"


def test_clones_that_were_never_configured_do_nothing(ninja: Ninja) -> None:
    """SetDefaults and Terminated run on them too; the running one goes on."""
    ninja.say("connections")
    ninja.say("strategy", "clone", ES)
    ninja.say("state", "clone", "Terminated")
    assert ninja.say("connections") == []
    assert _view(ninja)["state"] == "LIVE"


def test_after_its_end_nothing_starts_it_again(ninja: Ninja) -> None:
    """Terminated may come in the middle; a late Realtime or callback changes nothing."""
    ninja.states("s", "Terminated", "Terminated")
    ninja.say("connections")
    ninja.states("s", "Realtime")
    assert not ninja.say("start", "s")
    ninja.say("hear", 0, ES, signal(1))
    assert ninja.say("custom", "s") == 0
    assert ninja.say("connections") == []


def test_the_strategy_analyzer_connects_only_for_history(runner: Program) -> None:
    """A hundred back-tests must not publish a hundred times."""
    with Ninja(runner) as ninja:
        ninja.strategy("s", IsInStrategyAnalyzer=True)
        assert ninja.say("connections") == []
        ninja.strategy("h", IsInStrategyAnalyzer=True, HistoricalOnly=True)
        assert ninja.say("connections") == [f"0 replay add {ES}", "0 replay start"]


# Who carries the feed.


def test_with_the_hub_it_only_listens(ninja: Ninja) -> None:
    """Its own callbacks would double every trade and spoil the book."""
    before = ninja.stream()
    ninja.say("to-script", "s", 0, ES, "ask", "Add", 0, 5000.25, 9, at(1), "")
    ninja.say("to-script", "s", 0, ES, "Last", 5000.25, 1, 5000.0, 5000.25, at(1))
    assert ninja.stream() == before
    assert (_view(ninja)["queued"], _view(ninja)["carries"]) == (0, False)


def test_without_the_hub_it_carries_the_feed_itself(runner: Program) -> None:
    """Depth and trades of the first series only: each added series hands them over again."""
    with Ninja(runner, hub=False) as ninja:
        ninja.say("strategy", "s", ES)
        ninja.say("series", "s", ES, 5)
        ninja.say("set", "s", "usePythonHelper", True)
        ninja.states("s", "Configure", "DataLoaded", "Historical", "Transition")
        assert ninja.say("connections") == [], "the hub may still come"
        ninja.states("s", "Realtime")
        assert ninja.say("connections") == [f"0 live add {ES}", "0 live start"]
        for series in (0, 1):
            ninja.say("to-script", "s", series, ES, "ask", "Add", 0, 5000.25, 9, at(1), "")
            ninja.say("to-script", "s", series, ES, "bid", "Add", 0, 5000.0, 8, at(1), "")
            ninja.say("to-script", "s", series, ES, "Last", 5000.25, 1, 5000.0, 5000.25, at(1))
        stream = ninja.stream()
        assert (stream["depth"], stream["trades"]) == (2, 1)
        assert (stream["bids"], stream["asks"]) == ([[20000, 8]], [[20001, 9]])
        assert (_view(ninja)["queued"], _view(ninja)["carries"]) == (2, True)
        assert ninja.say("listeners", ES)[:2] == [0, 0], "it subscribes to nothing"
        ninja.states("s", "Terminated")
        assert ninja.say("connections") == ["0 live stop"]


@pytest.mark.parametrize("hub", [True, False])
def test_signals_of_another_instrument_come_without_its_own_events(
    runner: Program, *, hub: bool
) -> None:
    """Orders in MES, signals from ES: the strategy's own events and bars are of the wrong one."""
    with Ninja(runner, hub=hub) as ninja:
        ninja.say("instrument", "MES", "2026-12-01", 0.25, 5)
        mes = "MES 12-26"
        ninja.strategy("s", mes, SignalInstrument=ES)
        assert ninja.say("connections") == [f"0 live add {ES}", "0 live start"]
        ninja.ladder()
        ninja.say("to-script", "s", 0, mes, "ask", "Update", 0, 5000.25, 9, at(1), "")
        ninja.say("to-script", "s", 0, mes, "Last", 5000.25, 1, 5000.0, 5000.25, at(1))
        ninja.say("bar", "s", 0, at(60), 5000, 5001, 4999, 5000.5, 10)
        stream = ninja.stream()
        assert (stream["depth"], stream["trades"], stream["bars"]) == (6, 0, 0)
        ninja.say("hear", 0, ES, signal(1))
        ninja.say("become", 0, ES, "Live", "")
        ninja.say("run-custom", "s")
        assert _view(ninja)["told"] == ["signal 1"]
        assert ninja.say("report", "s", '{"type":"order"}')
        assert ninja.say("connections") == ['0 live report {"type":"order"}']
        ninja.states("s", "Terminated")
        assert not ninja.say("report", "s", "{}")


# Bars.


def test_closed_bars_are_sent_once_whatever_shows_them(ninja: Ninja) -> None:
    """Two strategies of one series, one of them loaded again: each bar once."""
    ninja.strategy("t")
    for name in ("s", "t"):
        ninja.say("bar", name, 0, at(60), 5000, 5001, 4999, 5000.5, 10)
        ninja.say("bar", name, 0, at(120), 5000, 5001, 4999, 5000.5, 10)
    assert ninja.stream()["bars"] == 2


def test_each_series_of_the_instrument_is_sent_and_no_other_instrument(ninja: Ninja) -> None:
    """A second timeframe is a series of its own."""
    ninja.say("instrument", "NQ", "2026-12-01", 0.25, 20)
    ninja.say("series", "s", ES, 5)
    ninja.say("series", "s", "NQ 12-26", 1)
    for series in (0, 1, 2):
        ninja.say("bar", "s", series, at(300), 5000, 5001, 4999, 5000.5, 10)
    assert ninja.stream()["bars"] == 2


def test_on_each_tick_a_bar_is_sent_when_the_next_begins(ninja: Ninja) -> None:
    """The present bar is not closed; it is the one before that is sent."""
    ninja.say("set", "s", "Calculate", "OnEachTick")
    ninja.say("set", "s", "IsFirstTickOfBar", True)
    ninja.say("bar", "s", 0, at(60), 5000, 5001, 4999, 5000.5, 10)
    assert ninja.stream()["bars"] == 0
    ninja.say("set", "s", "IsFirstTickOfBar", False)
    ninja.say("bar", "s", 0, at(120), 5000, 5001, 4999, 5000.5, 10)
    assert ninja.stream()["bars"] == 0
    ninja.say("set", "s", "IsFirstTickOfBar", True)
    ninja.say("bar", "s", 0, at(180), 5000, 5001, 4999, 5000.5, 10)
    assert ninja.stream()["bars"] == 1


def test_history_only_sends_bars_and_trades_of_history(runner: Program) -> None:
    """Under a source of its own, once for all charts; nothing in real time."""
    with Ninja(runner) as ninja:
        for name in ("s", "t"):
            ninja.say("strategy", name, ES)
            ninja.say("set", name, "usePythonHelper", True)
            ninja.say("set", name, "HistoricalOnly", True)
            ninja.states(name, "Configure", "DataLoaded", "Historical")
        assert ninja.say("connections") == [f"0 replay add {ES}", "0 replay start"]
        for name in ("s", "t"):
            ninja.say("to-script", name, 0, ES, "Last", 5000.25, 1, 5000.0, 5000.25, at(1))
            ninja.say("to-script", name, 0, ES, "Ask", 5000.25, 1, 5000.0, 5000.25, at(1))
            ninja.say("bar", name, 0, at(60), 5000, 5001, 4999, 5000.5, 10)
        counts = ninja.stream()
        assert (counts["trades"], counts["quotes"], counts["bars"]) == (1, 0, 1)
        ninja.states("s", "Transition", "Realtime")
        ninja.ladder(70)
        ninja.say("to-script", "s", 0, ES, "Last", 5000.25, 1, 5000.0, 5000.25, at(71))
        ninja.say("bar", "s", 0, at(120), 5000, 5001, 4999, 5000.5, 10)
        ninja.ticks(3)
        assert ninja.stream()["end"] == counts["end"]
        assert ninja.say("listeners", ES)[:2] == [0, 0]


# What comes back.


def test_clusters_reach_the_strategy_only_on_its_own_thread(ninja: Ninja) -> None:
    """The receiving thread leaves word; NinjaTrader runs the rest."""
    ninja.say("hear", 0, ES, clusters("snapshot", [cluster(1), cluster(2, side="ask")]))
    assert _view(ninja)["told"] == []
    assert ninja.say("custom", "s") == 1
    ninja.say("hear", 0, ES, clusters("update", [cluster(1, size=500.0)]))
    ninja.say(
        "hear", 0, ES, clusters("end", [cluster(2, side="ask", state="ended", end_reason="pulled")])
    )
    assert ninja.say("custom", "s") == 1, "it is woken once for all that waits"
    ninja.say("run-custom", "s")
    view = _view(ninja)
    assert view["told"] == ["New 1", "New 2", "Update 1", "End 2"]
    assert view["clusters"] == [1]
    assert view["threads"] == 1
    ninja.say("hear", 0, ES, clusters("new", [cluster(3)]))
    ninja.say("run-custom", "s")
    assert _view(ninja)["clusters"] == [1, 3]


def test_weaker_clusters_are_left_out_and_unknown_ones_are_not(runner: Program) -> None:
    """ClusterOpacityThreshold hides; the server's set is the same for all."""
    with Ninja(runner) as ninja:
        ninja.strategy("s", ClusterOpacityThreshold=50)
        ninja.strategy("t")
        some = [cluster(1, opacity=45), cluster(2, opacity=50), cluster(3, opacity=None)]
        ninja.say("hear", 0, ES, clusters("snapshot", some))
        for name in ("s", "t"):
            ninja.say("run-custom", name)
        assert _view(ninja)["clusters"] == [2, 3]
        assert _view(ninja, "t")["clusters"] == [1, 2, 3]


def test_a_signal_is_let_through_while_it_is_worth_something(ninja: Ninja) -> None:
    """Fresh and of a book that is to be trusted."""
    ninja.say("hear", 0, ES, signal(7))
    ninja.say("run-custom", "s")
    view = _view(ninja)
    assert view["told"] == ["signal 7"]
    assert (view["passed"], view["expired"], view["late"], view["doubted"]) == (1, 0, 0, 0)


def test_a_signal_that_has_expired_by_the_market_s_time_is_dropped(ninja: Ninja) -> None:
    """Event time has reached its end before the strategy came."""
    nine = 1_795_100_400 * SECOND
    ninja.say("hear", 0, ES, signal(1, expires=nine + 5 * SECOND))
    ninja.say("hear", 0, ES, signal(2, expires=nine + 6 * SECOND))
    ninja.depth("ask", "Update", 0, 5000.25, 9, 5)
    ninja.say("run-custom", "s")
    view = _view(ninja)
    assert view["told"] == ["signal 2"]
    assert view["expired"] == 1


def test_a_signal_that_lay_here_for_too_long_is_dropped(ninja: Ninja) -> None:
    """By the bridge's own clock: the strategy's thread was busy for more than two seconds."""
    ninja.say("hear", 0, ES, signal(1))
    ninja.say("sleep", 2100)
    ninja.say("hear", 0, ES, signal(2))
    ninja.say("run-custom", "s")
    view = _view(ninja)
    assert view["told"] == ["signal 2"]
    assert view["late"] == 1


@pytest.mark.parametrize("state", ["Stale", "NoServer"])
def test_a_signal_of_a_doubtful_book_is_dropped(ninja: Ninja, state: str) -> None:
    """The flag says so, the scores are gone, and when all is well they are back."""
    ninja.say("hear", 0, ES, metrics(imbalance=40.0, volume=80.0))
    assert (_view(ninja)["imbalance"], _view(ninja)["volume"]) == (40.0, 80.0)
    ninja.say("become", 0, ES, state, "gap")
    ninja.say("hear", 0, ES, signal(1))
    ninja.say("run-custom", "s")
    view = _view(ninja)
    assert (view["told"], view["doubted"], view["stale"]) == ([], 1, True)
    assert view["imbalance"] is None
    ninja.say("become", 0, ES, "Live", "")
    assert _view(ninja)["imbalance"] == 40.0


def test_measures_of_a_stale_book_are_no_scores(ninja: Ninja) -> None:
    """Also before the status says so."""
    ninja.say("hear", 0, ES, metrics("stale", imbalance=40.0))
    assert _view(ninja)["imbalance"] is None


def test_mail_is_bounded(ninja: Ninja) -> None:
    """A strategy whose thread hangs loses the oldest, with a count."""
    for number in range(1010):
        ninja.say("hear", 0, ES, signal(number))
    assert _view(ninja)["mail_dropped"] == 10
    assert ninja.say("custom", "s") == 1
    ninja.say("run-custom", "s")
    assert _view(ninja)["told"][0] == "signal 10"


def test_a_strategy_that_refuses_events_spoils_nothing(ninja: Ninja) -> None:
    """NinjaTrader throws while it is being ended: the others still hear."""
    ninja.strategy("t")
    ninja.say("refuse-custom", "s")
    ninja.say("hear", 0, ES, signal(1))
    ninja.say("run-custom", "t")
    assert _view(ninja, "t")["told"] == ["signal 1"]
    assert ninja.logged() == []


# Parameters.


def test_parameters_have_names_defaults_groups_and_ranges(ninja: Ninja) -> None:
    """The names stay for ever; a setting is the server's own unless it is given."""
    parameters = ninja.say("parameters", "s")
    assert {name: value[0] for name, value in parameters.items()} == {
        "usePythonHelper": True,
        "useL3": False,
        "HistoricalOnly": False,
        "DebugMode": False,
        "Host": "127.0.0.1",
        "Port": 8765,
        "TokenFile": "",
        "OrderBookGranularity": -1,
        "ClusterIncrement": -1,
        "OrderBookVolumeThreshold": -1.0,
        "ClusterOpacityThreshold": 0,
        "ClusterBuffer": -1,
    }
    assert all(group for _, group, _ in parameters.values())
    ranges = {name: value[2] for name, value in parameters.items() if value[2]}
    assert set(ranges) == {
        "Port",
        "OrderBookGranularity",
        "ClusterIncrement",
        "OrderBookVolumeThreshold",
        "ClusterOpacityThreshold",
        "ClusterBuffer",
    }
    assert ranges["Port"] == "1..65535"
    assert ranges["ClusterOpacityThreshold"] == "0..100"


def test_health_of_a_server_that_is_not_there_is_false(runner: Program) -> None:
    """And nothing is thrown."""
    with Ninja(runner) as ninja:
        ninja.strategy("s", Port=1)
        assert ninja.say("health", "s") is False
