"""The example strategy from the server's words to NinjaTrader's orders, through the stand-ins."""

import json
from typing import Any, Final

import pytest

from tests.csharp.build import Program
from wire.messages import Fill, MessageDecoder, Order, Position

READY: Final[list[list[Any]]] = [["realtime"], ["status", "Live"], ["quote", 5000.0, 5000.25]]
ES: Final = {"SignalInstrument": "ES 12-26", "EntryOrderKind": "Market", "RiskPerTrade": 40}


def cluster(
    event: str,
    state: str = "active",
    *,
    side: str = "bid",
    id: int = 1,
    kind: str = "resting",
    score: float = 70,
    **more: Any,
) -> list[Any]:
    """A message of the server about one cluster of ES around 4999."""
    found = {
        "id": id,
        "kind": kind,
        "side": side,
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
        **more,
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


TOUCH: Final = [cluster("new"), cluster("update", "touched")]


def play(runner: Program, events: list[list[Any]], **settings: Any) -> list[dict[str, Any]]:
    """The answers to the events of a strategy in MES that listens to ES."""
    lines = [["make", {**ES, "MostContracts": 2, **settings}], *events]
    answers = runner.lines("cluster-trader", [json.dumps(line) for line in lines])
    return [json.loads(answer) for answer in answers]


def test_a_touch_in_es_buys_in_mes_with_a_pair(runner: Program) -> None:
    """40 dollars at 8 ticks of 1.25 are 4 micros; the cap is 2."""
    answers = play(runner, [*READY, *TOUCH])
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
    reports = play(runner, [*READY, *TOUCH])[-1]["reports"]
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


@pytest.mark.parametrize(
    ("events", "order"),
    [
        ([cluster("new", side="ask"), cluster("update", "touched", side="ask")], "SellShort"),
        ([cluster("new"), cluster("end", "ended", end_reason="consumed")], "SellShort"),
        ([cluster("new"), cluster("end", "ended", end_reason="through")], "SellShort"),
        (
            [
                cluster("new", side="ask"),
                cluster("end", "ended", side="ask", end_reason="consumed"),
            ],
            "Buy",
        ),
        ([cluster("new"), cluster("end", "ended", end_reason="pulled")], None),
        ([cluster("new"), cluster("end", "ended", end_reason="stale")], None),
        ([cluster("new", kind="traded"), cluster("update", "touched", kind="traded")], None),
        ([cluster("new", "touched")], None),
        ([*TOUCH, cluster("update", "touched")], "Buy"),
    ],
)
def test_what_clusters_are_traded(
    runner: Program, events: list[list[Any]], order: str | None
) -> None:
    """Touches and breaks of resting ones, once; never a first sight."""
    answers = play(runner, [*READY, *events], SpacingSeconds=0)
    entries = [o for a in answers for o in a["orders"] if "Market" in o and "StopMarket" not in o]
    assert [entry.split()[1] for entry in entries] == ([order] if order else [])


def test_what_a_new_connection_tells_is_noted_not_traded(runner: Program) -> None:
    """A full set may be old; and while the book is stale nothing is traded at all."""
    assert play(runner, [*READY, *TOUCH], quiet=60_000)[-1]["orders"] == []
    stale = [*READY, cluster("new"), ["status", "Stale"], cluster("update", "touched")]
    assert play(runner, stale)[-1]["orders"] == []


def test_signals_of_the_server_are_traded_too(runner: Program) -> None:
    """With their price; by limit, in whole ticks."""
    signal = {
        "type": "signal",
        "id": 7,
        "instrument": "ES 12-26",
        "source": "live",
        "seq": 1,
        "time": 1_795_082_399_900_000_000,
        "kind": "sweep",
        "side": "ask",
        "strength": -0.8,
        "price": 5000.5,
    }
    events = [*READY, ["hear", json.dumps(signal)]]
    sold = play(runner, events, EntryOrderKind="Limit")[-1]
    assert sold["orders"] == ["#1 SellShort Limit 2 5000.5 Working"]
    assert play(runner, events, LeastConfidence=0.1)[-1]["orders"] == []
    assert play(runner, events, Kinds="bounce,break")[-1]["orders"] == []


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
    answers = play(runner, [*READY, *TOUCH], account=account, AllowLiveAccount=switch)
    assert answers[-1]["trading"] is trades
    assert (answers[-1]["orders"] != []) is trades
    said = [line for answer in answers for line in answer["said"]]
    assert any("not simulated" in line for line in said) is not trades


def test_it_does_not_start_on_a_position(runner: Program) -> None:
    """Somebody else's."""
    answers = play(runner, [["hold", -1], *READY, *TOUCH])
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
    answers = play(runner, [*READY, *TOUCH, *moves], **settings)
    assert answers[0]["unmanaged"] is False
    assert sorted(answers[5]["orders"]) == [
        "#1 Buy Market 2 0 Filled",
        "Profit target Sell Limit 2 5003.25 Working",
        "Stop loss Sell StopMarket 2 4998.25 Working",
    ]
    assert answers[6]["orders"] == ["Stop loss Sell StopMarket 2 5000.5 Working"]
    opposite = [cluster("end", "ended", end_reason="consumed")]
    out = play(runner, [*READY, *TOUCH, *opposite], **settings)[-1]
    assert out["position"] == 0
    assert "#4 Sell Market 2 0 Filled" in out["orders"]


def test_flat_at_the_end_of_the_session(runner: Program) -> None:
    """By NinjaTrader's clock."""
    end = [["wait", (5 * 3600 + 55 * 60) * 1000]]
    answers = play(runner, [*READY, *TOUCH, *end])
    assert answers[-1]["position"] == 0
    assert any("the session is over" in line for line in answers[-1]["said"])
    assert "Session" in play(runner, [*READY, *end, *TOUCH])[-2]["banner"]


def test_a_refused_stop_closes_at_the_market(runner: Program) -> None:
    """The broker's words for a stop on the wrong side."""
    answers = play(runner, [["faults", "Stop", 1.0], *READY, *TOUCH], Retries=0)
    assert answers[-1]["position"] == 0
    assert answers[-1]["orders"][-1] == "#3 Sell Market 2 0 Filled"


def test_what_filled_while_the_broker_was_away_is_protected_at_its_return(
    runner: Program,
) -> None:
    """Nothing is sent meanwhile."""
    away = [["broker", 0], ["quote", 4999.0, 4999.25]]
    settings = {"EntryOrderKind": "Limit", "EntryOffset": 0}
    answers = play(runner, [*READY, *TOUCH, *away, ["broker", 1], ["wait", 10]], **settings)
    assert answers[5]["orders"] == ["#1 Buy Limit 2 4999.5 Working"]
    assert answers[7]["orders"] == []
    assert answers[7]["position"] == 2
    stops = [order for answer in answers[8:] for order in answer["orders"] if "StopMarket" in order]
    assert stops == ["#2 Sell StopMarket 2 4997.25 Working"]


def test_the_slower_timeframe_is_a_filter(runner: Program) -> None:
    """Its closes before real time count."""
    down = [["bar", 5001.0], ["bar", 5000.0]]
    up = [["bar", 5000.0], ["bar", 5001.0]]
    against = play(runner, [*down, *READY, *TOUCH], TrendPeriod=2)[-1]
    assert against["orders"] == []
    along = play(runner, [*up, *READY, *TOUCH], TrendPeriod=2)[-1]
    assert along["position"] == 2


def test_profit_and_latency_are_on_the_chart(runner: Program) -> None:
    """Two micros, two ticks down since the ask was paid at 5000.25."""
    answers = play(runner, [*READY, *TOUCH, ["quote", 4999.75, 5000.0], ["wait", 1000]])
    lines = answers[-1]["banner"].splitlines()
    assert lines[0] == "Depthbridge LIVE"
    assert lines[1] == "profit -5.00, today -5.00, position 2"
    assert lines[2] == "trading"
    assert lines[3].startswith("signal 100.0 ms, order ")


def test_after_its_end_it_enters_no_more(runner: Program) -> None:
    """NinjaTrader may still deliver what was under way."""
    answers = play(runner, [*READY, cluster("new"), ["terminate"], cluster("update", "touched")])
    assert answers[-1]["orders"] == []


def test_a_setting_that_cannot_work_is_said(runner: Program) -> None:
    """And nothing is traded."""
    answers = play(runner, [*READY, *TOUCH], LastEntry=60000)
    assert answers[-1]["trading"] is False
    assert any("last entry" in line for line in answers[1]["said"])
