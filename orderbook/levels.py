"""What the kernels of stacks, absorption and icebergs take of the parameters."""

from typing import Any

import numpy as np

from market.ticks import Grid
from orderbook.footprints import rule_of
from orderbook.parameters import Clusters

__all__ = ["level_parameters"]

_NS_PER_S = 1_000_000_000


def level_parameters(clusters: Clusters, size: Grid) -> dict[str, Any]:
    """Fields of PARAMS by name, times in ns, volumes in size steps."""
    rule = rule_of(clusters.stack_preset, clusters.stack_mode, clusters.stack_zero, size)
    steps = size.denominator / size.numerator
    return {
        "stacks": clusters.stacks == "on",
        "stack_ratio": rule.ratio,
        "stack_difference": rule.difference,
        "stack_volume": rule.volume,
        "stack_horizontal": rule.horizontal,
        "stack_ignore_zero": rule.ignore_zero,
        "stack_rows": clusters.stack_rows,
        "absorption": clusters.absorption == "on",
        "absorb_window": clusters.absorb_s * _NS_PER_S,
        "absorb_fixed": clusters.absorb_threshold * steps or np.nan,
        "absorb_deviations": clusters.absorb_deviations,
        "absorb_ticks": clusters.absorb_ticks,
        "icebergs": clusters.icebergs == "on",
        "iceberg_window": clusters.iceberg_s * _NS_PER_S,
        "iceberg_refills": clusters.iceberg_refills,
        "iceberg_factor": clusters.iceberg_factor,
        "iceberg_share": clusters.iceberg_share,
    }
