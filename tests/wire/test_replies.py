from typing import Any

import msgspec
import pytest

from market.enums import Phase, Source
from wire.codes import ResyncReason
from wire.replies import Clusters, Metrics, Resync


def words(kind: type[msgspec.Struct], field: str) -> set[Any]:
    described = {item.name: item.type for item in msgspec.inspect.type_info(kind).fields}  # type: ignore[attr-defined]
    return set(described[field].values)


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        (Metrics, "phase", {phase.value for phase in Phase}),
        (Metrics, "source", {source.value for source in Source}),
        (Resync, "reason", {reason.value for reason in ResyncReason}),
        (Clusters, "event", {"snapshot", "new", "update", "end"}),
    ],
)
def test_words_are_those_of_the_vocabulary(
    kind: type[msgspec.Struct], field: str, expected: set[str]
) -> None:
    assert words(kind, field) == expected
