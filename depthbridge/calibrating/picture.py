"""A calibration as a picture: a histogram of each score, signals by position of the dial."""

from typing import Final

from depthbridge.calibrating.raster import BLACK, GREY, Canvas, Colour
from depthbridge.calibrating.run import Calibration
from depthbridge.calibrating.scores import Distribution

__all__ = ["picture"]

_BLUE: Final[Colour] = (58, 110, 180)
_RED: Final[Colour] = (196, 66, 54)
_MARGIN: Final = 24
_HEAD: Final = 96
_PANEL: Final = (300, 180)
_COLUMNS: Final = 3
_PLOT: Final = (240, 100)
_LINE: Final = 16


def picture(found: Calibration) -> bytes:
    """A PNG."""
    panels = len(found.behaviour.scores) + 1
    rows = -(-panels // _COLUMNS)
    canvas = Canvas(2 * _MARGIN + _COLUMNS * _PANEL[0], _HEAD + rows * _PANEL[1] + _MARGIN)
    for number, line in enumerate(_head(found)):
        canvas.text(_MARGIN, _MARGIN + number * _LINE, line)
    _dial(canvas, *_place(0), found)
    for number, (name, one) in enumerate(found.behaviour.scores.items(), 1):
        _histogram(canvas, *_place(number), name, one)
    return canvas.png()


def _head(found: Calibration) -> list[str]:
    alarms = "-" if found.false_alarms is None else f"{found.false_alarms:.1f}"
    flow, auc = found.behaviour.flow, found.behaviour.queue_auc
    explained = "-" if flow is None or flow.r2 is None else f"{flow.r2:.3f}"
    told = "-" if auc is None else f"{auc:.3f}"
    return [
        f"{found.instrument.symbol}  {found.rate:.1f} signals/hour  {found.hours:.1f} hours",
        f"false alarms/hour, time-shuffled: {alarms}",
        f"ofi r² 1 s: {explained}   queue imbalance auc: {told}",
    ]


def _place(number: int) -> tuple[int, int]:
    row, column = divmod(number, _COLUMNS)
    return _MARGIN + column * _PANEL[0], _HEAD + row * _PANEL[1]


def _histogram(canvas: Canvas, left: int, top: int, name: str, one: Distribution) -> None:
    share = one.known / (one.known + one.undefined)
    canvas.text(left, top, f"{name} {share:.0%}")
    _bars(canvas, left, top, [float(count) for count in one.counts], _BLUE)
    low, high = f"{one.low:.3g}", f"{one.high:.3g}"
    canvas.text(left, top + _PLOT[1] + 28, low)
    canvas.text(left + _PLOT[0] - 8 * len(high), top + _PLOT[1] + 28, high)


def _dial(canvas: Canvas, left: int, top: int, found: Calibration) -> None:
    tried = sorted(found.tried)
    canvas.text(left, top, "signals/hour by dial")
    _bars(canvas, left, top, [one.rate for one in tried], GREY)
    chosen = tried.index(found.tried[-1])
    most = max(max(one.rate for one in tried), 1e-9)
    wide = _PLOT[0] // len(tried)
    tall = round(_PLOT[1] * found.rate / most)
    base = top + _LINE + _PLOT[1]
    canvas.box(left + chosen * wide, base - tall, wide - 1, tall, _RED)
    canvas.text(left, top + _PLOT[1] + 28, f"chosen {found.dial:.3f}: {found.rate:.1f}")


def _bars(canvas: Canvas, left: int, top: int, values: list[float], colour: Colour) -> None:
    most = max(max(values), 1e-9)
    wide = max(_PLOT[0] // len(values), 1)
    base = top + _LINE + _PLOT[1]
    for place, value in enumerate(values):
        tall = round(_PLOT[1] * value / most)
        canvas.box(left + place * wide, base - tall, max(wide - 1, 1), tall, colour)
    canvas.box(left, base, _PLOT[0], 2, BLACK)
