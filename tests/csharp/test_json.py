"""The bridge's JSON is the server's: what one refuses, the other does, for the same reason."""

import json
import math
import random
import struct
from decimal import Decimal
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

    An integral float may be written as an integer. Far from 1, where no price, size or score is,
    the bridge leaves a number to Mono's parser, which errs by a unit in the last place.
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


def test_what_stands_behind_a_text_does_not_complete_it(runner: Program) -> None:
    """The verb lets a copy of the text follow."""
    whole = ('"a\\nb"', "[1.5,0]", "-2.5e30", '{"a":1}', "10")
    texts = [text[:size] for text in whole for size in range(1, len(text) + 1)]
    for text, found in zip(texts, told(runner, texts), strict=True):
        try:
            assert found == json.loads(text)
        except json.JSONDecodeError:
            assert found["code"] == "bad_json", text


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


def bits(number: float) -> int:
    found: int
    (found,) = struct.unpack("<q", struct.pack("<d", number))
    return found


def is_exact(text: str) -> bool:
    """Whether the bridge finds the nearest double itself: the rest is the framework's."""
    _, digits, exponent = Decimal(text).as_tuple()
    assert isinstance(exponent, int)
    mantissa = int("".join(map(str, digits)))
    near = mantissa <= 2**53 and -22 <= exponent <= 22
    return mantissa == 0 or near or (mantissa < 2**64 and -27 <= exponent <= 0)


def ties(rng: random.Random) -> list[str]:
    """Numbers half way between two doubles, and beside it by one in the last of their digits."""
    texts = []
    for _ in range(3_000):
        places = rng.randrange(1, 11)
        mantissa = 2 * rng.randrange(2**52, 2**53) + 1
        # mantissa / 2^places has as many decimals, and the last bit is one too many.
        digits = mantissa * 5**places
        texts += [
            f"{near // 10**places}.{near % 10**places:0{places}}"
            for near in (digits - 1, digits, digits + 1)
        ]
    return [text for text in texts if is_exact(text)]


def numbers(rng: random.Random) -> list[str]:
    """As Python writes doubles, as markets have them, and digits and exponents of every size."""
    anything = [struct.unpack("<d", rng.randbytes(8))[0] for _ in range(3_000)]
    texts = [repr(number) for number in anything if math.isfinite(number)]
    for _ in range(12_000):
        whole, parts = rng.randrange(10 ** rng.randrange(1, 8)), rng.randrange(1, 10_000)
        texts.append(repr(whole + rng.random()))
        texts.append(repr(-whole / parts))
        texts.append(repr(rng.random() * 10.0 ** -rng.randrange(12)))
    for _ in range(12_000):
        digits = str(rng.randrange(10 ** rng.randrange(1, 23)))
        at = rng.randrange(len(digits) + 1)
        text = f"{rng.choice(('', '-'))}{digits[:at].lstrip('0') or '0'}.{digits[at:] or '0'}"
        texts.append(text + rng.choice(("", f"e{rng.randrange(-30, 30)}", f"E+{rng.randrange(9)}")))
    return texts


EDGES = [
    *(f"{2**53 + more}{end}" for more in range(-2, 4) for end in (".0", "e0", "e22", "e-22")),
    *(f"{2**64 + more}{end}" for more in range(-2, 3) for end in (".0", "e-1", "e-27", "e-28")),
    *(f"{1844674407370955161}{last}.{more}" for last in range(10) for more in (0, 5, 6)),
    *(f"{5**27}e-{power}" for power in range(26, 29)), *(f"1e{power}" for power in range(-30, 31)),
    "0e0", "0.0", "-0.0", "0e-999999999999", "0.000e99999999999", "1.7976931348623157e308",
    "5e-324", "2.2250738585072014e-308", "9007199254740993.0", "9007199254740992.5",
    "0." + "0" * 30 + "1", "1" + "0" * 30 + ".5", "0.1", "0.30000000000000004",
]  # fmt: skip


