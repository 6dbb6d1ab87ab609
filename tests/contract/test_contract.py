import json
from typing import Any

import pytest

from market.errors import MalformedError
from tests.contract.golden import HERE, Case, cases, checksums, messages, restored
from wire.checksum import book_crc32
from wire.frames import decode_frame, encode_frame
from wire.messages import decode_message

CASES = list(cases())
NAMES = sorted(path.stem for path in HERE.glob("*.bin"))


def stored(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def test_the_stored_files_are_the_cases() -> None:
    assert sorted(case.name for case in CASES) == NAMES
    assert sum(path.stat().st_size for path in HERE.glob("*.bin")) < 50_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_the_definitions_give_the_stored_bytes(case: Case) -> None:
    if not case.name.startswith(("deflate", "bad_deflate")):
        assert (HERE / f"{case.name}.bin").read_bytes() == case.data
    assert stored(case.name) == case.description


@pytest.mark.parametrize("name", NAMES)
def test_the_stored_frames_mean_what_is_written_beside_them(name: str) -> None:
    data, description = (HERE / f"{name}.bin").read_bytes(), stored(name)
    if not description["valid"]:
        with pytest.raises(MalformedError) as caught:
            decode_frame(data)
        error = caught.value
        assert {"code": error.code, "index": error.index, "field": error.field} == {
            key: description[key] for key in ("code", "index", "field")
        }
        return
    frame, expected = decode_frame(data), restored(description)
    assert frame[1:] == expected[1:]
    assert frame.records.tobytes() == expected.records.tobytes()
    if not description["deflated"]:
        assert encode_frame(expected) == data


@pytest.mark.parametrize("entry", stored("messages"), ids=lambda entry: str(entry["text"])[:40])
def test_the_stored_messages(entry: dict[str, Any]) -> None:
    if entry["valid"]:
        message = decode_message(entry["text"])
        assert type(message).__struct_config__.tag == entry["type"]
        return
    with pytest.raises(MalformedError) as caught:
        decode_message(entry["text"])
    error = caught.value
    assert (error.code, error.index, error.field) == (
        entry["code"], entry["index"], entry["field"],
    )  # fmt: skip


def test_the_stored_checksums() -> None:
    assert stored("messages") == messages()
    assert stored("checksums") == json.loads(json.dumps(checksums()))
    for entry in stored("checksums"):
        asks, bids = ([tuple(row) for row in entry[side]] for side in ("asks", "bids"))
        assert book_crc32(asks, bids) == entry["crc32"]
