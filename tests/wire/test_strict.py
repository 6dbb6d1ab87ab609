import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.errors import MalformedError
from wire.codes import ErrorCode
from wire.strict import loads

LIMIT = 1 << 20


def refusal(text: str | bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        loads(text, limit=LIMIT)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "field", "index"),
    [
        ('{"a":1,"a":2}', ErrorCode.REPEATED_KEY, "a", None),
        ('{"b":{"a":1,"c":[{}],"a":2}}', ErrorCode.REPEATED_KEY, "a", None),
        ('{"u":[{"a":1},{"a":1,"b":2,"a":3}]}', ErrorCode.REPEATED_KEY, "a", 1),
        ('{"a":1,"\\u0061":2}', ErrorCode.REPEATED_KEY, "a", None),
        ('{"a":18446744073709551616}', ErrorCode.BAD_NUMBER, "a", None),
        ('{"a":-9223372036854775809}', ErrorCode.BAD_NUMBER, "a", None),
        ('{"u":[{},{"t":99999999999999999999999}]}', ErrorCode.BAD_NUMBER, "t", 1),
        ('{"u":{"t":[1,2,99999999999999999999999]}}', ErrorCode.BAD_NUMBER, "t", 2),
        ('{"a":NaN}', ErrorCode.BAD_NUMBER, "a", None),
        ('{"a":[-Infinity]}', ErrorCode.BAD_NUMBER, "a", 0),
        ('{"a":1e999}', ErrorCode.BAD_NUMBER, None, None),
        ('{"a":' + "[" * 32 + "]" * 32 + "}", ErrorCode.TOO_DEEP, None, None),
        ("[" * 1_000_000, ErrorCode.TOO_DEEP, None, None),
        ('{"a":' * 200_000, ErrorCode.TOO_DEEP, None, None),
        ("[]", ErrorCode.BAD_TYPE, None, None),
        ("", ErrorCode.BAD_JSON, None, None),
        ('{"a":1', ErrorCode.BAD_JSON, None, None),
        ('{"a":1}x', ErrorCode.BAD_JSON, None, None),
        ('{"a":01}', ErrorCode.BAD_JSON, None, None),
        ("{'a':1}", ErrorCode.BAD_JSON, None, None),
        (b'{"a":"\xff"}', ErrorCode.BAD_JSON, None, None),
        ('{"a":"\ud800"}', ErrorCode.BAD_JSON, None, None),
        (" " * LIMIT + "{}", ErrorCode.TOO_LARGE, None, None),
    ],
)
def test_refused(text: str | bytes, code: ErrorCode, field: str | None, index: int | None) -> None:
    error = refusal(text)
    assert (error.code, error.field, error.index) == (code, field, index)


def test_repeated_keys_among_many() -> None:
    keys = ",".join(f'"k{n}":{n}' for n in range(200))
    assert len(loads("{" + keys + "}", limit=LIMIT)) == 200
    assert refusal("{" + keys + ',"k3":1}').code == ErrorCode.REPEATED_KEY


@pytest.mark.parametrize(
    "text",
    [
        '{"a":18446744073709551615,"b":-9223372036854775808,"c":1e300,"d":0.1}',
        '{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}',
        '{"a":' + "[" * 31 + "]" * 31 + "}",
        '{"a":"NaN","b":"{\\"b\\":1,\\"b\\":2}","c":"\\\\"}',
        '{"123456789012345678901234567890":"99999999999999999999999"}',
        '{ "a" : [ 1 , { } , null , true ] , "é" : "ü" }',
    ],
)
def test_accepted_as_the_standard_library_reads_it(text: str) -> None:
    assert loads(text, limit=LIMIT) == json.loads(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**66)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def beyond(value: object) -> bool:
    if isinstance(value, dict):
        return any(beyond(item) for item in value.values())
    if isinstance(value, list):
        return any(beyond(item) for item in value)
    return isinstance(value, int) and not -(2**63) <= value < 2**64


@given(st.dictionaries(st.text(max_size=4), values, max_size=5), st.booleans())
def test_any_object_comes_back_or_has_an_integer_beyond_64_bits(
    value: dict[str, object], ascii_only: bool
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    if beyond(value):
        assert refusal(text).code == ErrorCode.BAD_NUMBER
    else:
        assert loads(text, limit=LIMIT) == value


@settings(max_examples=400)
@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,0123456789-.eE\\ aNI', max_size=80))
def test_random_text_never_crashes(text: bytes | str) -> None:
    for candidate in (text, b'{"a":' + text if isinstance(text, bytes) else '{"a":' + text):
        try:
            assert isinstance(loads(candidate, limit=LIMIT), dict)
        except MalformedError:
            continue
