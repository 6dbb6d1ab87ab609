"""The micro-price, from docs/analytics.md: moves in a list, lists of lists for the matrix."""

import itertools
from collections import Counter

from market.ticks import Grid
from tests.reference.position_book import Rows
from tests.reference.settings import Settings

__all__ = ["MicroPrice", "fit", "series"]

State = tuple[int, int]
Move = tuple[State, State, int]
"""State left, state entered, change of best bid plus best ask."""
BUCKETS = 10
SPREADS = (1, 2, 3)
UPPER = [(s, b) for s in SPREADS for b in range(5, BUCKETS)]


def mirror(state: State) -> State:
    return state[0], BUCKETS - 1 - state[1]


def mirrored(moves: list[Move]) -> list[Move]:
    return moves + [(mirror(a), mirror(b), -change) for a, b, change in moves]


class MicroPrice:
    """Counting, fitting at an opening, reading."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.before: tuple[State, int] | None = None
        self.moves: list[Move] = []
        self.fitted: dict[State, float] = {}

    def stop(self) -> None:
        self.before = None

    def at_instant(self, counted: bool, bids: Rows, asks: Rows) -> None:
        before, self.before = self.before, None
        if not counted or not self.settings.microprice:
            return
        state = state_of(bids, asks)
        if state is None:
            return
        self.before = state, bids[0][0] + asks[0][0]
        if before is not None and before != self.before:
            self.moves.append((before[0], state, self.before[1] - before[1]))

    def opening(self) -> None:
        enough = self.settings.microprice and len(self.moves) >= self.settings.microprice_least
        self.fitted = fit(self.moves) if enough else {}
        self.moves = []
        self.before = None

    def price(self, bids: Rows, asks: Rows, tick: Grid) -> float | None:
        if not self.settings.microprice or not bids or not asks or bids[0][0] >= asks[0][0]:
            return None
        state = state_of(bids, asks)
        if state is None or state not in self.fitted:
            return None
        g = self.fitted[state]
        spread, bucket = state
        if bucket and 10 * bids[0][1] == bucket * (bids[0][1] + asks[0][1]):
            if (spread, bucket - 1) not in self.fitted:
                return None
            g = (self.fitted[spread, bucket - 1] + g) / 2.0
        m = float(bids[0][0] + asks[0][0])
        return (m + g) * float(tick.numerator) / (2.0 * float(tick.denominator))


def state_of(bids: Rows, asks: Rows) -> State | None:
    spread = asks[0][0] - bids[0][0]
    b, a = bids[0][1], asks[0][1]
    if spread not in SPREADS or a + b == 0:
        return None
    return spread, min(10 * b // (b + a), 9)


def fit(moves: list[Move]) -> dict[State, float]:
    """Half ticks above mid by state; {} when the moves do not determine them."""
    both = mirrored(moves)
    counts = Counter((a, b) for a, b, _ in both)
    left = Counter(a for a, _, _ in both)
    drift: Counter[State] = Counter()
    for a, _, change in both:
        drift[a] += change
    matrix, right = [], []
    for i in UPPER:
        row = [1.0 if i == j else 0.0 for j in UPPER]
        if left[i]:
            row = [
                x - (counts[i, j] - counts[i, mirror(j)]) / left[i]
                for x, j in zip(row, UPPER, strict=True)
            ]
        matrix.append(row)
        right.append(drift[i] / left[i] if left[i] else 0.0)
    solution = solve(matrix, right)
    fitted: dict[State, float] = {}
    for spread in SPREADS if solution else ():
        known = [i for i in UPPER if i[0] == spread and left[i]]
        values = pooled([solution[UPPER.index(i)] for i in known], [left[i] for i in known])
        for i, value in zip(known, values, strict=True):
            fitted[i] = min(max(value, 0.0), float(spread))
            fitted[mirror(i)] = 0.0 - fitted[i]
    return fitted


def solve(a: list[list[float]], y: list[float]) -> list[float]:
    n = len(y)
    for k in range(n):
        if abs(a[k][k]) <= 1e-9:
            return []
        for i in range(k + 1, n):
            factor = a[i][k] / a[k][k]
            for j in range(k, n):
                a[i][j] -= factor * a[k][j]
            y[i] -= factor * y[k]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            y[i] -= a[i][j] * y[j]
        y[i] /= a[i][i]
    return y


def pooled(values: list[float], weights: list[int]) -> list[float]:
    """Neighbours that fall share their mean, from the left."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([value, float(weight), 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (v1, n1, k1), (v2, n2, k2) = blocks[-2:]
            blocks[-2:] = [[(v1 * n1 + v2 * n2) / (n1 + n2), n1 + n2, k1 + k2]]
    return [value for value, _, count in blocks for _ in range(int(count))]


def series(moves: list[Move], terms: int) -> dict[State, float]:
    """Mid + g¹ + g² + … of the chain as Stoikov writes it, term by term, nothing pooled.

    Rests (moves without a change of mid) are passed through until mid changes: (1 - Q)^-1.
    """
    both = mirrored(moves)
    left = Counter(a for a, _, _ in both)
    states = sorted(left | Counter(b for _, b, _ in both))
    rests = Counter((a, b) for a, b, change in both if change == 0)
    jumps = Counter((a, b) for a, b, change in both if change != 0)
    first = dict.fromkeys(states, 0.0)
    for a, _, change in both:
        first[a] += change / left[a]
    g = absorbed(states, rests, left, first)
    total = dict(g)
    for _ in range(terms):
        after = dict.fromkeys(states, 0.0)
        for (a, b), count in jumps.items():
            after[a] += count / left[a] * g[b]
        g = absorbed(states, rests, left, after)
        total = {state: total[state] + g[state] for state in states}
    return total


def absorbed(
    states: list[State],
    rests: Counter[tuple[State, State]],
    left: Counter[State],
    y: dict[State, float],
) -> dict[State, float]:
    """x = y + Q·x by repetition."""
    x = dict(y)
    for _ in itertools.repeat(None, 400):
        new = dict(y)
        for (a, b), count in rests.items():
            new[a] += count / left[a] * x[b]
        x = new
    return x
