#!/usr/bin/env python3
"""Start Depthbridge: `python run.py` is the main job, `python run.py --help` lists the commands.

Needs nothing but Python itself. The first start makes a virtual environment in `.venv` and installs
the packages of requirements.txt into it; later starts need no network, until that file changes.
Then it hands over to `python -m depthbridge` there.

The syntax is kept readable for old Pythons, so that they can say what is missing.
"""

try:
    # Ctrl-C waits until main() answers it in one line. Not from signal, which takes its time.
    import _signal

    _signal.pthread_sigmask(_signal.SIG_BLOCK, [_signal.SIGINT])
except (ImportError, AttributeError):
    # Windows cannot hold it back: there it ends the program without a trace.
    import signal

    signal.signal(signal.SIGINT, signal.SIG_DFL)

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
LOCK = os.path.join(ROOT, ".venv.lock")
UNFINISHED = os.path.join(VENV, "unfinished")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))

NEEDS_DEVELOPMENT = ("test", "bench")
OLDEST = (3, 11)
NEWEST = (3, 14)


class StartError(Exception):
    """Ends the start with one clear line."""


def main():
    """Prepare the environment, then become the program."""
    try:
        answer_interrupts()
        check_python()
        files = ["requirements.txt"]
        if sys.argv[1:2] and sys.argv[1] in NEEDS_DEVELOPMENT:
            files.append("requirements-dev.txt")
        if not ready(files):
            prepare(files)
        return hand_over()
    except StartError as error:
        say(str(error))
        return 2
    except OSError as error:
        say("%s: %s" % (error.filename or ROOT, error.strerror))
        return 2
    except KeyboardInterrupt:
        say("stopped")
        return 130


def answer_interrupts():
    """From here on Ctrl-C is a KeyboardInterrupt, one that came during the imports included."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def say(line):
    """Tell the user, without disturbing what the program prints."""
    sys.stdout.flush()
    sys.stderr.write("depthbridge: %s\n" % line)
    sys.stderr.flush()


def check_python():
    """Refuse a Python that the packages do not exist for."""
    version = sys.version_info[:2]
    wanted = "Depthbridge needs 64-bit Python %d.%d to %d.%d" % (OLDEST + NEWEST)
    found = "%s is %d.%d" % (sys.executable, version[0], version[1])
    if version < OLDEST or version > NEWEST:
        raise StartError("%s; %s. Get one at https://www.python.org/downloads/" % (wanted, found))
    if sys.maxsize < 2**32:
        raise StartError(
            "%s; %s, 32-bit. Get one at https://www.python.org/downloads/" % (wanted, found)
        )


def ready(files):
    """Whether exactly these requirements were installed, by a Python that still exists."""
    if not os.path.exists(PYTHON) or os.path.exists(UNFINISHED) or not base_exists():
        return False
    try:
        with open(stamp(files)) as handle:
            return handle.read() == digest(files)
    except IOError:
        return False


def base_exists():
    """Whether the Python that the environment was made from is still installed."""
    try:
        with open(os.path.join(VENV, "pyvenv.cfg"), "rb") as handle:
            lines = handle.read().decode("utf-8", "replace").splitlines()
    except IOError:
        return False
    homes = [line.split("=", 1)[1].strip() for line in lines if line.startswith("home")]
    return bool(homes) and os.path.isdir(homes[0])


def stamp(files):
    """Where the digest of the installed requirements is kept."""
    return os.path.join(VENV, files[-1] + ".sha256")


def digest(files):
    """What must not have changed."""
    total = hashlib.sha256()
    for name in files:
        with open(os.path.join(ROOT, name), "rb") as handle:
            total.update(handle.read().replace(b"\r\n", b"\n"))
    return total.hexdigest()


def prepare(files):
    """Make the environment and install into it, one process at a time."""
    lock = open(LOCK, "a+")
    try:
        wait_for(lock)
        if not ready(files):
            create_environment()
            install(files)
    finally:
        lock.close()


def wait_for(lock):
    """Hold the lock until the file is closed."""
    told = False
    while not try_lock(lock):
        if not told:
            say("another start is installing the packages, waiting for it")
            told = True
        time.sleep(0.2)


def try_lock(lock):
    """Lock the file without waiting; the system lets go of it when the process ends."""
    try:
        if WINDOWS:
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (IOError, OSError):
        return False
    return True


def create_environment():
    """Make `.venv`, anew if it was left unfinished or lost its Python."""
    usable = os.path.exists(PYTHON) and base_exists() and not os.path.exists(UNFINISHED)
    if usable:
        return
    say("making the virtual environment in .venv (once)")
    command = [sys.executable, "-m", "venv", VENV]
    if not importable("ensurepip"):
        if not importable("pip"):
            raise StartError(
                "this Python has neither venv nor pip; on Debian and Ubuntu: "
                "sudo apt install python3-venv"
            )
        command.insert(3, "--without-pip")
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    os.mkdir(VENV)
    open(UNFINISHED, "w").close()
    if subprocess.call(command, stdout=sys.stderr) != 0:
        raise StartError("could not make %s; is the folder writable, the disk full?" % VENV)


def importable(module, python=sys.executable):
    """Whether that Python has the module."""
    with open(os.devnull, "w") as nothing:
        command = [python, "-c", "import %s" % module]
        return subprocess.call(command, stdout=nothing, stderr=nothing) == 0


def install(files):
    """Install the requirements; what fails half-way is started afresh next time."""
    say("installing the packages of %s (again only when they change)" % " and ".join(files))
    open(UNFINISHED, "w").close()
    command = [PYTHON, "-m", "pip"]
    if not importable("pip", PYTHON):
        command = [sys.executable, "-m", "pip", "--python", PYTHON]
    command += ["install", "--disable-pip-version-check", "--no-input"]
    for name in files:
        command += ["-r", os.path.join(ROOT, name)]
    if subprocess.call(command, stdout=sys.stderr, cwd=ROOT) != 0:
        os.remove(UNFINISHED)
        raise StartError(
            "could not install the packages (pip says above why); "
            "the first start needs a network, then start again"
        )
    for count in range(1, len(files) + 1):
        with open(stamp(files[:count]), "w") as handle:
            handle.write(digest(files[:count]))
    os.remove(UNFINISHED)


def hand_over():
    """Run the program in its environment; its exit code and its signals are ours."""
    environment = dict(os.environ)
    # Not the working directory: a folder of the user's may be named like one of our packages.
    paths = [ROOT] + [path for path in [environment.get("PYTHONPATH")] if path]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    command = [PYTHON, "-P", "-m", "depthbridge"] + sys.argv[1:]
    if not WINDOWS:
        sys.stdout.flush()
        # Python's own start would answer Ctrl-C with a trace; the program lets it through again.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        os.execve(PYTHON, command, environment)
    return wait_on_windows(command, environment)


def wait_on_windows(command, environment):
    """Ctrl-C and Ctrl-Break reach both processes; this one waits for the other to end."""
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    return subprocess.Popen(command, env=environment).wait()


if __name__ == "__main__":
    sys.exit(main())
