"""One recording as a page to keep: what was in it, how it was measured, what it was worth.

::

    series.py    numbers over time, thinned while they come
    told.py      what clusters and signals said, counted and the largest kept
    sessions.py  sums and volume profile of each trading session, at its end
    gather.py    one pass over a recording: everything that the page says
    markup.py    HTML, with every text escaped
    charts.py    SVG
    page.py      the page; style.py its look
"""

from depthbridge.reporting.gather import Findings, gather
from depthbridge.reporting.page import page

__all__ = ["Findings", "gather", "page"]
