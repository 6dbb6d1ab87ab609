import inspect

import pytest

from market import errors
from market.errors import BookFaultError, DepthbridgeError, FileFormatError, MalformedError


def test_one_tree_and_all_of_it_is_public() -> None:
    found = {
        name
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and issubclass(kind, Exception)
    }
    assert found == set(errors.__all__)
    for name in found:
        assert issubclass(getattr(errors, name), DepthbridgeError)
        assert name in (errors.__doc__ or "")


def test_errors_carry_facts() -> None:
    malformed = MalformedError("no", code="bad_kind", index=3, field="kind")
    assert (malformed.code, malformed.facts) == ("bad_kind", {"index": 3, "field": "kind"})
    assert str(malformed) == malformed.message == "no"
    assert MalformedError("no").code == "malformed"
    with pytest.raises(DepthbridgeError) as caught:
        raise BookFaultError("no", reason="unsorted", index=2, seq=9)
    assert caught.value.facts == {"reason": "unsorted", "index": 2, "seq": 9}
    assert FileFormatError("no", path="x", line=4).line == 4
