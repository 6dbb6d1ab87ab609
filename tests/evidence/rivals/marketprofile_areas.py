"""Runs in an environment with PyPI's ``marketprofile``: POC and value areas of profiles, as JSON.

stdin: JSON, a list of profiles, each a list of volumes, row 0 first. stdout: for each [POC row,
first row, last row] of 70 %.
"""

import json
import sys

import pandas as pd
from market_profile import MarketProfile


def main() -> None:
    found = []
    for volumes in json.load(sys.stdin):
        prices = [float(row) for row in range(len(volumes))]
        table = {"High": prices, "Low": prices, "Close": prices, "Volume": volumes}
        frame = pd.DataFrame(
            table, index=pd.date_range("2026-01-01", periods=len(volumes), freq="min")
        )
        profile = MarketProfile(frame, tick_size=1.0, value_area_pct=0.7)
        part = profile[frame.index.min() : frame.index.max()]
        low, high = part.value_area
        found.append([int(part.poc_price), int(low), int(high)])
    json.dump(found, sys.stdout)


main()
