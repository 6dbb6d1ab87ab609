"""The example strategy from the server's words to NinjaTrader's orders, through the stand-ins."""

import json
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from wire.messages import Fill, MessageDecoder, Order, Position

READY: Final[list[list[Any]]] = [["realtime"], ["status", "Live"], ["quote", 5000.0, 5000.25]]
ES: Final = {"SignalInstrument": "ES 12-26", "EntryOrderKind": "Market", "RiskPerTrade": 40}


def signal(kind: str = "bounce", strength: float = 0.7, **more: Any) -> list[Any]:
    """A signal of the server about a cluster of ES around 4999, as it comes over the wire."""
    said = {
        "type": "signal",
        "id": 7,
        "instrument": "ES 12-26",
        "source": "live",
        "seq": 1,
        "time": 1_795_082_399_900_000_000,
        "kind": kind,
        "side": "bid",
        "strength": strength,
        "confidence": None,
        "price": 4999.5,
        "reason": "size 700 of 900",
        "cluster": 1,
        "expires": 1_795_082_429_900_000_000,
        **more,
    }
    return ["hear", json.dumps(said)]


def cluster(event: str, state: str, score: float = 70) -> list[Any]:
    """A message of the server about that cluster."""
    found = {
        "id": 1,
        "kind": "resting",
        "side": "bid",
        "tick_low": 19996,
        "tick_high": 19998,
        "price_low": 4999.0,
        "price_high": 4999.5,
        "poc": 4999.25,
        "size": 900,
        "size_peak": 900,
        "t_first": 1_795_082_390_000_000_000,
        "age_ms": 9900,
        "score": score,
        "state": state,
        "t_last": 1_795_082_399_900_000_000,
    }
    message = {
        "type": "clusters",
        "event": event,
        "seq": 1,
        "instrument": "ES 12-26",
        "source": "live",
        "time": 1_795_082_399_900_000_000,
        "clusters": [found],
    }
    return ["hear", json.dumps(message)]


BUY: Final = [signal()]


def play(runner: Program, events: list[list[Any]], **settings: Any) -> list[dict[str, Any]]:
    """The answers to the events of a strategy in MES that listens to ES."""
    lines = [["make", {**ES, "MostContracts": 2, **settings}], *events]
    answers = runner.lines("cluster-trader", [json.dumps(line) for line in lines])
    return [json.loads(answer) for answer in answers]


def test_a_signal_in_es_buys_in_mes_with_a_pair(runner: Program) -> None:
    """40 dollars at 8 ticks of 1.25 are 4 micros; the cap is 2."""
    answers = play(runner, [*READY, *BUY])
    assert answers[0]["unmanaged"] is True
    assert answers[-2]["orders"] == []
    assert answers[-1]["orders"] == [
        "#1 Buy Market 2 0 Filled",
        "#2 Sell StopMarket 2 4998.25 Working",
        "#3 Sell Limit 2 5003.25 Working",
    ]
    assert answers[-1]["position"] == 2


def test_orders_fills_and_positions_are_told_to_the_server(runner: Program) -> None:
    """In the instrument of the orders, in order, in its units."""
    reports = play(runner, [*READY, *BUY])[-1]["reports"]
    for report in reports:
        decoded = MessageDecoder().decode(json.dumps(report))
        assert isinstance(decoded, Order | Fill | Position)
    assert {report["instrument"] for report in reports} == {"MES 12-26"}
    assert {report["time"] for report in reports} == {1_795_082_400_000_000_000}
    told = [(report["type"], report.get("role"), report.get("state")) for report in reports]
    assert told[:5] == [
        ("order", "entry", "sent"),
        ("order", "entry", "working"),
        ("order", "entry", "filled"),
        ("fill", "entry", None),
        ("position", None, None),
    ]
    assert reports[3]["price"] == 5000.25
    assert reports[4]["quantity"] == 2
    assert reports[5]["price"] == 4998.25


def entries(answers: list[dict[str, Any]]) -> list[str]:
    """The entries' sides, in order."""
    orders = [order for answer in answers for order in answer["orders"]]
    return [order.split()[1] for order in orders if "Market" in order and "StopMarket" not in order]


