"""A small, seeded market in integers: ten rows a side, trades, and walls whose fate is known.

It imitates what NinjaTrader shows of a liquid index future: bursts and quiet phases, sizes that
revert to a profile, queues that decide where the price steps. Everything is integer arithmetic, so
the same seed gives the same rows on every platform and version.

It knows rows, not files; ``recording.generator`` writes them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from market.enums import DepthOp, MarketDataType, Side
from recording.planted import (
    Concentration,
    Episode,
    Fate,
    Flicker,
    Plan,
    Plant,
    Wall,
    make_plans,
)
from recording.splitmix import Random

__all__ = ["DEPTH", "TYPICAL_SIZE", "Market", "Row"]

DEPTH: Final = 10
TYPICAL_SIZE: Final = 88
"""About the median size of all rows."""

_UNIT: Final = 100
"""NinjaTrader's clock steps, ns."""
_MILLISECOND: Final = 1_000_000
_PROFILE: Final = (46, 72, 84, 90, 94, 96, 96, 94, 90, 88)
_SMALLEST: Final = 8
_LARGEST: Final = 165
"""Under twice the median: no row looks like a wall."""
_PHASES: Final = ((3, 60), (8, 70), (12, 40), (60, 6), (5, 50), (9, 80), (25, 12))
"""(groups a second, seconds on average) of calm and busy phases, in turn."""


class Row(NamedTuple):
    """One line of a dump.

    Attributes:
        time: ns UTC, a multiple of 100.
        level: 1 (best price, trade, running volume) or 2 (a row of the ladder).
        kind: ``MarketDataType`` at level 1, ``Side`` at level 2.
        op: ``DepthOp``; 0 at level 1.
        position: row of the ladder; 0 at level 1.
        price: ticks.
        size: contracts.
    """

    time: int
    level: int
    kind: int
    op: int
    position: int
    price: int
    size: int


@dataclass(slots=True)
class _LiveWall:
    plan: Plan
    side: Side
    price: int
    shown: int
    left: int
    t_start: int
    t_hit: int | None = None
    times: int = 0
    longest: int = 0
    since: int = 0
    turn: int = 0


@dataclass(slots=True)
class _LiveConcentration:
    side: Side
    price: int
    t_start: int
    until: int
    volume: int = 0
    shown: int = 0
    plant: Plant | None = None


@dataclass(slots=True)
class _Work:
    """What the plan makes the market do just now."""

    wall: _LiveWall | None = None
    attack: bool = False
    pinned_until: int = 0
    concentration: _LiveConcentration | None = None


