"""The parameters of the analytics: every definition's numbers, with range, unit and meaning.

Loaded once at the edge and passed as values; what a publisher may send as ``hello.settings`` is
exactly ``to_mapping``'s shape.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from typing import Any, Final, Self

from market.errors import SettingsError
from orderbook.footprints import MODES, PRESETS, ZERO_RULES
from orderbook.layout import (
    MAX_DEPTH,
    MOMENTUM_SLOTS,
    OFI_LEVELS,
    TOXICITY_SLOTS,
    VOLUME_SLOTS,
    VOTE_SLOTS,
)

__all__ = [
    "MEASURES",
    "PROFILE_PRESETS",
    "Clusters",
    "Parameters",
    "Profile",
    "Scores",
    "Signals",
]

MEASURES: Final = ("volume", "delta", "buy", "sell", "trades")
PROFILE_PRESETS: Final = ("cbot2", "single", "nt68")
ON_OFF: Final = ("on", "off")
_GAMMAS: Final = {"low": 2.0, "normal": 1.0, "high": 0.5}
_IMBALANCE_PRESETS: Final = ("default", "bookmap")


def _number(default: float, low: float, high: float, unit: str, meaning: str) -> Any:  # noqa: ANN401
    return field(
        default=default, metadata={"low": low, "high": high, "unit": unit, "meaning": meaning}
    )


def _choice(default: str, allowed: tuple[str, ...], meaning: str) -> Any:  # noqa: ANN401
    return field(default=default, metadata={"allowed": allowed, "unit": "", "meaning": meaning})


def _switch(default: str, meaning: str) -> Any:  # noqa: ANN401
    """Whether an analytic is computed: ``on`` or ``off``.

    Settings that were recorded without it were recorded by a program that did not compute it.
    """
    facts = {"allowed": ON_OFF, "unit": "", "meaning": meaning, "recorded": "off"}
    return field(default=default, metadata=facts)


def _rate(rule: str) -> Any:  # noqa: ANN401
    return _number(0.0, 0.0, 1.0, "of 1", f"hit rate of {rule} on earlier recordings, 0 = unknown")


@dataclass(frozen=True, slots=True)
class Clusters:
    """Clusters of every kind, opacity (section ``clusters``)."""

    grid_ms: int = _number(100, 10, 1000, "ms", "distance of the instants; divides 1000")
    ClusterIncrement: int = _number(1, 1, 10_000, "ticks", "height of a bucket")
    OrderBookVolumeThreshold: float = _number(
        0.0, 0.0, 1e15, "size steps", "lower bound of the base that densities are measured against"
    )
    ClusterBuffer: int = _number(1, 0, 10_000, "ticks", "what still counts as at a cluster")
    ClusterOpacityThreshold: int = _number(
        0, 0, 100, "percent", "weaker clusters are hidden from subscribers"
    )
    OrderBookGranularity: int = _number(1, 1, 10_000, "ticks", "ticks per displayed row")
    on_factor: float = _number(3.0, 1.0, 1000.0, "x base", "density at which a bucket turns on")
    off_factor: float = _number(2.0, 0.1, 1000.0, "x base", "density below which it turns off")
    announce_ms: int = _number(500, 0, 600_000, "ms", "age at which a zone is announced")
    touch_ms: int = _number(100, 0, 60_000, "ms", "how long a trade counts as a touch")
    base_half_life_s: float = _number(60.0, 0.1, 86_400.0, "s", "of the median row size")
    update_share: float = _number(0.25, 0.01, 10.0, "of the peak", "size change worth an update")
    bars_range: int = _number(1, 1, 10, "bars", "traded clusters: bars of a window")
    price_range: int = _number(1, 1, 100, "rows", "traded clusters: rows of a window")
    measure: str = _choice("volume", MEASURES, "traded clusters: what is summed")
    threshold: float = _number(
        0.0, 0.0, 1e15, "of the measure", "traded clusters: fixed threshold, 0 = statistical"
    )
    deviations: float = _number(3.0, 0.0, 100.0, "deviations", "of the statistical threshold")
    least_sums: int = _number(50, 2, 1_000_000, "sums", "window sums needed for it")
    window_min: int = _number(30, 1, 1440, "min", "how far back they reach")
    expire_min: int = _number(30, 1, 1440, "min", "life of a traded cluster")
    opacity: str = _choice("normal", tuple(_GAMMAS), "contrast: exponent 2, 1 or 0.5")
    opacity_samples: int = _number(50, 1, 1_000_000, "instants", "needed for an opacity")
    stacks: str = _switch("on", "stacks of imbalances in the open bar's footprint")
    stack_preset: str = _choice("nt", tuple(PRESETS), "imbalances: ratio, difference and volume")
    stack_mode: str = _choice("diagonal", MODES, "imbalances: the row that is compared with")
    stack_zero: str = _choice("allow", ZERO_RULES, "imbalances: opposite volume of zero")
    stack_rows: int = _number(3, 1, 100, "rows", "least height of a stack of imbalances")
    absorption: str = _switch("on", "much of one side's market orders at a row that holds")
    absorb_s: int = _number(60, 1, 3600, "s", "absorption: how long volume counts")
    absorb_threshold: float = _number(
        0.0, 0.0, 1e15, "of volume", "absorption: fixed threshold, 0 = statistical"
    )
    absorb_deviations: float = _number(
        4.0, 0.0, 100.0, "deviations", "absorption: of the statistical threshold"
    )
    absorb_ticks: int = _number(
        1, 0, 10_000, "ticks", "absorption: how far beyond the row price may trade"
    )
    icebergs: str = _switch("on", "orders, or (suspected) rows, that trade more than they show")
    iceberg_s: int = _number(60, 1, 3600, "s", "icebergs: life without a further refill")
    iceberg_refills: int = _number(
        2, 1, 1000, "orders", "icebergs of a book of orders: shown again so often"
    )
    iceberg_factor: float = _number(
        3.0, 1.0, 1000.0, "x shown", "icebergs suspected from rows: traded at least so much"
    )
    iceberg_share: float = _number(
        0.8, 0.0, 1.0, "of the traded", "icebergs suspected from rows: put back at least so much"
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """Volume profile (section ``profile``)."""

    preset: str = _choice("cbot2", PROFILE_PRESETS, "rule of the value area")
    rolling_minutes: int = _number(30, 1, 1440, "min", "span of the rolling profile")
    initial_balance_min: int = _number(60, 1, 1440, "min", "from the opening of regular hours on")
    node_rows: int = _number(3, 1, 1000, "rows", "beside a volume node that it is compared with")


@dataclass(frozen=True, slots=True)
class Scores:
    """Book metrics and scores (section ``scores``)."""

    imbalance: str = _choice("default", _IMBALANCE_PRESETS, "bookmap: weights halve every 10 rows")
    levels: int = _number(5, 1, MAX_DEPTH, "rows", "rows of imbalance and ratio")
    half_rows: float = _number(2.0, 0.1, 1000.0, "rows", "after which a row's weight has halved")
    ofi_levels: int = _number(5, 1, OFI_LEVELS, "rows", "rows of order-flow imbalance")
    ofi_half_life_s: float = _number(60.0, 1.0, 86_400.0, "s", "of ofi_z")
    momentum_s: int = _number(30, 1, MOMENTUM_SLOTS - 1, "s", "horizon of momentum")
    momentum_half_life_s: float = _number(600.0, 1.0, 86_400.0, "s", "of its deviation")
    volume_window_s: int = _number(30, 1, 3600, "s", "window of the volume score")
    volume_windows: int = _number(120, 2, VOLUME_SLOTS - 1, "windows", "ranked against")
    volume_least: int = _number(20, 1, VOLUME_SLOTS - 1, "windows", "needed for a score")
    neutral: float = _number(10.0, 0.0, 100.0, "points", "composite within it is neutral")
    pulling: str = _switch("on", "what was added, cancelled, traded at the best ten rows")
    pulling_window_s: int = _number(30, 1, 3600, "s", "longest window of these sums")
    microprice: str = _switch("on", "micro-price, fitted at each opening on the session before")
    microprice_least: int = _number(1000, 1, 1_000_000_000, "moves", "of the touch, for a fit")
    flow_toxicity: str = _switch("off", "imbalance over buckets of equal traded volume")
    toxicity_buckets: int = _number(50, 1, TOXICITY_SLOTS, "buckets", "that flow toxicity is of")
    toxicity_volume: int = _number(1000, 1, 1_000_000_000, "size steps", "of such a bucket")


@dataclass(frozen=True, slots=True)
class Signals:
    """Rules over clusters (section ``signals``)."""

    bounce: str = _switch("on", "a resting cluster was touched and held, and price turns away")
    bounce_ticks: int = _number(1, 0, 1000, "ticks", "that the touch must have left it by")
    bounce_imbalance: float = _number(10.0, 1.0, 100.0, "points", "of the book, on its side")
    bounce_keep: float = _number(0.5, 0.0, 1.0, "of the peak", "size that must be left")
    breaks: str = _switch("on", "a resting cluster was eaten up, and price is beyond it")
    break_ticks: int = _number(0, 0, 1000, "ticks", "that the opposite touch must be beyond it by")
    break_share: float = _number(0.5, 0.01, 10.0, "of the peak", "traded against it at least")
    stack: str = _switch("on", "a new stack of imbalances, and price holds beyond it")
    stack_ticks: int = _number(0, -1000, 1000, "ticks", "that the touch must be beyond it by")
    stack_rows: float = _number(3.0, 1.0, 1000.0, "rows", "of the stack at least")
    stack_hold_ms: int = _number(1000, 0, 600_000, "ms", "that price must hold there")
    absorption: str = _switch("on", "a new absorption, and price turns")
    absorption_ticks: int = _number(1, 0, 1000, "ticks", "that the touch must have left it by")
    absorption_rel: float = _number(1.0, 0.01, 1000.0, "x threshold", "absorbed at least")
    pull: str = _switch("on", "a resting cluster close to the touch was pulled: price may go there")
    pull_distance: int = _number(3, 0, 1000, "ticks", "from the touch at most")
    pull_share: float = _number(0.5, 0.01, 1.0, "of the peak", "gone at least")
    pull_age_ms: int = _number(2000, 0, 3_600_000, "ms", "that it must have lived")
    pull_imbalance: float = _number(20.0, -100.0, 100.0, "points", "of the book, that way")
    watch_s: float = _number(10.0, 0.1, 3600.0, "s", "that a rule waits for price")
    agree: int = _number(1, 1, VOTE_SLOTS, "words", "that must agree")
    agree_s: float = _number(30.0, 0.1, 3600.0, "s", "within which they must")
    spacing_s: float = _number(60.0, 0.0, 86_400.0, "s", "between two signals of one direction")
    expire_s: float = _number(30.0, 0.1, 86_400.0, "s", "life of a signal")
    warmup_s: float = _number(60.0, 0.0, 86_400.0, "s", "of a book that can be read come first")
    bounce_rate: float = _rate("bounce")
    break_rate: float = _rate("break")
    stack_rate: float = _rate("stack_continuation")
    absorption_rate: float = _rate("absorption_reversal")
    pull_rate: float = _rate("pull_ahead")
    rates_until_ns: int = _number(0, 0, 2**62, "ns UTC", "no confidence for signals up to then")


@dataclass(frozen=True, slots=True)
class Parameters:
    """All parameters of one analyzer.

    Attributes:
        config_hash: names them in every output: the first 16 hex digits of the SHA-256 of the
            canonical values.
    """

    clusters: Clusters = Clusters()
    profile: Profile = Profile()
    scores: Scores = Scores()
    signals: Signals = Signals()
    config_hash: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in SECTIONS:
            _check_section(name, getattr(self, name))
        clusters, scores = self.clusters, self.scores
        _require(
            1000 % clusters.grid_ms == 0, "clusters.grid_ms", clusters.grid_ms, "a divisor of 1000"
        )
        _require(
            clusters.off_factor <= clusters.on_factor,
            "clusters.off_factor",
            clusters.off_factor,
            f"at most on_factor, {clusters.on_factor}",
        )
        _require(
            scores.volume_least <= scores.volume_windows,
            "scores.volume_least",
            scores.volume_least,
            f"at most volume_windows, {scores.volume_windows}",
        )
        object.__setattr__(self, "config_hash", _digest(self.to_mapping()))

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Self:
        """Defaults overridden by ``{section: {key: value}}``.

        Raises:
            SettingsError: an unknown section or key, a wrong type or a value out of range.
        """
        return cls().overridden(mapping)

    @classmethod
    def from_recorded(cls, mapping: Mapping[str, Any]) -> Self:
        """Settings out of a journal or a frozen state: a switch that they do not name is off.

        So what an older program recorded leads to the output that it had then.

        Raises:
            SettingsError: as ``from_mapping``.
        """
        given = cls.from_mapping(mapping)
        off = {name: _unnamed_off(getattr(given, name), mapping.get(name)) for name in SECTIONS}
        return given.overridden(off)

    def overridden(self, mapping: Mapping[str, Any]) -> Self:
        """A copy with some values replaced."""
        changes: dict[str, Any] = {}
        for section, values in mapping.items():
            if section not in SECTIONS:
                raise SettingsError(
                    f"unknown setting {section}", key=section, allowed=", ".join(SECTIONS)
                )
            changes[section] = _override(section, getattr(self, section), values)
        return replace(self, **changes)

    def to_mapping(self) -> dict[str, dict[str, Any]]:
        """All values, as ``from_mapping`` takes them."""
        return {name: asdict(getattr(self, name)) for name in SECTIONS}

    def weights(self) -> list[float]:
        """Weight of each row of the imbalance."""
        half = 10.0 if self.scores.imbalance == "bookmap" else self.scores.half_rows
        return [math.exp(-math.log(2.0) * i / half) for i in range(MAX_DEPTH)]

    def opacity_steps(self) -> list[float]:
        """The 20 values that u must exceed, one per step of 5."""
        gamma = _GAMMAS[self.clusters.opacity]
        return [(j / 20.0) ** (1.0 / gamma) for j in range(20)]


SECTIONS: Final = ("clusters", "profile", "scores", "signals")


def _digest(mapping: Mapping[str, Mapping[str, Any]]) -> str:
    text = ";".join(
        f"{section}.{key}={value!r}"
        for section, values in sorted(mapping.items())
        for key, value in sorted(values.items())
    )
    return sha256(text.encode()).hexdigest()[:16]


def _unnamed_off(section: Any, recorded: object) -> dict[str, str]:  # noqa: ANN401
    """The switches of a section that its recorded values do not name, with what that means."""
    named = recorded if isinstance(recorded, Mapping) else {}
    return {
        item.name: item.metadata["recorded"]
        for item in fields(section)
        if "recorded" in item.metadata and item.name not in named
    }


def _override(section: str, present: Any, values: Any) -> Any:  # noqa: ANN401
    if not isinstance(values, Mapping):
        raise SettingsError(f"{section} must be a mapping", key=section, allowed="a mapping")
    known = {item.name: item for item in fields(present)}
    changes: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            raise SettingsError(
                f"unknown setting {section}.{key}", key=f"{section}.{key}", allowed=", ".join(known)
            )
        if "recorded" in known[key].metadata and isinstance(value, bool):
            changes[key] = ON_OFF[not value]  # YAML reads on and off as truth values
            continue
        integral = isinstance(value, int) and not isinstance(value, bool)
        changes[key] = float(value) if known[key].type is float and integral else value
    return replace(present, **changes)


def _check_section(section: str, values: Any) -> None:  # noqa: ANN401
    for item in fields(values):
        key = f"{section}.{item.name}"
        value = getattr(values, item.name)
        if "allowed" in item.metadata:
            allowed = ", ".join(item.metadata["allowed"])
            good = value in item.metadata["allowed"]
        else:
            low, high = item.metadata["low"], item.metadata["high"]
            allowed = f"{low} to {high} {item.metadata['unit']}"
            good = type(value) is type(item.default) and low <= value <= high
        _require(good, key, value, allowed)


def _require(good: bool, key: str, value: object, allowed: str) -> None:
    if not good:
        raise SettingsError(f"{key} = {value!r}: allowed is {allowed}", key=key, allowed=allowed)