def test_numbers_are_the_nearest_doubles(runner: Program) -> None:
    """Bit for bit where the bridge converts itself, which is wherever a market's numbers are."""
    rng = random.Random(SEED + 2)
    texts = [*EDGES, *ties(rng), *numbers(rng)]
    (answer,) = runner.lines("json-bits", [f"[{','.join(texts)}]"])
    exact = 0
    for text, found in zip(texts, json.loads(answer), strict=True):
        expected = float(text)
        if is_exact(text):
            exact += 1
            assert found == bits(expected), text
        else:
            (number,) = struct.unpack("<d", struct.pack("<q", found))
            assert math.isclose(number, expected, rel_tol=3e-16, abs_tol=5e-324), text
    assert exact > 40_000
    assert len(texts) - exact > 3_000


def spelled(rng: random.Random, name: str) -> str:
    """A name with some of its characters as escapes."""
    parts = [f"\\u{ord(c):04x}" if rng.random() < 0.3 else json.dumps(c)[1:-1] for c in name]
    return f'"{"".join(parts)}"'


def test_names_are_told_apart_however_many_there_are(runner: Program) -> None:
    """Objects of many names, the same names in the objects within, one of them twice or not."""
    rng = random.Random(SEED + 3)
    texts = []
    for count in (2, 7, 90, 128, 129, 300, 1_000, 20_000, 5, 600):
        names = [f"{rng.choice('abcd')}{number}" for number in range(count)]
        for twice in (False, True):
            parts = [
                f"{spelled(rng, name)}:{json.dumps({name: [{name: rng.randrange(9)}]})}"
                for name in names
            ]
            if twice:
                again = f"{spelled(rng, rng.choice(names))}:null"
                parts.insert(rng.randrange(len(parts) + 1), again)
            texts.append(f"{{{','.join(parts)}}}")
    found = told(runner, texts)
    for text, answer in zip(texts, found, strict=True):
        assert same(answer, judged(text)), text[:200]
    assert sum(answer.get("code") == "repeated_key" for answer in found) == len(texts) // 2


def test_escapes_are_the_characters_that_they_stand_for(runner: Program) -> None:
    """Every character up to U+0800, some beyond, and pairs, in names and in values."""
    rng = random.Random(SEED + 4)
    codes = [*range(0x801), *(rng.randrange(0x800, 0xD800) for _ in range(500)), 0xD7FF, 0xE000]
    codes += [0xFFFF, 0x10000, 0x10FFFF, *(rng.randrange(0x10000, 0x110000) for _ in range(500))]
    texts = []
    for code in codes:
        halves = chr(code).encode("utf-16-be").hex()
        escaped = "".join(f"\\u{halves[at : at + 4]}" for at in range(0, len(halves), 4))
        escaped = escaped if rng.random() < 0.5 else escaped.upper().replace("U", "u")
        texts.append(f'{{"{escaped}x":["y{escaped}"]}}')
    for code, answer in zip(codes, told(runner, texts), strict=True):
        assert answer == {f"{chr(code)}x": [f"y{chr(code)}"]}


def test_nesting_at_the_limit_and_beyond(runner: Program) -> None:
    rng = random.Random(SEED + 5)
    texts = []
    for _ in range(600):
        depth = rng.choice((1, 2, 30, 31, 32, 33, 34, 200))
        kinds = [rng.randrange(2) for _ in range(depth)]
        begin = "".join("[1," if kind else '{"a":0,"b":' for kind in kinds)
        end = "".join(",2]" if kind else ',"c":{}}' for kind in reversed(kinds))
        texts.append(f'{{"type":{begin}"x"{end}}}' if rng.random() < 0.5 else f"{begin}null{end}")
    found = told(runner, texts)
    expected = [judged(text) for text in texts]
    codes = [answer.get("code") for answer in expected if isinstance(answer, dict)]
    assert 100 < codes.count("too_deep") < 500
    for text, one, other in zip(texts, found, expected, strict=True):
        if isinstance(other, dict) and other.get("code") == "bad_type":
            continue  # a list by itself is no message of the server's
        assert one == other, text[:200]
