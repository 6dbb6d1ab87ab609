"""An exponentially weighted mean in event time, by its definition over runs of equal inputs."""

import math

__all__ = ["LN2", "Ewma"]

LN2 = math.log(2.0)


class Ewma:
    """Value after the last input; a run of equal inputs counts from the value before it."""

    def __init__(self, half_life: int) -> None:
        self.half_life = half_life
        self.count = 0
        self.x = math.nan
        self.anchor = math.nan
        self.t_anchor = 0
        self.t = 0

    def value(self) -> float:
        decay = math.exp(-(LN2 * float(self.t - self.t_anchor)) / self.half_life)
        return self.x + (self.anchor - self.x) * decay

    def add(self, x: float, t: int) -> None:
        if self.count == 0:
            self.x = self.anchor = x
            self.t_anchor = t
        elif x != self.x:
            self.anchor, self.t_anchor = self.value(), self.t
            self.x = x
        self.t = t
        self.count += 1
