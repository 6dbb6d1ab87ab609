"""What the kernels take of the parameters, but for the rules of signals."""

from typing import Any

import numpy as np

from market.ticks import Grid
from orderbook.footprints import rule_of
from orderbook.parameters import MEASURES, Clusters, Parameters

__all__ = ["kernel_parameters", "level_parameters"]

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_MINUTE = 60 * _NS_PER_S


def kernel_parameters(parameters: Parameters, tick: Grid, size: Grid) -> dict[str, Any]:
    """Fields of PARAMS by name, times in ns; ``signals`` is written by itself."""
    clusters, scores = parameters.clusters, parameters.scores
    return {
        "numerator": tick.numerator,
        "denominator": tick.denominator,
        "grid": clusters.grid_ms * _NS_PER_MS,
        "levels": scores.levels,
        "weights": parameters.weights(),
        "ofi_levels": scores.ofi_levels,
        "ofi_half_life": scores.ofi_half_life_s * _NS_PER_S,
        "momentum_h": scores.momentum_s,
        "momentum_half_life": scores.momentum_half_life_s * _NS_PER_S,
        "volume_window": scores.volume_window_s * _NS_PER_S,
        "volume_n": scores.volume_windows,
        "volume_min": scores.volume_least,
        "increment": clusters.ClusterIncrement,
        "volume_threshold": clusters.OrderBookVolumeThreshold,
        "on": clusters.on_factor,
        "off": clusters.off_factor,
        "announce": clusters.announce_ms * _NS_PER_MS,
        "buffer": clusters.ClusterBuffer,
        "base_half_life": clusters.base_half_life_s * _NS_PER_S,
        "update_share": clusters.update_share,
        "touch": clusters.touch_ms * _NS_PER_MS,
        "bars_range": clusters.bars_range,
        "price_range": clusters.price_range,
        "measure": MEASURES.index(clusters.measure),
        "fixed": clusters.threshold or np.nan,
        "deviations": clusters.deviations,
        "sums_min": clusters.least_sums,
        "sums_window": clusters.window_min * _MINUTE,
        "expire": clusters.expire_min * _MINUTE,
        "rolling": parameters.profile.rolling_minutes * _MINUTE,
        "opacity_steps": parameters.opacity_steps(),
        "opacity_min": clusters.opacity_samples,
        "neutral": scores.neutral,
        **level_parameters(clusters, size),
        "pulling": scores.pulling == "on",
        "pulling_window": scores.pulling_window_s * _NS_PER_S,
        "microprice": scores.microprice == "on",
        "toxicity": scores.flow_toxicity == "on",
        "toxicity_n": scores.toxicity_buckets,
        "toxicity_volume": scores.toxicity_volume,
    }


def level_parameters(clusters: Clusters, size: Grid) -> dict[str, Any]:
    """Those of stacks, absorption and icebergs; times in ns, volumes in size steps."""
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
