import msgspec
import pytest

from market.enums import Source
from wire.messages import TOPICS
from wire.schema import Message, Name, OrderId, Row, Seq, SourceName, StreamIndex, Topic


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (Seq, [0, 2**63 - 1], [-1, 1.0, "1", True]),
        (StreamIndex, [0, 255], [-1, 256]),
        (Row, [0, 255], [-1, 256]),
        (Name, ["E", "E" * 64], ["", "E" * 65, 5]),
        (OrderId, [0, 2**64 - 1, "18446744073709551615"], [-1, "-1", "1e3", "", 1.5]),
        (Topic, list(TOPICS), ["Metrics", ""]),
        (SourceName, [source.value for source in Source], ["Live"]),
    ],
)
def test_ranges(kind: object, good: list[object], bad: list[object]) -> None:
    for value in good:
        assert msgspec.convert(value, kind, strict=True) == value  # type: ignore[call-overload]
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(value, kind, strict=True)  # type: ignore[call-overload]


def test_messages_cannot_be_changed() -> None:
    class Example(Message, frozen=True, tag="example"):
        value: int

    example = Example(value=1)
    with pytest.raises(AttributeError):
        example.value = 2  # type: ignore[misc]
    assert msgspec.json.encode(example) == b'{"type":"example","value":1}'
