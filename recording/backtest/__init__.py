"""Recordings as the events that hftbacktest reads; pure, no file is known here.

::

    events.py      the layout of an event, and its flags
    depth.py       books by position and by price to changes of depth
    orders.py      order records to order events
    translator.py  entries in, events out: times, groups, where a book begins anew
"""

from recording.backtest.events import EVENT
from recording.backtest.translator import Translator

__all__ = ["EVENT", "Translator"]
