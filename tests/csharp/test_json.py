"""The bridge's JSON is the server's: what one refuses, the other does, for the same reason."""

import json
import math
import random
import struct
from typing import Any

import pytest

from market.errors import MalformedError
from tests.contract.golden import messages
from tests.csharp.build import Program
from wire.strict import loads

LIMIT = 1 << 20
SEED = 20_261_120
CODES = {"bad_json", "bad_number", "repeated_key", "too_deep"}
HOSTILE = (
    "", " ", "nul", "True", "'a'", "[1,]", "[,1]", "[1 2]", "{,}", '{"a"}', '{"a":}',
    '{"a":1,}', "{a:1}", '{"a":1 "b":2}', "[1}", '{"a":1]', "[", "]", "{", "[[1]", '{"a":{"b":1}',
    "1 2", "[1]x", "01", "-", "+1", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1E-",
    "0x10", "1_0", "--1", "1-", "-0", "0", "0.0", "-0.0", "1e5", "1E+5", "1e-5", "0e0", "1e308",
    "1e309", "-1e309", "1e-400", "123456789012345678", "9223372036854775807", "9223372036854775808",
    "18446744073709551615", "18446744073709551616", "-9223372036854775808", "-9223372036854775809",
    "1" + "0" * 40, "1" + "0" * 40 + ".0", "0." + "3" * 60, "NaN", "-NaN", "Infinity", "-Infinity",
    "nan", "inf", "[NaN]", '{"n":[1,NaN]}', '"', '"a', '"\\"', '"\\x"', '"\\u12"',
    '"\\u12g4"', '"\\u1234"', '"\\U1234"', '"a\nb"', '"a\tb"', '"\x00"', '"\x1f"', '"\x7f"',
    '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\u0041"', '"\\ud83dx"',
    '"\\ude00\\ud83d"', '"\\b\\f\\n\\r\\t\\/\\\\"', '"\u0130\u0131\u212a"',
    '"\u00e9\U0001f600\u4e2d"', '"\u2028\ufeff"', '"\uffff"', '"\\u0000"', "\ufeff1", "\u00a01",
    "\x0b1", "\x0c1", "\t\r\n 1 \t\r\n", "[ 1 , 2 ]", '{ "a" : 1 }', "[]", "{}", "[[],{}]",
    '{"a":1,"a":2}', '{"a":{"b":1,"b":2}}', '[{"a":1,"\\u0061":2}]', '{"A":1,"a":2}', '{"":1,"":2}',
    '{"i":1,"\u0131":2}', "[" * 31 + "]" * 31, "[" * 32 + "]" * 32, "[" * 5_000,
    '{"a":' * 31 + "1" + "}" * 31, '{"a":' * 32 + "1" + "}" * 32,
    '{"a":[1,{"b":2},99999999999999999999]}', "/**/1", "1//", "true", "false", "null",
    "[true,false,null]",
)  # fmt: skip


def told(runner: Program, texts: list[str]) -> list[Any]:
    """What C# makes of texts: the value, or the fault."""
    answers = runner.lines("json", [text.encode().hex() for text in texts])
    return [json.loads(answer) for answer in answers]


def judged(text: str) -> Any:
    """What the server makes of one: the value, or the fault."""
    try:
        return loads(text, limit=LIMIT)
    except MalformedError as error:
        return {"code": str(error.code), "index": None, "field": error.field}


def same(found: Any, expected: Any) -> bool:
    """Equal, integers exactly.

    An integral float may be written as an integer. Mono's parser errs by a unit in the last place
    far from 1, where no price, size or score is.
    """
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and list(found) == list(expected)
            and all(same(found[key], expected[key]) for key in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(found) == len(expected)
            and all(same(*pair) for pair in zip(found, expected, strict=True))
        )
    if isinstance(expected, float):
        far = 0.0 if 1e-9 < abs(expected) < 1e16 else 3e-16
        return isinstance(found, float | int) and math.isclose(
            found, expected, rel_tol=far, abs_tol=5e-324 if far else 0.0
        )
    return type(found) is type(expected) and bool(found == expected)


