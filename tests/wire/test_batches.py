import msgspec
import pytest

from market.enums import DepthOp, OrderOp, Side
from wire import batches
from wire.batches import (
    L2Columns,
    L2Entry,
    L3Columns,
    L3Entry,
    QuoteColumns,
    QuoteEntry,
    TradeColumns,
    TradeEntry,
)

PAIRS = [(L2Entry, L2Columns), (L3Entry, L3Columns), (QuoteEntry, QuoteColumns),
         (TradeEntry, TradeColumns)]  # fmt: skip


@pytest.mark.parametrize(("entry", "columns"), PAIRS)
def test_columns_are_the_entries_fields(
    entry: type[msgspec.Struct], columns: type[msgspec.Struct]
) -> None:
    assert entry.__struct_fields__ == columns.__struct_fields__
    rows = {field.name: field.required for field in msgspec.structs.fields(entry)}
    whole = {field.name: field.required for field in msgspec.structs.fields(columns)}
    assert rows == whole


@pytest.mark.parametrize(
    ("entry", "field", "kind"),
    [(L2Entry, "operation", DepthOp), (L3Entry, "action", OrderOp), (L2Entry, "side", Side)],
)
def test_words_are_the_enums_names(
    entry: type[msgspec.Struct], field: str, kind: type[DepthOp | OrderOp | Side]
) -> None:
    described = {item.name: item.type for item in msgspec.inspect.type_info(entry).fields}  # type: ignore[attr-defined]
    assert set(described[field].values) == {member.name.lower() for member in kind}


def test_everything_public_is_frozen() -> None:
    for name in batches.__all__:
        assert getattr(batches, name).__struct_config__.frozen