@pytest.mark.parametrize(
    ("said", "settings", "sides"),
    [
        ([signal("break", -0.7)], {}, ["SellShort"]),
        ([signal("a rule of tomorrow")], {}, ["Buy"]),
        ([signal(strength=0)], {}, []),
        ([signal()], {"Kinds": "break, pull_ahead"}, []),
        ([signal()], {"Kinds": "Bounce, break"}, ["Buy"]),
        ([signal()], {"LeastStrength": 0.71}, []),
        ([signal()], {"LeastConfidence": 0.1}, []),
        ([signal(confidence=0.2)], {"LeastConfidence": 0.1}, ["Buy"]),
        ([signal()], {"LeastScore": 60}, []),
        ([cluster("new", "active"), signal()], {"LeastScore": 60}, ["Buy"]),
        ([cluster("new", "active"), signal()], {"LeastScore": 71}, []),
        ([signal(expires=1_795_082_399_999_999_999)], {}, []),
        ([signal()], {"Agreeing": 2}, []),
        ([signal(), signal("absorption_reversal", 0.4, id=8)], {"Agreeing": 2}, ["Buy"]),
    ],
)
def test_which_signals_are_traded(
    runner: Program, said: list[list[Any]], settings: dict[str, Any], sides: list[str]
) -> None:
    """By rule, strength, hit rate, the cluster's score, agreement; none that has expired."""
    assert entries(play(runner, [*READY, *said], **settings)) == sides


def test_clusters_alone_are_no_signal(runner: Program) -> None:
    """The server's rules say what a touch means; a second opinion would count one event twice."""
    touch = [cluster("new", "active"), cluster("update", "touched")]
    assert entries(play(runner, [*READY, *touch])) == []
    assert entries(play(runner, [*READY, *touch, signal()], Agreeing=2)) == []


def test_nothing_is_traded_while_the_book_is_stale(runner: Program) -> None:
    """Not even what was under way."""
    assert entries(play(runner, [*READY, ["status", "Stale"], *BUY])) == []


def test_an_entry_by_limit_stands_at_the_signal_s_price(runner: Program) -> None:
    """In whole ticks."""
    events = [*READY, signal("break", -0.8, side="ask", price=5000.5)]
    sold = play(runner, events, EntryOrderKind="Limit")[-1]
    assert sold["orders"] == ["#1 SellShort Limit 2 5000.5 Working"]


@pytest.mark.parametrize(
    ("account", "switch", "trades"),
    [
        ("Sim101", False, True),
        ("SimMine", False, True),
        ("Playback101", False, True),
        ("DU12345", False, False),
        ("MySim", False, False),
        ("DU12345", True, True),
    ],
)
def test_only_simulated_accounts_unless_switched_on(
    runner: Program, account: str, switch: bool, trades: bool
) -> None:
    """By the names that NinjaTrader keeps for its own accounts."""
    answers = play(runner, [*READY, *BUY], account=account, AllowLiveAccount=switch)
    assert answers[-1]["trading"] is trades
    assert (answers[-1]["orders"] != []) is trades
    said = [line for answer in answers for line in answer["said"]]
    assert any("not simulated" in line for line in said) is not trades


def test_it_does_not_start_on_a_position(runner: Program) -> None:
    """Somebody else's."""
    answers = play(runner, [["hold", -1], *READY, *BUY])
    assert answers[-1]["orders"] == []
    assert any("Refused: position -1" in line for line in answers[2]["said"])


def test_an_unknown_signal_instrument_does_not_trade(runner: Program) -> None:
    """A typing error is said, and does not become the chart's own instrument."""
    answers = play(runner, [["realtime"]], SignalInstrument="EX 12-26")
    assert answers[-1]["trading"] is False
    assert any("no instrument of the name EX 12-26" in line for line in answers[-1]["said"])


