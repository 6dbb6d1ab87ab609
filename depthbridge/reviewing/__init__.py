"""What signals were worth: their moves beside those of matched random times.

::

    intervals.py  exact intervals of rates, bootstrapped ones of means
    outcomes.py   a session's path of mid, and what follows a moment on it
    review.py     signals and random times of sessions, put together
    sessions.py   a recording as sessions: mids, scores, signals
    report.py     the result as text, as JSON, and as hit rates
"""

from depthbridge.reviewing.outcomes import HORIZONS, Path, SignalAt
from depthbridge.reviewing.review import Review, Reviewer

__all__ = ["HORIZONS", "Path", "Review", "Reviewer", "SignalAt"]
