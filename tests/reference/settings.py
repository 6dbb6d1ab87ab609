"""The analytics' parameters with the defaults of the design, as the twins read them."""

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Settings"]

_MS = 10**6
_SECOND = 10**9


_SWITCHES = {
    "bounce": "bounce",
    "break": "breaks",
    "stack_continuation": "stack",
    "absorption_reversal": "absorption",
    "pull_ahead": "pull",
}


@dataclass(frozen=True)
class Settings:
    """Times in ns unless named otherwise."""

    grid: int = 100 * _MS
    levels: int = 5
    halve: float = 2.0
    ofi_levels: int = 5
    ofi_half_life: int = 60 * _SECOND
    ofi_warmup: int = 60
    momentum_h: int = 30
    momentum_half_life: int = 600 * _SECOND
    volume_window: int = 30 * _SECOND
    volume_n: int = 120
    volume_min: int = 20
    neutral: float = 10.0
    increment: int = 1
    threshold: float = 0.0
    on: float = 3.0
    off: float = 2.0
    announce: int = 500 * _MS
    buffer: int = 1
    update_share: float = 0.25
    touch: int = 100 * _MS
    base_half_life: int = 60 * _SECOND
    bars_range: int = 1
    price_range: int = 1
    measure: str = "volume"
    fixed: float | None = None
    deviations: float = 3.0
    sums_min: int = 50
    sums_window: int = 30 * 60 * _SECOND
    expire: int = 30 * 60 * _SECOND
    rolling_minutes: int = 30
    opacity_minutes: int = 30
    opacity_min: int = 50
    gamma: float = 1.0
    rules: frozenset[str] = frozenset()
    ticks: dict[str, int] = field(default_factory=dict)
    limits: dict[str, float] = field(default_factory=dict)
    bounce_keep: float = 0.5
    stack_hold: int = _SECOND
    pull_age: int = 2 * _SECOND
    pull_imbalance: float = 20.0
    watch: int = 10 * _SECOND
    agree: int = 1
    agree_within: int = 30 * _SECOND
    spacing: int = 60 * _SECOND
    signal_life: int = 30 * _SECOND
    signal_warmup: int = 60 * _SECOND
    stacks: bool = True
    stack_ratio: float = 1.5
    stack_difference: float = 10.0
    stack_volume: float = 0.0
    stack_mode: str = "diagonal"
    stack_zero: str = "allow"
    stack_rows: int = 3
    absorption: bool = True
    absorb_window: int = 60 * _SECOND
    absorb_fixed: float | None = None
    absorb_deviations: float = 4.0
    absorb_ticks: int = 1
    icebergs: bool = True
    iceberg_window: int = 60 * _SECOND
    iceberg_refills: int = 2
    iceberg_factor: float = 3.0
    iceberg_share: float = 0.8
    pulling: bool = True
    pulling_window: int = 30 * _SECOND
    microprice: bool = True
    microprice_least: int = 1000
    toxicity: bool = False
    toxicity_n: int = 50
    toxicity_volume: int = 1000

    @classmethod
    def of(cls, parameters: Any) -> "Settings":
        """What the product's ``Parameters`` say, in the twins' units."""
        clusters, scores = parameters.clusters, parameters.scores
        signals = parameters.signals
        return cls(
            grid=clusters.grid_ms * _MS,
            levels=scores.levels,
            halve=10.0 if scores.imbalance == "bookmap" else scores.half_rows,
            ofi_levels=scores.ofi_levels,
            ofi_half_life=int(scores.ofi_half_life_s * _SECOND),
            momentum_h=scores.momentum_s,
            momentum_half_life=int(scores.momentum_half_life_s * _SECOND),
            volume_window=scores.volume_window_s * _SECOND,
            volume_n=scores.volume_windows,
            volume_min=scores.volume_least,
            neutral=scores.neutral,
            increment=clusters.ClusterIncrement,
            threshold=clusters.OrderBookVolumeThreshold,
            on=clusters.on_factor,
            off=clusters.off_factor,
            announce=clusters.announce_ms * _MS,
            buffer=clusters.ClusterBuffer,
            touch=clusters.touch_ms * _MS,
            base_half_life=int(clusters.base_half_life_s * _SECOND),
            update_share=clusters.update_share,
            bars_range=clusters.bars_range,
            price_range=clusters.price_range,
            measure=clusters.measure,
            fixed=clusters.threshold or None,
            deviations=clusters.deviations,
            sums_min=clusters.least_sums,
            sums_window=clusters.window_min * 60 * _SECOND,
            expire=clusters.expire_min * 60 * _SECOND,
            rolling_minutes=parameters.profile.rolling_minutes,
            opacity_min=clusters.opacity_samples,
            pulling=scores.pulling == "on",
            pulling_window=scores.pulling_window_s * _SECOND,
            microprice=scores.microprice == "on",
            microprice_least=scores.microprice_least,
            toxicity=scores.flow_toxicity == "on",
            toxicity_n=scores.toxicity_buckets,
            toxicity_volume=scores.toxicity_volume,
            gamma={"low": 2.0, "normal": 1.0, "high": 0.5}[clusters.opacity],
            rules=frozenset(
                rule for rule, name in _SWITCHES.items() if getattr(signals, name) == "on"
            ),
            ticks={
                "bounce": signals.bounce_ticks,
                "break": signals.break_ticks,
                "stack_continuation": signals.stack_ticks,
                "absorption_reversal": signals.absorption_ticks,
                "pull_ahead": signals.pull_distance,
            },
            limits={
                "bounce": signals.bounce_imbalance,
                "break": signals.break_share,
                "stack_continuation": signals.stack_rows,
                "absorption_reversal": signals.absorption_rel,
                "pull_ahead": signals.pull_share,
            },
            bounce_keep=signals.bounce_keep,
            stack_hold=signals.stack_hold_ms * _MS,
            pull_age=signals.pull_age_ms * _MS,
            pull_imbalance=signals.pull_imbalance,
            watch=int(signals.watch_s * _SECOND),
            agree=signals.agree,
            agree_within=int(signals.agree_s * _SECOND),
            spacing=int(signals.spacing_s * _SECOND),
            signal_life=int(signals.expire_s * _SECOND),
            signal_warmup=int(signals.warmup_s * _SECOND),
            **_levels(clusters),
        )


def _levels(clusters: Any) -> dict[str, Any]:
    """Stacks, absorption and icebergs; sizes in steps of 1."""
    ratio, difference, volume = {"nt": (1.5, 10, 0), "tv": (3, 0, 0), "atas": (3, 0, 30)}[
        clusters.stack_preset
    ]
    same = ("stack_mode", "stack_zero", "stack_rows", "absorb_deviations", "absorb_ticks")
    same += ("iceberg_refills", "iceberg_factor", "iceberg_share")
    return {
        **{name: getattr(clusters, name) for name in same},
        "stacks": clusters.stacks == "on",
        "stack_ratio": float(ratio),
        "stack_difference": float(difference),
        "stack_volume": float(volume),
        "absorption": clusters.absorption == "on",
        "absorb_window": clusters.absorb_s * _SECOND,
        "absorb_fixed": clusters.absorb_threshold or None,
        "icebergs": clusters.icebergs == "on",
        "iceberg_window": clusters.iceberg_s * _SECOND,
    }
