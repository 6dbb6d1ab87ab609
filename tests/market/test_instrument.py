import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.errors import MalformedError, SessionError, SettingsError
from market.instrument import DEFAULT_INSTRUMENTS, InstrumentTable, alias_of, contract_of
from market.session import SHIPPED_TEMPLATES
from market.ticks import Grid

# Money per tick as the exchange's contract specifications print it.
TICK_VALUES = {
    "ES": 12.5, "NQ": 5, "YM": 5, "RTY": 5, "MES": 1.25, "MNQ": 0.5, "MYM": 0.5, "M2K": 0.5,
    "CL": 10, "MCL": 1, "NG": 10, "RB": 4.2, "HO": 4.2, "GC": 10, "MGC": 1, "SI": 25, "SIL": 5,
    "HG": 12.5, "PL": 5, "PA": 50, "6E": 6.25, "6B": 6.25, "6J": 6.25, "6A": 5, "6C": 5, "6S": 6.25,
    "6N": 5, "M6E": 1.25, "ZB": 31.25, "ZN": 15.625, "ZF": 7.8125, "ZT": 7.8125, "UB": 31.25,
    "TN": 15.625, "ZC": 12.5, "ZS": 12.5, "ZW": 12.5, "ZM": 10, "ZL": 6, "LE": 10, "HE": 10,
    "GF": 12.5, "BTC": 25, "MBT": 0.5, "ETH": 25, "MET": 0.05,
}  # fmt: skip


@pytest.mark.parametrize("root", TICK_VALUES)
def test_shipped_roots_have_the_exchange_tick_value(root: str) -> None:
    known = DEFAULT_INSTRUMENTS.resolve(root)
    assert known is not None
    assert known.tick.step * known.point_value == pytest.approx(TICK_VALUES[root], rel=1e-12)
    assert known.size == Grid(1)
    assert known.session in SHIPPED_TEMPLATES


def test_nothing_is_shipped_unchecked() -> None:
    assert set(DEFAULT_INSTRUMENTS.roots) == set(TICK_VALUES)


@pytest.mark.parametrize(
    ("contract", "alias"),
    [("ES 12-26", "ESZ6"), ("ES 03-24", "ESH4"), ("6E 06-25", "6EM5"), ("M2K 09-29", "M2KU9"),
     ("CL 01-20", "CLF0"), ("ZN 05-27", "ZNK7")],
)  # fmt: skip
def test_aliases_both_ways(contract: str, alias: str) -> None:
    assert alias_of(contract) == alias
    assert contract_of(alias) == contract
    by_alias = DEFAULT_INSTRUMENTS.resolve(alias)
    assert by_alias == DEFAULT_INSTRUMENTS.resolve(contract)
    assert by_alias is not None
    assert (by_alias.symbol, by_alias.aliases) == (contract, (alias,))


@given(st.sampled_from(DEFAULT_INSTRUMENTS.roots), st.integers(1, 12), st.integers(2020, 2029))
def test_every_contract_has_one_alias(root: str, month: int, year: int) -> None:
    contract = f"{root} {month:02d}-{year % 100:02d}"
    alias = alias_of(contract)
    assert alias is not None
    assert contract_of(alias) == contract
    assert contract_of(alias[:-1] + f"{year % 100:02d}") == contract


def test_contracts_inherit_and_are_never_merged() -> None:
    december = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    march = DEFAULT_INSTRUMENTS.resolve("ES 03-27")
    assert december is not None
    assert march is not None
    assert december != march
    assert december.tick == march.tick == Grid(0.25)
    assert december.root == "ES"


@pytest.mark.parametrize(
    "name", ["", "XX 12-26", "ES 13-26", "ES 00-26", "ES 1-26", "es", "ESZ", "Z6"]
)
def test_unknown_names_resolve_to_none(name: str) -> None:
    assert DEFAULT_INSTRUMENTS.resolve(name) is None


def test_an_unknown_instrument_without_tick_size_says_what_to_send() -> None:
    with pytest.raises(SessionError, match="tick_size") as caught:
        DEFAULT_INSTRUMENTS.define("FOO 12-26")
    assert caught.value.code == "unknown_instrument"
    defined = DEFAULT_INSTRUMENTS.define("FOO 12-26", 0.5, "0.001", 2.0, 20)
    assert (defined.root, defined.tick, defined.size) == ("FOO", Grid("0.5"), Grid("0.001"))
    assert (defined.point_value, defined.depth_levels, defined.aliases) == (2.0, 20, ("FOOZ6",))


@pytest.mark.parametrize(("tick", "size"), [(0.5, None), (0.25, 2), ("0.250001", None)])
def test_a_second_grid_for_a_known_instrument_conflicts(
    tick: float | str, size: int | None
) -> None:
    with pytest.raises(SessionError) as caught:
        DEFAULT_INSTRUMENTS.define("ES 12-26", tick, size)
    assert caught.value.code == "tick_size_conflict"
    assert DEFAULT_INSTRUMENTS.define("ES 12-26", "0.2500", 1.0).tick == Grid(0.25)


@pytest.mark.parametrize(
    "values",
    [{"tick_size": 0}, {"tick_size": "x"}, {"tick_size": 1, "depth_levels": 0},
     {"tick_size": 1, "point_value": -1.0}, {"tick_size": float("nan")}],
)  # fmt: skip
def test_declared_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(MalformedError):
        DEFAULT_INSTRUMENTS.define("FOO", **values)  # type: ignore[arg-type]


def test_user_settings_lie_over_the_shipped_roots() -> None:
    table = DEFAULT_INSTRUMENTS.with_settings(
        {"ES": {"depth_levels": 20}, "FOO": {"tick_size": "0.5", "session": "cme_equity"}}
    )
    contract = table.resolve("ESZ6")
    assert contract is not None
    assert (contract.depth_levels, contract.tick) == (20, Grid(0.25))
    own = table.resolve("FOO 12-26")
    assert own is not None
    assert own.session == "cme_equity"
    assert DEFAULT_INSTRUMENTS.resolve("FOO") is None


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"ES": {"ticksize": 1}}, "instruments.ES.ticksize"),
        ({"FOO": {"session": "always"}}, "instruments.FOO.tick_size"),
        ({"ES": {"depth_levels": 0}}, "instruments.ES.depth_levels"),
        ({"ES": {"point_value": 0}}, "instruments.ES.point_value"),
        ({"ES": {"tick_size": -1}}, "instruments.ES"),
    ],
)
def test_wrong_settings_name_their_key(settings: dict[str, dict[str, object]], key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        InstrumentTable({}).with_settings(settings) if "FOO" in settings else (
            DEFAULT_INSTRUMENTS.with_settings(settings)
        )
    assert caught.value.key == key
