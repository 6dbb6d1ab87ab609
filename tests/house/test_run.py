"""run.py as a user meets it: fresh folders, awkward paths, no network, two at once, signals."""

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.waiting import PATIENCE_S

PROGRAM = """
import signal, sys
import tinydep

words = sys.argv[1:]
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
if words[:1] == ["exit"]:
    sys.exit(int(words[1]))
if words[:1] == ["wait"]:
    try:
        print("ready", flush=True)
        signal.pause()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
if words[:1] == ["dev"] or words[:1] == ["test"]:
    import tinydevdep
print("hello", tinydep.VERSION, words)
"""

COME = "__import__('os').kill(__import__('os').getpid(), 2); "


def make_wheel(folder: Path, name: str, version: str) -> Path:
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in (files | {f"{info}/RECORD": record}).items():
            wheel.writestr(file, text)
    return path


class Copy:
    """A small project around the real run.py, in a folder as users have them."""

    def __init__(self, folder: Path, run_py: Path) -> None:
        self.folder = folder
        (folder / "depthbridge").mkdir(parents=True)
        (folder / "wheels").mkdir()
        shutil.copy(run_py, folder)
        (folder / "depthbridge" / "__init__.py").touch()
        (folder / "depthbridge" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
        self.require("1.0")
        self._write("requirements-dev.txt", make_wheel(folder / "wheels", "tinydevdep", "1.0"))

    def require(self, version: str) -> None:
        self._write("requirements.txt", make_wheel(self.folder / "wheels", "tinydep", version))

    def _write(self, name: str, wheel: Path) -> None:
        text = f"./wheels/{wheel.name}\n"
        (self.folder / name).write_text(text, encoding="utf-8")

    def command(self, *words: str) -> list[str]:
        return [sys.executable, str(self.folder / "run.py"), *words]

    def start(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=cwd,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            check=False,
        )


def environment() -> dict[str, str]:
    """No package index can be reached: what works, works without a network."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "PYTHON"))}
    unreachable = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_INDEX": "1"}
    return kept | unreachable | {"PYTHONUTF8": "1", "PIP_CONFIG_FILE": os.devnull}


@pytest.fixture(scope="module")
def copy(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Started once, so its environment stands."""
    fresh = Copy(tmp_path_factory.mktemp("Über uns") / "Depth bridge", root / "run.py")
    first = fresh.start("exit", "0")
    assert first.returncode == 0, first.stderr
    assert "making the virtual environment" in first.stderr
    return fresh


@pytest.fixture
def run_py(root: Path) -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("run_py_under_test", root / "run.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    before = signal.getsignal(signal.SIGINT)
    spec.loader.exec_module(module)
    module.answer_interrupts()
    yield module
    signal.signal(signal.SIGINT, before)


def test_a_later_start_installs_nothing_and_prints_only_what_the_program_prints(copy: Copy) -> None:
    done = copy.start("a b", "ü")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "hello 1.0 ['a b', 'ü']\n"


def test_exit_codes_pass_through(copy: Copy) -> None:
    assert copy.start("exit", "42").returncode == 42


def test_it_works_from_any_folder_even_one_full_of_our_names(copy: Copy, tmp_path: Path) -> None:
    for name in ("depthbridge", "tinydep"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong one')")
    done = copy.start("x", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "hello 1.0 ['x']\n")


def test_test_and_bench_need_more_packages(copy: Copy) -> None:
    assert copy.start("dev").returncode == 1, "not installed by an ordinary start"
    done = copy.start("test")
    assert done.returncode == 0, done.stderr
    assert "requirements-dev.txt" in done.stderr
    assert copy.start("test").stderr == ""
    assert copy.start("x").stderr == ""


def test_changed_requirements_are_installed(copy: Copy) -> None:
    copy.require("2.0")
    done = copy.start("x")
    assert "installing the packages" in done.stderr
    assert done.stdout == "hello 2.0 ['x']\n"
    copy.require("1.0")
    assert copy.start("x").stdout == "hello 1.0 ['x']\n"


def test_line_endings_of_a_checkout_are_no_change(copy: Copy) -> None:
    path = copy.folder / "requirements.txt"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert copy.start("x").stderr == ""


def test_without_a_network_the_first_start_says_so_and_the_next_one_tries_again(
    copy: Copy,
) -> None:
    path = copy.folder / "requirements.txt"
    good = path.read_bytes()
    path.write_text("a-package-that-nobody-has==1.0\n")
    done = copy.start("x")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("depthbridge: could not install the packages")
    assert "Traceback" not in done.stderr
    path.write_bytes(good)
    assert copy.start("x").returncode == 0


def test_what_was_interrupted_is_made_anew(copy: Copy) -> None:
    left_over = copy.folder / ".venv" / "left over"
    left_over.touch()
    (copy.folder / ".venv" / "unfinished").touch()
    done = copy.start("x")
    assert done.returncode == 0, done.stderr
    assert "making the virtual environment" in done.stderr
    assert not left_over.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(
    copy: Copy, run_py: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_py, "VENV", str(copy.folder / ".venv"))
    assert run_py.base_exists()
    config = copy.folder / ".venv" / "pyvenv.cfg"
    text = config.read_text()
    config.write_text(text.replace("home = ", "home = /nowhere"))
    assert not run_py.base_exists()
    config.write_text(text)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_signals_reach_the_program(copy: Copy, number: int, code: int) -> None:
    process = subprocess.Popen(
        copy.command("wait"), env=environment(), stdout=subprocess.PIPE, encoding="utf-8"
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(PATIENCE_S) == code


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("line", ["import hashlib", "answer_interrupts()", "return hand_over()"])
def test_an_interrupt_before_the_program_takes_over_is_answered_in_one_line(
    copy: Copy, tmp_path: Path, line: str
) -> None:
    """During an import, at the first moment of main(), and at the last."""
    text = (copy.folder / "run.py").read_text(encoding="utf-8")
    at = text.index(line)
    interrupted = tmp_path / "run.py"
    interrupted.write_text(text[:at] + COME + text[at:], encoding="utf-8")
    for part in ("requirements.txt", ".venv"):
        (tmp_path / part).symlink_to(copy.folder / part)
    done = subprocess.run(
        [sys.executable, str(interrupted), "exit", "0"],
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "depthbridge: stopped\n")


def test_two_first_starts_at_once_install_once(root: Path, tmp_path: Path) -> None:
    fresh = Copy(tmp_path / "zwei auf einmal", root / "run.py")
    both = [
        subprocess.Popen(
            fresh.command("x"),
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    results = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], results
    assert [out for out, _ in results] == ["hello 1.0 ['x']\n"] * 2
    assert sum("making the virtual environment" in err for _, err in results) == 1


def test_an_old_python_can_read_the_file_and_says_what_is_missing(
    run_py: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 10))
    assert run_py.main() == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "needs 64-bit Python 3.11 to 3.14" in error
    assert "is 3.8" in error


def test_the_syntax_is_old(root: Path) -> None:
    new = (
        ast.JoinedStr,
        ast.AnnAssign,
        ast.NamedExpr,
        ast.Match,
        ast.AsyncFunctionDef,
    )
    for node in ast.walk(ast.parse((root / "run.py").read_text(encoding="utf-8"))):
        assert not isinstance(node, new), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.args, node.args.vararg, node.args.kwarg]
            assert not node.args.kwonlyargs
            assert not node.args.posonlyargs
            assert node.returns is None
            assert all(argument.annotation is None for argument in every if argument)


def test_only_the_standard_library_is_imported(root: Path) -> None:
    tree = ast.parse((root / "run.py").read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported
    assert imported <= sys.stdlib_module_names
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]


def test_a_python_without_venv_is_told_what_to_install(
    run_py: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ROOT", "VENV"):
        monkeypatch.setattr(run_py, name, str(tmp_path / name))
    monkeypatch.setattr(run_py, "PYTHON", str(tmp_path / "no python"))
    monkeypatch.setattr(run_py, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(run_py, "importable", lambda *_: False)
    monkeypatch.setattr(sys, "argv", ["run.py"])
    assert run_py.main() == 2
    assert "sudo apt install python3-venv" in capsys.readouterr().err.splitlines()[-1]


def test_on_windows_the_exit_code_comes_back_from_the_child(run_py: ModuleType) -> None:
    before = signal.getsignal(signal.SIGINT)
    command = [sys.executable, "-c", "raise SystemExit(7)"]
    assert run_py.wait_on_windows(command, dict(os.environ)) == 7
    assert signal.getsignal(signal.SIGINT) is not before, "Ctrl-C is left to the child"


def test_the_batch_file_knows_the_same_pythons(root: Path, run_py: ModuleType) -> None:
    text = (root / "Depthbridge.bat").read_text(encoding="ascii")
    first, last = run_py.OLDEST[1], run_py.NEWEST[1]
    listed = text.split("for %%V in (")[1].split(")")[0].split()
    assert {f"3.{minor}" for minor in range(first, last + 1)} == set(listed)
    assert '"%~dp0run.py" %*' in text
    attributes = (root / ".gitattributes").read_text(encoding="utf-8")
    assert "*.bat text eol=crlf" in attributes
