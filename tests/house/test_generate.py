"""`generate` writes what readers take, whole or not at all."""

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from depthbridge.cli import main
from recording.generator import Generator, GeneratorSettings

SHORT = GeneratorSettings(seed=7, minutes=2)
DECOMPRESS: dict[str, Callable[[bytes], bytes]] = {
    ".txt": bytes,
    ".txt.gz": gzip.decompress,
    ".txt.xz": lzma.decompress,
    ".txt.zst": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
}


@pytest.mark.parametrize("ending", DECOMPRESS)
def test_every_compression_holds_the_same_lines(ending: str, tmp_path: Path) -> None:
    out = tmp_path / f"mein Tag{ending}"
    assert main(["generate", str(out), "--seed", "7", "--minutes", "2"]) == 0
    expected = "".join(Generator(SHORT).lines()).encode()
    assert DECOMPRESS[ending](out.read_bytes()) == expected
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {out.name, f"{out.name}.json", "mein Tag.truth.json"}


def test_readers_take_it_without_options(tmp_path: Path) -> None:
    from market.instrument import DEFAULT_INSTRUMENTS
    from recording.readers.naming import find_instrument, read_sidecar

    out = tmp_path / "quiet.txt"
    assert main(["generate", str(out), "--minutes", "1"]) == 0
    sidecar = read_sidecar(out)
    assert sidecar.time_zone == "America/New_York"
    found, _ = find_instrument(
        out, DEFAULT_INSTRUMENTS, instrument=None, tick_size=None, sidecar=sidecar
    )
    assert found.symbol == "ES 12-26"


def test_without_walls_the_truth_has_none(tmp_path: Path) -> None:
    for name, options in (("with", []), ("without", ["--no-walls"])):
        assert main(["generate", str(tmp_path / f"{name}.txt"), "--minutes", "6", *options]) == 0
    truths = [json.loads((tmp_path / f"{n}.truth.json").read_text()) for n in ("with", "without")]
    assert [bool(truth["walls"]) for truth in truths] == [True, False]


@pytest.mark.parametrize("name", ["out.csv", ".txt", "out.txt.rar"])
def test_an_unknown_ending_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["generate", str(tmp_path / name)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "old.txt"
    out.write_text("old")

    def broken(_: Generator) -> None:
        raise OSError(28, "No space left on device", str(out))

    monkeypatch.setattr(Generator, "lines", broken)
    assert main(["generate", str(out)]) == 2
    assert out.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]
