from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from market.enums import DepthOp, Kind, OrderOp, QuoteOp, TradeSource
from market.record import RECORD, Records
from tests.wire.builders import LARGEST, records
from wire.kernels import FIELDS, MAX_MAGNITUDE, check_records, record_rules

OPS = {
    Kind.DEPTH_POSITION: DepthOp, Kind.DEPTH_PRICE: DepthOp, Kind.QUOTE: QuoteOp,
    Kind.TRADE: TradeSource, Kind.ORDER: OrderOp,
}  # fmt: skip


def twin(rows: Records, snapshot: bool, bits: int) -> int:
    """The same rules from the enums, one field after the other."""
    for index, row in enumerate(rows):
        for number, field in enumerate(FIELDS):
            if not _valid(row, field, snapshot, bits):
                return 8 * index + number
    return -1


def _valid(row: Records, field: str, snapshot: bool, bits: int) -> bool:
    kind, op, value = int(row["kind"]), int(row["op"]), int(row[field])
    running = kind == Kind.QUOTE and op == QuoteOp.SESSION_VOLUME
    if field == "kind":
        return value in OPS and not (snapshot and kind in (Kind.QUOTE, Kind.TRADE))
    if field == "side":
        return value <= (0 if running else 2 if kind == Kind.TRADE else 1)
    if field == "op":
        return value in list(OPS[Kind(kind)]) and not (snapshot and value)
    if field == "position":
        return kind != Kind.ORDER or value | bits == bits
    if field == "price":
        return value == 0 if running else abs(value) <= LARGEST
    return 0 <= value <= LARGEST


@given(records(), st.data())
def test_the_kernel_finds_what_its_twin_finds(rows: Records, data: st.DataObject) -> None:
    assert check_records(rows, record_rules()) == -1
    if len(rows):
        index = data.draw(st.integers(0, len(rows) - 1))
        field = data.draw(st.sampled_from(FIELDS))
        wide = field in ("price", "size")
        rows[index][field] = data.draw(
            st.integers(-(2**63), 2**63 - 1) if wide else st.integers(0, 255)
        )
    for snapshot, bits in product((False, True), (1, 3)):
        rules = record_rules(snapshot=snapshot, bits=bits)
        found, expected = check_records(rows, rules), twin(rows, snapshot, bits)
        assert (found < 0) == (expected < 0)
        assert found // 8 == expected // 8


def test_no_field_beyond_its_limit_passes_unseen() -> None:
    """Every kind with every side, op and bits of a position around its limits, one by one."""
    rows = np.zeros(1, RECORD)
    row = rows[0]
    for kind, side, op, position in product(range(7), range(4), range(9), (0, 1, 2, 3, 4)):
        row["kind"], row["side"], row["op"], row["position"] = kind, side, op, position
        for price, size in ((0, 0), (1, 0), (-LARGEST, LARGEST), (LARGEST + 1, 0), (0, -1)):
            row["price"], row["size"] = price, size
            for snapshot, bits in product((False, True), (1, 3)):
                found = check_records(rows, record_rules(snapshot=snapshot, bits=bits))
                assert (found < 0) == (twin(rows, snapshot, bits) < 0)


def test_the_documented_limit_is_the_compiled_one() -> None:
    assert MAX_MAGNITUDE == LARGEST
