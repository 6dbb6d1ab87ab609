"""The indicator among stand-ins: status, rectangles, series, alerts, graphics memory."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from tests.csharp.ninja import ES, Ninja, at, cluster, clusters, metrics, signal

_STATES: Final = {
    "Live": "LIVE",
    "Stale": "STALE",
    "Closed": "CLOSED",
    "NoServer": "NO SERVER",
    "NoLevelTwo": "NO LEVEL II",
}


@pytest.fixture
def ninja(runner: Program) -> Iterator[Ninja]:
    """NinjaTrader with the hub and one chart, live, a minute after nine, one bar on it."""
    with Ninja(runner) as talk:
        talk.chart("c")
        talk.ladder()
        talk.depth("ask", "Update", 0, 5000.25, 10, 60)
        talk.say("bar", "c", 0, at(60), 5000, 5001, 4999, 5000, 10)
        talk.say("become", 0, ES, "Live", "")
        talk.say("run-custom", "c")
        yield talk


def _hear(ninja: Ninja, message: dict[str, Any]) -> None:
    ninja.say("hear", 0, ES, message)
    ninja.say("run-custom", "c")


def _drawn(ninja: Ninja, low: float = 4990, high: float = 5010, *, what: str = "fill") -> list[str]:
    return [call for call in ninja.say("render", "c", 0, low, high) if call.startswith(what)]


# Status.


@pytest.mark.parametrize(("state", "title"), _STATES.items())
def test_the_state_stands_on_the_chart(ninja: Ninja, state: str, title: str) -> None:
    """State, instrument and source, reason, lag, versions, since when."""
    ninja.say("become", 0, ES, state, "because")
    lines = [call.split(" ", 6)[6] for call in _drawn(ninja, what="text")]
    assert lines[:2] == [f"Depthbridge {title}  {ES} live", "because"]
    lag = "feed lag 12.0 ms, round trip 0.4 ms"
    assert (lag in lines) == (state != "NoServer")
    assert any(line.startswith("bridge ") and line.endswith("server 1.2.3") for line in lines)
    assert lines[-1].startswith("since ")


def test_the_status_can_be_hidden(ninja: Ninja) -> None:
    """The rectangles stay."""
    ninja.say("set", "c", "ShowStatus", False)
    assert _drawn(ninja, what="text") == []


def test_without_the_hub_the_chart_says_so_and_finds_it_later(runner: Program) -> None:
    """At NinjaTrader's start charts may be loaded first."""
    with Ninja(runner, hub=False) as ninja:
        ninja.chart("c")
        assert any("the hub add-on is not running" in call for call in _drawn(ninja, what="text"))
        ninja.start_hub()
        ninja.say("bar", "c", 0, at(60), 5000, 5001, 4999, 5000, 10)
        assert ninja.say("connections") == [f"0 live add {ES}", "0 live start"]


def test_a_chart_that_is_drawn_before_it_is_loaded_says_so(runner: Program) -> None:
    """NinjaTrader draws when it likes."""
    with Ninja(runner) as ninja:
        ninja.say("indicator", "c", ES)
        assert any("NO SERVER" in call for call in _drawn(ninja, what="text"))


# Rectangles.


def test_a_cluster_is_a_rectangle_of_its_zone_life_and_strength(ninja: Ninja) -> None:
    """4997.50 to 4997.75, from nine o'clock to the newest event, three quarters strong."""
    _hear(ninja, clusters("snapshot", [cluster(1)]))
    # 400 pixels for 20 points from y 20 on; half a tick around; 1 pixel a second from x 10 on.
    top = round(20 + (5010 - 4997.875) * 20)
    bottom = round(20 + (5010 - 4997.375) * 20)
    assert _drawn(ninja) == [f"fill 10 {top} 60 {bottom - top} 0.75"]
    assert _drawn(ninja, what="frame") == [f"frame 10 {top} 60 {bottom - top} 1"]


def test_the_strongest_is_drawn_last(ninja: Ninja) -> None:
    """So that it is on top."""
    some = [cluster(1, score=90.0), cluster(2, score=10.0), cluster(3, score=50.0)]
    _hear(ninja, clusters("snapshot", some))
    assert [call.rsplit(" ", 1)[1] for call in _drawn(ninja)] == ["0.1", "0.5", "0.9"]


def test_weaker_ones_are_hidden(ninja: Ninja) -> None:
    """At the threshold it is shown; of unknown opacity too."""
    ninja.say("set", "c", "ClusterOpacityThreshold", 50)
    some = [cluster(1, opacity=45), cluster(2, opacity=50), cluster(3, opacity=None)]
    _hear(ninja, clusters("snapshot", some))
    assert len(_drawn(ninja)) == 2
    assert ninja.say("indicator-view", "c")["clusters"] == [2, 3]


@pytest.mark.parametrize(
    ("low", "high", "boxes"), [(5000, 5010, 0), (4980, 4990, 0), (4997.5, 4998, 1)]
)
def test_what_lies_outside_is_left_out_and_what_sticks_out_is_cut(
    ninja: Ninja, low: float, high: float, boxes: int
) -> None:
    """A panel shows only its own prices."""
    _hear(ninja, clusters("snapshot", [cluster(1)]))
    drawn = _drawn(ninja, low, high)
    assert len(drawn) == boxes
    for call in drawn:
        _, x, y, width, height, _ = call.split()
        assert float(x) >= 10
        assert float(y) >= 20
        assert float(x) + float(width) <= 810
        assert float(y) + float(height) <= 420