def test_managed_orders_carry_their_bracket(runner: Program) -> None:
    """NinjaTrader makes stop and target; they are moved by its methods, and an exit ends them."""
    moves = [["quote", 5001.5, 5001.75], ["wait", 1000]]
    settings = {"ManagedOrders": True, "BreakEvenAfter": 4, "BreakEvenOffset": 1}
    answers = play(runner, [*READY, *BUY, *moves], **settings)
    assert answers[0]["unmanaged"] is False
    assert sorted(answers[4]["orders"]) == [
        "#1 Buy Market 2 0 Filled",
        "Profit target Sell Limit 2 5003.25 Working",
        "Stop loss Sell StopMarket 2 4998.25 Working",
    ]
    assert answers[5]["orders"] == ["Stop loss Sell StopMarket 2 5000.5 Working"]
    opposite = [signal("break", -0.7, id=8)]
    out = play(runner, [*READY, *BUY, *opposite], **settings)[-1]
    assert out["position"] == 0
    assert "#4 Sell Market 2 0 Filled" in out["orders"]


def test_flat_at_the_end_of_the_session(runner: Program) -> None:
    """By NinjaTrader's clock."""
    end = [["wait", (5 * 3600 + 55 * 60) * 1000]]
    answers = play(runner, [*READY, *BUY, *end])
    assert answers[-1]["position"] == 0
    assert any("the session is over" in line for line in answers[-1]["said"])
    assert "Session" in play(runner, [*READY, *end, *BUY])[-2]["banner"]


def test_a_refused_stop_closes_at_the_market(runner: Program) -> None:
    """The broker's words for a stop on the wrong side."""
    answers = play(runner, [["faults", "Stop", 1.0], *READY, *BUY], Retries=0)
    assert answers[-1]["position"] == 0
    assert answers[-1]["orders"][-1] == "#3 Sell Market 2 0 Filled"


def test_what_filled_while_the_broker_was_away_is_protected_at_its_return(
    runner: Program,
) -> None:
    """Nothing is sent meanwhile."""
    away = [["broker", 0], ["quote", 4999.0, 4999.25]]
    settings = {"EntryOrderKind": "Limit", "EntryOffset": 0}
    answers = play(runner, [*READY, *BUY, *away, ["broker", 1], ["wait", 10]], **settings)
    assert answers[4]["orders"] == ["#1 Buy Limit 2 4999.5 Working"]
    assert answers[6]["orders"] == []
    assert answers[6]["position"] == 2
    stops = [order for answer in answers[7:] for order in answer["orders"] if "StopMarket" in order]
    assert stops == ["#2 Sell StopMarket 2 4997.25 Working"]


def test_the_slower_timeframe_is_a_filter(runner: Program) -> None:
    """Its closes before real time count."""
    down = [["bar", 5001.0], ["bar", 5000.0]]
    up = [["bar", 5000.0], ["bar", 5001.0]]
    against = play(runner, [*down, *READY, *BUY], TrendPeriod=2)[-1]
    assert against["orders"] == []
    along = play(runner, [*up, *READY, *BUY], TrendPeriod=2)[-1]
    assert along["position"] == 2


def test_profit_and_latency_are_on_the_chart(runner: Program) -> None:
    """Two micros, two ticks down since the ask was paid at 5000.25."""
    answers = play(runner, [*READY, *BUY, ["quote", 4999.75, 5000.0], ["wait", 1000]])
    lines = answers[-1]["banner"].splitlines()
    assert lines[0] == "Depthbridge LIVE"
    assert lines[1] == "profit -5.00, today -5.00, position 2"
    assert lines[2] == "trading"
    assert lines[3].startswith("signal 100.0 ms, order ")


def test_after_its_end_it_enters_no_more(runner: Program) -> None:
    """NinjaTrader may still deliver what was under way."""
    answers = play(runner, [*READY, ["terminate"], *BUY])
    assert answers[-1]["orders"] == []


def test_a_setting_that_cannot_work_is_said(runner: Program) -> None:
    """And nothing is traded."""
    answers = play(runner, [*READY, *BUY], LastEntry=60000)
    assert answers[-1]["trading"] is False
    assert any("last entry" in line for line in answers[1]["said"])
