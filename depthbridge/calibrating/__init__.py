"""Thresholds from the user's own recordings, and how the scores behaved there.

::

    dial.py      from loose to strict in one number, and where it gives so many signals an hour
    shuffled.py  the same recording with sizes that do not last: what rules say where nothing is
    scores.py    distributions, order-flow regression, queue imbalance; pure
    run.py       passes over a recording, and what they give together
    report.py    the result as text, as JSON and as settings
    picture.py   the result as a PNG
    raster.py    boxes and letters on pixels, and their PNG
"""

from depthbridge.calibrating.run import Calibration, calibrate

__all__ = ["Calibration", "calibrate"]