class Market:
    """Iterate it once for the rows; afterwards ``walls`` and ``concentrations`` are the truth.

    With ``everything``, ``icebergs``, ``absorptions`` and ``flickers`` too.

    Args:
        seed: any integer.
        start: ns UTC of the first row, a multiple of 100.
        end: no row at or after it.
        first_price: ticks of the first best bid.
        walls: False leaves the planted sizes, and the trades against them, out of the rows; all
            else stays the same.
        everything: plants icebergs, absorption and flickering walls as well.
    """

    def __init__(
        self,
        *,
        seed: int,
        start: int,
        end: int,
        first_price: int,
        walls: bool = True,
        everything: bool = False,
    ) -> None:
        self.walls: list[Wall] = []
        self.concentrations: list[Concentration] = []
        self.icebergs: list[Episode] = []
        self.absorptions: list[Episode] = []
        self.flickers: list[Flicker] = []
        self._random = Random(seed)
        self._show_walls = walls
        self._time = start
        self._end = end
        self._best = [first_price + 1, first_price]
        self._sizes = [[self._fresh(i) for i in range(DEPTH)] for _ in Side]
        self._volume = 412_000 + self._random.below(9_000)
        self._extremes = [first_price - 42, first_price + 38]
        self._plans = make_plans(Random(seed + 1), start, end, everything=everything)
        self._work = _Work()
        self._phase = 0
        self._phase_end = start
        self._rate = 1
        self._rows: list[Row] = []

    def __iter__(self) -> Iterator[Row]:
        self._open()
        while self._time < self._end:
            yield from self._rows
            self._rows.clear()
            self._group()
            self._next_time()

    # --- time

    def _next_time(self) -> None:
        if self._time >= self._phase_end:
            self._rate, seconds = _PHASES[self._phase % len(_PHASES)]
            self._phase += 1
            length = self._random.between(seconds // 2, seconds * 3 // 2)
            self._phase_end = self._time + length * 1000 * _MILLISECOND
        rate = self._rate
        if self._work.attack or self._work.concentration:
            rate = max(rate, 12)
        if self._flickering:
            rate = max(rate, 40)
        self._wait(10**7 // rate)

    def _wait(self, mean: int) -> None:
        """Move on by about ``mean`` steps of 100 ns, at least one."""
        self._time += (1 + self._random.exponential(mean)) * _UNIT

    @property
    def _flickering(self) -> bool:
        """A wall is there that must not be there for half a second."""
        wall = self._work.wall
        return wall is not None and wall.plan.plant is Plant.FLICKER and wall.left > 0

    # --- rows

    def _open(self) -> None:
        for side in Side:
            for position in range(DEPTH):
                self._depth(side, DepthOp.ADD, position)
            self._quote(side)
        self._running_volume()

    def _depth(self, side: Side, op: DepthOp, position: int) -> None:
        price = self._price(side, position)
        size = self._displayed(side, position)
        work = self._work.concentration
        if work is not None and (work.side, work.price) == (side, price):
            work.shown = max(work.shown, size)
        self._rows.append(Row(self._time, 2, side, op, position, price, size))

    def _removed(self, side: Side, position: int, price: int) -> None:
        self._rows.append(Row(self._time, 2, side, DepthOp.REMOVE, position, price, 0))

    def _quote(self, side: Side) -> None:
        size = self._displayed(side, 0)
        self._rows.append(Row(self._time, 1, side, 0, 0, self._best[side], size))

    def _running_volume(self) -> None:
        kind = MarketDataType.DAILY_VOLUME
        self._rows.append(Row(self._time, 1, kind, 0, 0, 0, self._volume))

    def _trade(self, price: int, size: int) -> None:
        self._volume += size
        self._rows.append(Row(self._time, 1, MarketDataType.LAST, 0, 0, price, size))
        if price < self._extremes[0]:
            self._extremes[0] = price
            self._rows.append(Row(self._time, 1, MarketDataType.DAILY_LOW, 0, 0, price, size))
        if price > self._extremes[1]:
            self._extremes[1] = price
            self._rows.append(Row(self._time, 1, MarketDataType.DAILY_HIGH, 0, 0, price, size))

    # --- the ladder

    def _price(self, side: Side, position: int) -> int:
        return self._best[side] + (-position if side == Side.BID else position)

    def _position(self, wall: _LiveWall) -> int:
        return abs(self._best[wall.side] - wall.price)

    def _displayed(self, side: Side, position: int) -> int:
        size = self._sizes[side][position]
        wall = self._work.wall
        if wall and self._show_walls and wall.side == side and self._position(wall) == position:
            size += wall.left
        return size

    def _fresh(self, position: int) -> int:
        target = _PROFILE[position]
        return self._random.between(target * 2 // 3, target * 4 // 3)

    def _revert(self, side: Side, position: int) -> None:
        size = self._sizes[side][position]
        step = (_PROFILE[position] - size) // 8 + self._random.between(-9, 9)
        self._sizes[side][position] = min(max(size + step, _SMALLEST), _LARGEST)

    # --- one group of rows at one time

    def _group(self) -> None:
        wall = self._work.wall
        if wall is None and self._plans and self._time >= self._plans[0].time:
            self._begin(self._plans.pop(0))
        elif wall is not None and self._follow(wall):
            return
        if self._work.concentration:
            self._trade_at_one_row(self._work.concentration)
        elif self._random.below(40) == 0 and self._time >= self._work.pinned_until:
            self._wander()
        elif self._random.below(5) == 0:
            self._small_trades()
        self._updates(1 + self._random.exponential(2))

    def _updates(self, count: int) -> None:
        for _ in range(min(count, 9)):
            side = Side(self._random.below(2))
            if self._random.below(100) < 56:
                self._touch(side)
                continue
            position = 1 + min(self._random.exponential(3), DEPTH - 2)
            self._revert(side, position)
            self._depth(side, DepthOp.UPDATE, position)

    def _touch(self, side: Side) -> None:
        self._revert(side, 0)
        self._show_touch(side)

    def _show_touch(self, side: Side, *, shown: bool = True) -> None:
        """The best row and its Level I line, in either order: NinjaTrader promises none."""
        quote_first = self._random.below(4) == 0
        if not shown:
            return
        if quote_first:
            self._quote(side)
        self._depth(side, DepthOp.UPDATE, 0)
        if not quote_first:
            self._quote(side)

    def _small_trades(self) -> None:
        """Market orders that leave the touch standing."""
        side = Side(self._random.below(2))
        for _ in range(1 + self._random.below(2)):
            size = 1 + self._random.exponential(4)
            size = min(size, self._sizes[side][0] - 1)
            if size > 0:
                self._trade(self._best[side], size)
                self._sizes[side][0] -= size
                self._show_touch(side)
        self._running_volume()

    # --- steps of the price

    def _wander(self) -> None:
        bid, ask = self._sizes[Side.BID][0], self._sizes[Side.ASK][0]
        lost = Side.ASK if self._random.below(bid + ask) < bid else Side.BID
        if self._allowed(lost):
            self._step(lost, traded=self._random.below(4) > 0)

    def _allowed(self, lost: Side) -> bool:
        """A wall that is to be left alone stays in sight, and three rows or more from the touch."""
        wall = self._work.wall
        if wall is None:
            return True
        return self._position(wall) > 3 if wall.side == lost else self._position(wall) < 8

    def _step(self, lost: Side, *, traded: bool) -> None:
        """The best row of ``lost`` goes; a moment later the other side follows by one tick."""
        if traded:
            self._trade(self._best[lost], self._sizes[lost][0])
            self._running_volume()
        self._lose_best(lost)
        self._updates(self._random.below(3))
        self._wait(20_000)
        self._gain_best(Side(1 - lost))

    def _lose_best(self, side: Side) -> None:
        price = self._best[side]
        self._best[side] += -1 if side == Side.BID else 1
        self._sizes[side].pop(0)
        self._sizes[side].append(self._fresh(DEPTH - 1))
        self._removed(side, 0, price)
        self._depth(side, DepthOp.ADD, DEPTH - 1)
        self._quote(side)

    def _gain_best(self, side: Side) -> None:
        lost = self._price(side, DEPTH - 1)
        self._best[side] += 1 if side == Side.BID else -1
        self._sizes[side].pop()
        self._sizes[side].insert(0, self._random.between(_SMALLEST, 30))
        self._depth(side, DepthOp.ADD, 0)
        self._removed(side, DEPTH, lost)
        self._quote(side)

    # --- what was planned

    def _begin(self, plan: Plan) -> None:
        if plan.fate is None and plan.plant is not Plant.FLICKER:
            price, until = self._best[plan.side], self._time + plan.hold
            work = _LiveConcentration(plan.side, price, self._time, until, plant=plan.plant)
            work.shown = self._sizes[plan.side][0]
            self._work.concentration = work
            return
        position = plan.position
        price = self._price(plan.side, position)
        wall = _LiveWall(plan, plan.side, price, plan.size, plan.size, self._time)
        self._work.wall = wall
        wall.shown = self._sizes[plan.side][position] + plan.size
        if plan.plant is Plant.FLICKER:
            wall.left = 0
            wall.turn = self._time
            return
        if self._show_walls:
            self._depth(plan.side, DepthOp.UPDATE, position)

    def _follow(self, wall: _LiveWall) -> bool:
        """Do what the plan says; True if it made the whole group."""
        if wall.plan.plant is Plant.FLICKER:
            return self._flicker(wall)
        if self._time < wall.t_start + wall.plan.hold:
            return False
        if wall.plan.fate is Fate.PULLED:
            self._end_wall(wall)
            if self._show_walls:
                self._depth(wall.side, DepthOp.UPDATE, self._position(wall))
            return False
        self._work.attack = True
        distance = self._position(wall)
        if wall.plan.fate is Fate.THROUGH and distance <= 2:
            self._sweep(wall)
            return True
        if distance == 0:
            if self._random.below(2):
                self._eat(wall)
        elif self._random.below(3) == 0:
            self._step(wall.side, traded=self._random.below(4) > 0)
        self._work.pinned_until = self._time + 1500 * _MILLISECOND
        return False

    def _eat(self, wall: _LiveWall) -> None:
        """A trade against a wall at the touch."""
        size = min(self._random.between(10, 45), wall.left)
        wall.t_hit = wall.t_hit or self._time
        wall.left -= size
        if self._show_walls:
            self._trade(wall.price, size)
        self._show_touch(wall.side, shown=self._show_walls)
        if self._show_walls:
            self._running_volume()
        if wall.left == 0:
            self._end_wall(wall)

    def _sweep(self, wall: _LiveWall) -> None:
        """One order takes the wall and two rows behind it, all at one time."""
        wall.t_hit = self._time
        for _ in range(self._position(wall) + 3):
            rest = wall.left if self._show_walls and self._position(wall) == 0 else 0
            self._trade(self._best[wall.side], self._sizes[wall.side][0] + rest)
            if self._position(wall) == 0:
                self._end_wall(wall)
            self._lose_best(wall.side)
        self._trade(self._best[wall.side], 1)
        self._sizes[wall.side][0] = max(self._sizes[wall.side][0] - 1, _SMALLEST)
        self._show_touch(wall.side)
        self._running_volume()
        other = Side(1 - wall.side)
        while abs(self._best[Side.ASK] - self._best[Side.BID]) > 1:
            self._wait(40_000)
            self._gain_best(other)
            self._updates(1)

    def _end_wall(self, wall: _LiveWall) -> None:
        fate = wall.plan.fate
        assert fate is not None
        end = self._time
        self.walls.append(
            Wall(wall.side, wall.price, wall.shown, wall.t_start, wall.t_hit, end, fate)
        )
        self._work.wall = None
        self._work.attack = False
        self._work.pinned_until = self._time + 1500 * _MILLISECOND

    def _flicker(self, wall: _LiveWall) -> bool:
        """Show the wall for a moment, or take it away; True if that made the whole group."""
        if wall.left and self._time >= wall.turn:
            wall.longest = max(wall.longest, self._time - wall.since)
            wall.left = 0
            wall.turn = self._time + self._random.between(200, 900) * _MILLISECOND
        elif not wall.left and self._time >= wall.t_start + wall.plan.hold:
            self.flickers.append(
                Flicker(
                    *(wall.side, wall.price, wall.plan.size, wall.times, wall.longest),
                    *(wall.t_start, self._time),
                )
            )
            self._work.wall = None
            return False
        elif not wall.left and self._time >= wall.turn:
            wall.left = wall.plan.size
            wall.times += 1
            wall.since = self._time
            wall.turn = self._time + self._random.between(60, 250) * _MILLISECOND
        else:
            return False
        if self._show_walls:
            self._depth(wall.side, DepthOp.UPDATE, self._position(wall))
        return True

    def _trade_at_one_row(self, work: _LiveConcentration) -> None:
        if work.plant is None:
            self._concentrate(work)
            return
        sizes = self._sizes[work.side]
        if work.plant is Plant.ICEBERG:
            self._hit_iceberg(work, sizes)
        else:
            self._hit_absorber(work, sizes)
        if self._time < work.until:
            return
        done = Episode(*(work.side, work.price, work.volume, work.shown, work.t_start, self._time))
        known = self.icebergs if work.plant is Plant.ICEBERG else self.absorptions
        known.append(done)
        self._work.concentration = None

    def _hit_iceberg(self, work: _LiveConcentration, sizes: list[int]) -> None:
        """A trade takes much of what the row shows; as much is shown again at once."""
        size = min(self._random.between(10, 30), sizes[0] - 1)
        if self._random.below(2) and size > 0:
            self._trade(work.price, size)
            work.volume += size
            sizes[0] -= size
            self._show_touch(work.side)
            sizes[0] += size
            self._show_touch(work.side)
            self._running_volume()

    def _hit_absorber(self, work: _LiveConcentration, sizes: list[int]) -> None:
        """A trade takes some of the row, or others fill it up, groups later."""
        size = min(self._random.between(8, 24), sizes[0] - _SMALLEST)
        if sizes[0] < 60 and self._random.below(3) == 0:
            sizes[0] += self._random.between(30, 70)
            self._show_touch(work.side)
        elif self._random.below(2) and size > 0:
            self._trade(work.price, size)
            work.volume += size
            sizes[0] -= size
            self._show_touch(work.side)
            self._running_volume()

    def _concentrate(self, work: _LiveConcentration) -> None:
        """Trades against a row that is refilled as fast as it is traded."""
        sizes = self._sizes[work.side]
        size = min(self._random.between(12, 40), sizes[0] - 1)
        if self._random.below(2) and size > 0:
            self._trade(work.price, size)
            work.volume += size
            sizes[0] -= size
            self._show_touch(work.side)
            sizes[0] += size
            self._show_touch(work.side)
            self._running_volume()
        if self._time >= work.until:
            done = Concentration(work.side, work.price, work.volume, work.t_start, self._time)
            self.concentrations.append(done)
            self._work.concentration = None