def test_ended_clusters_stay_where_they_ended_unless_hidden(ninja: Ninja) -> None:
    """Their right edge is their end; the server's word is needed for it."""
    _hear(ninja, clusters("snapshot", [cluster(1), cluster(2)]))
    ended = cluster(1, state="ended", end_reason="pulled", t_last=1795100430000000000)
    _hear(ninja, clusters("end", [ended]))
    assert [call.split()[3] for call in _drawn(ninja)] == ["30", "60"]
    _hear(ninja, clusters("snapshot", []))
    assert [call.split()[3] for call in _drawn(ninja)] == ["30"]
    ninja.say("set", "c", "ShowEnded", False)
    assert _drawn(ninja) == []


def test_brushes_go_with_their_target(ninja: Ninja) -> None:
    """NinjaTrader replaces the target; the old brushes are given free, none is used on another."""
    _hear(ninja, clusters("snapshot", [cluster(1), cluster(2, side="ask")]))
    _drawn(ninja)
    alive = ninja.say("graphics-alive")
    assert alive > 0
    for number in (1, 0, 1, 0):
        ninja.say("render", "c", number, 4990, 5010)
        assert ninja.say("graphics-alive") == alive


def test_at_its_end_nothing_of_the_graphics_card_is_left(ninja: Ninja) -> None:
    """NinjaTrader takes the target away first."""
    _hear(ninja, clusters("snapshot", [cluster(1)]))
    _drawn(ninja)
    ninja.say("no-target", "c")
    ninja.states("c", "Terminated")
    assert ninja.say("graphics-alive") == 0


# Series.


def test_other_scripts_read_scores_and_nearest_clusters(ninja: Ninja) -> None:
    """Of the present bar, as soon as something has come in."""
    ninja.say("hear", 0, ES, metrics(imbalance=40.0, cvd=-12.0))
    some = [
        cluster(1),
        cluster(2, price_low=4998.0, price_high=4998.25),
        cluster(3, side="ask", price_low=5003.0, price_high=5003.5),
        cluster(4, side="ask", price_low=5002.0, price_high=5002.5),
    ]
    _hear(ninja, clusters("snapshot", some))
    view = ninja.say("indicator-view", "c")
    assert (view["imbalance"], view["cvd"]) == (40.0, -12.0)
    assert (view["bid"], view["ask"]) == (4998.25, 5002.0)


@pytest.mark.parametrize("state", ["Stale", "NoServer"])
def test_what_is_not_to_be_trusted_is_no_number(ninja: Ninja, state: str) -> None:
    """Never the last good value."""
    ninja.say("hear", 0, ES, metrics(imbalance=40.0))
    _hear(ninja, clusters("snapshot", [cluster(1)]))
    ninja.say("become", 0, ES, state, "")
    ninja.say("run-custom", "c")
    view = ninja.say("indicator-view", "c")
    assert (view["imbalance"], view["bid"], view["stale"]) == (None, None, True)


def test_bars_of_history_have_no_scores(runner: Program) -> None:
    """Nobody knows them; writing the present ones there would be a lie."""
    with Ninja(runner) as ninja:
        ninja.say("indicator", "c", ES)
        ninja.states("c", "Configure", "DataLoaded", "Historical")
        ninja.say("become", 0, ES, "Live", "")
        ninja.say("hear", 0, ES, metrics(imbalance=40.0))
        ninja.say("bar", "c", 0, at(60), 5000, 5001, 4999, 5000, 10)
        assert not ninja.say("indicator-view", "c")["imbalance"]


# Alerts.


def test_alerts_have_a_sound_and_a_log_entry(ninja: Ninja) -> None:
    """Only those that the trader wants."""
    _hear(ninja, signal(1))
    assert ninja.say("alerts", "c") == []
    ninja.say("set", "c", "AlertOnSignals", True)
    ninja.say("log")
    _hear(ninja, signal(2))
    (alert,) = ninja.say("alerts", "c")
    assert "signal bounce buy: because" in alert
    assert alert.endswith(r"\sounds\Alert1.wav")
    (entry,) = ninja.say("log")
    assert entry.startswith("Information ")
    assert "signal bounce buy" in entry


def test_strong_new_clusters_raise_an_alert_once(ninja: Ninja) -> None:
    """From the score on that was given; an update is nothing new."""
    ninja.say("set", "c", "AlertScore", 75)
    _hear(ninja, clusters("new", [cluster(1), cluster(2, score=74.0)]))
    _hear(ninja, clusters("update", [cluster(1, size=500.0)]))
    (alert,) = ninja.say("alerts", "c")
    assert "resting cluster of bids" in alert


def test_a_signal_of_a_doubtful_book_raises_none(ninja: Ninja) -> None:
    """The trader must not act on it."""
    ninja.say("set", "c", "AlertOnSignals", True)
    ninja.say("become", 0, ES, "Stale", "gap")
    _hear(ninja, signal(1))
    assert ninja.say("alerts", "c") == []


def test_losing_and_finding_trust_raises_an_alert(ninja: Ninja) -> None:
    """Each change once; the first state is no change."""
    ninja.say("set", "c", "AlertOnStatus", True)
    for state in ("Stale", "Stale", "Live"):
        ninja.say("become", 0, ES, state, "gap" if state == "Stale" else "")
        ninja.say("run-custom", "c")
    alerts = [alert.split(" | ")[0] for alert in ninja.say("alerts", "c")]
    assert alerts == [f"Depthbridge {ES} STALE: gap", f"Depthbridge {ES} LIVE"]