def compared(runner: Program, texts: list[str], *, once: bool = True) -> set[str]:
    """The codes of the refused ones, all told the same by both sides.

    Args:
        runner: the program.
        texts: what both read.
        once: nothing is wrong in several ways, when each side may name another one.
    """
    codes = set()
    for text, found in zip(texts, told(runner, texts), strict=True):
        expected = judged(text)
        code = expected.get("code")
        if isinstance(code, str) and code.isidentifier() and "field" in expected:
            codes.add(code)
            if expected["field"] is None:
                found["field"] = None  # the bridge may name what the server does not
            if not once and found.get("code") in CODES:
                continue
        assert same(found, expected), (text[:200], found, expected)
    return codes


def test_hostile_texts_get_the_same_answer(runner: Program) -> None:
    texts = [f'{{"type":"x","value":{text}}}' for text in HOSTILE]
    assert compared(runner, texts) == CODES


@pytest.mark.parametrize("text", HOSTILE[:24])
def test_a_text_by_itself_is_no_message(text: str, runner: Program) -> None:
    (found,) = told(runner, [text])
    assert found["code"] == "bad_json"


def test_a_text_cut_anywhere_is_refused(runner: Program) -> None:
    text = '{"a":[1,-2.5e3,true,null,{"b\\n\\u00e9":"c\\\\"}],"d":false,"e":18446744073709551615}'
    assert compared(runner, [text[:size] for size in range(1, len(text) + 1)]) == {"bad_json"}


def test_the_golden_messages_are_read_by_the_same_rules(runner: Program) -> None:
    """What is wrong with a message beyond its text is the server's to say."""
    entries = messages()
    for entry, found in zip(entries, told(runner, [e["text"] for e in entries]), strict=True):
        if entry.get("code") in CODES:
            assert found == {key: entry[key] for key in ("code", "index", "field")}
        else:
            assert found == json.loads(entry["text"])


def random_value(rng: random.Random, depth: int = 0) -> Any:
    sort = rng.randrange(7 if depth > 4 else 9)
    if sort == 0:
        return rng.choice((None, True, False))
    if sort == 1:
        return rng.choice((1, -1)) * rng.randrange(2 ** rng.randrange(1, 64))
    if sort == 2:
        return rng.randrange(2**64)
    if sort in (3, 4):
        number: float = struct.unpack("<d", rng.randbytes(8))[0]
        near = rng.choice((1, -1)) * rng.random() * 10.0 ** rng.randrange(-9, 16)
        return number if sort == 3 and math.isfinite(number) else near
    if sort in (5, 6):
        return "".join(
            chr(
                rng.choice(
                    (rng.randrange(0x80), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000))
                )
            )
            for _ in range(rng.randrange(9))
        )
    if sort == 7:
        return [random_value(rng, depth + 1) for _ in range(rng.randrange(5))]
    return {str(rng.randrange(50)): random_value(rng, depth + 1) for _ in range(rng.randrange(5))}


def random_text(rng: random.Random) -> str:
    value = {"v": random_value(rng)}
    return json.dumps(value, ensure_ascii=rng.random() < 0.5, indent=rng.choice((None, None, 1)))


def test_random_values_come_back_the_same(runner: Program) -> None:
    rng = random.Random(SEED)
    assert compared(runner, [random_text(rng) for _ in range(2_000)]) == set()


def test_random_damage_gets_the_same_answer(runner: Program) -> None:
    rng = random.Random(SEED + 1)
    marks = '{}[]",:\\ \n0123456789.eE+-ntfu\x01'
    texts = []
    for _ in range(4_000):
        text = list(random_text(rng))
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(text))
            how = rng.randrange(3)
            text[at : at + (how > 0)] = [rng.choice(marks)] if how < 2 else []
            text = text or ["{"]
        texts.append("".join(text))
    assert {"bad_json", "bad_number"} <= compared(runner, texts, once=False)
