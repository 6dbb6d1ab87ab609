"""A NinjaTrader made of stand-ins, and how a test speaks to it."""

from collections.abc import Sequence
from typing import Any, Final

from tests.csharp.build import Program
from tests.csharp.talk import Talk

__all__ = ["ES", "Ninja", "at", "cluster", "clusters", "metrics", "signal"]

ES: Final = "ES 12-26"
CHICAGO: Final = -6


class Ninja(Talk):
    """NinjaTrader with one instrument; the hub runs unless a test wants to start it itself."""

    def __init__(self, runner: Program, *, hub: bool = True) -> None:
        super().__init__(runner, "ninja")
        self.say("zone", CHICAGO)
        self.say("now", "2026-11-19 09:00:00")
        self.say("instrument", "ES", "2026-12-01", 0.25, 50)
        if hub:
            self.start_hub()

    def start_hub(self) -> int:
        """An instance of the add-on, as NinjaTrader starts it."""
        number = int(self.say("hub"))
        self.say("hub-state", number, "SetDefaults")
        self.say("hub-state", number, "Configure")
        return number

    def chart(self, name: str, instrument: str = ES, **settings: Any) -> None:
        """An indicator on a chart, loaded."""
        self._script("indicator", name, instrument, settings)

    def strategy(self, name: str, instrument: str = ES, **settings: Any) -> None:
        """A strategy, loaded; the helper is on unless the test says otherwise."""
        self._script("strategy", name, instrument, {"usePythonHelper": True, **settings})

    def _script(self, kind: str, name: str, instrument: str, settings: dict[str, Any]) -> None:
        self.say(kind, name, instrument)
        for key, value in settings.items():
            self.say("set", name, key, value)
        for state in ("Configure", "DataLoaded", "Historical", "Transition", "Realtime"):
            self.say("state", name, state)

    def states(self, name: str, *states: str) -> None:
        """Move a script through states."""
        for state in states:
            self.say("state", name, state)

    def depth(
        self,
        side: str,
        op: str,
        row: int,
        price: float,
        size: int,
        second: float = 0.0,
        *,
        instrument: str = ES,
        how: str = "depth",
        maker: str = "",
    ) -> None:
        """A depth event: ``how`` says whether rows move and listeners hear of it."""
        self.say(how, instrument, side, op, row, price, size, at(second), maker)

    def ladder(self, second: float = 0.0, *, rows: int = 3, instrument: str = ES) -> None:
        """Adds of so many rows a side around 5000, as a feed begins."""
        for row in range(rows):
            self.depth(
                "ask", "Add", row, 5000.25 + row / 4, 10 + row, second, instrument=instrument
            )
        for row in range(rows):
            self.depth("bid", "Add", row, 5000.0 - row / 4, 20 + row, second, instrument=instrument)

    def trade(
        self, price: float, size: int = 1, second: float = 0.0, *, instrument: str = ES
    ) -> None:
        """A trade, with bid and ask around 5000."""
        self.say("data", instrument, "Last", price, size, 5000.0, 5000.25, at(second))

    def stream(self, connection: int = 0, index: int = 0) -> dict[str, Any]:
        """A published stream: book, counts, number."""
        answer: dict[str, Any] = self.say("stream", connection, index)
        return answer

    def tick(self, *seconds: float) -> None:
        """The hub looks after its feeds, so many seconds later (monotonic and wall clock)."""
        self.say("tick", *seconds)

    def ticks(self, count: int) -> None:
        """It looks once a second."""
        for _ in range(count):
            self.tick(1)

    def logged(self) -> list[str]:
        """Numbers of the log events since the last call, in order."""
        return [line.split("Depthbridge ", 1)[1].split(":")[0] for line in self.say("log")]


def at(second: float) -> str:
    """So many seconds after nine o'clock in Chicago, 19 November 2026."""
    minutes, rest = divmod(second, 60)
    return f"2026-11-19 {9 + int(minutes) // 60:02d}:{int(minutes) % 60:02d}:{rest:010.7f}"


def metrics(phase: str = "synced", *, instrument: str = ES, **values: Any) -> dict[str, Any]:
    """A metrics message of the server."""
    return {
        "type": "metrics",
        "instrument": instrument,
        "source": "live",
        "seq": 1,
        "time": 10**18,
        "phase": phase,
        "complete": True,
        **values,
    }


def cluster(number: int, **values: Any) -> dict[str, Any]:
    """A cluster as the server sends it."""
    return {
        "id": number,
        "kind": "resting",
        "side": "bid",
        "tick_low": 19990,
        "tick_high": 19991,
        "price_low": 4997.5,
        "price_high": 4997.75,
        "poc": 4997.5,
        "size": 300.0,
        "size_peak": 300.0,
        "orders": None,
        "buy": 0.0,
        "sell": 0.0,
        "delta": 0.0,
        "added": 0.0,
        "cancelled": 0.0,
        "dominance": 1.0,
        "rel": 4.0,
        "score": 75.0,
        "opacity": 60,
        "state": "active",
        "end_reason": None,
        "t_first": 1795100400000000000,
        "t_last": 1795100460000000000,
        "age_ms": 60000,
        "distance_ticks": 9,
        "source": {"book": "L2", "aggressor": "event", "feed": "live", "warmup": False},
        "config": "abc",
        **values,
    }


def clusters(event: str, some: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A clusters message of the server."""
    return {
        "type": "clusters",
        "event": event,
        "seq": 1,
        "instrument": ES,
        "source": "live",
        "time": 10**18,
        "clusters": list(some),
    }


def signal(number: int, **values: Any) -> dict[str, Any]:
    """A signal of the server."""
    return {
        "type": "signal",
        "id": number,
        "instrument": ES,
        "source": "live",
        "seq": 1,
        "time": 1795100400000000000,
        "kind": "bounce",
        "side": "buy",
        "strength": 0.5,
        "confidence": None,
        "price": 5000.0,
        "reason": "because",
        "cluster": None,
        "expires": None,
        **values,
    }
