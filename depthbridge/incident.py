"""One ZIP with what is needed to understand what happened, and nothing secret.

Works beside a running server and after it has died: everything is read from files, and the running
server is asked for its health only.
"""

import csv
import io
import json
import platform
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import yaml

from depthbridge.outputs import replacing
from depthbridge.redaction import Redactor
from depthbridge.version import VERSION
from market.errors import UsageError
from recording.slices import COLUMNS, Slice, moments, newest_time, slices, timeline_rows
from server.settings import Settings, default_log_file

__all__ = ["bridge_log", "duration", "write_incident"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_NS: Final = 1_000_000_000
_MOST_ROWS: Final = 200_000
_OLD_LOGS: Final = 5
_LOG_BYTES: Final = 20 << 20
_HEALTH_S: Final = 3
_DOCUMENTS: Final = ("Documents", "OneDrive/Documents")
_README: Final = """\
What happened on a Depthbridge server, for whoever has to find out why.

versions.json        Depthbridge, Python, packages, operating system
configuration.yaml   the configuration in force; secrets and the places of keys are taken out
health.json          what the running server said of itself, or why it did not answer
log/                 the log file's lines since {since}, secrets taken out
log/ninjatrader/     the same of the bridge, from NinjaTrader's folder
timeline.csv         both sides in the order of time. A line for each entry that was received since
                     then: when it was received, which numbers, event time, when the publisher sent
                     it; phases, gaps, sessions. At most {most:,} lines for each journal, the newest
                     ones. And one for each event of the bridge's log, with the time of its clock
journal/             whole segments that hold these minutes, each beginning with the state that it
                     carries: python run.py journal verify FOLDER, python run.py replay FOLDER

Time span: {since} to {until} (the newest entry, or now).
{notes}"""


def duration(text: str) -> int:
    """``10m``, ``90s``, ``1h`` as ns.

    Raises:
        UsageError: none of these.
    """
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    if found is None or not int(found[1]):
        raise UsageError(f"--last {text}: give a time such as 90s, 10m or 1h")
    return int(found[1]) * _UNITS[found[2]] * _NS


def bridge_log(folder: Path | None) -> Path:
    """The log file that the bridge keeps in NinjaTrader's folder.

    Args:
        folder: of NinjaTrader; None: the usual one.

    Raises:
        UsageError: a folder that is not there.
    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"--ninjatrader {folder} is no folder", code="no_folder")
    usual = [Path.home() / part / "NinjaTrader 8" for part in _DOCUMENTS]
    found = folder or next((path for path in usual if path.is_dir()), usual[0])
    return found / "depthbridge" / "bridge.log"


def write_incident(
    out: Path, settings: Settings, last: int, environment: dict[str, str], bridge: Path
) -> None:
    """Write the ZIP and print what is in it.

    Args:
        out: the file.
        settings: of the server.
        last: how much time before the newest entry, ns.
        environment: variables of the process.
        bridge: log file of the bridge; it may be absent.

    Raises:
        EnvironmentFault: the file cannot be written.
    """
    folder = settings.recordings_folder
    newest = newest_time(folder) if folder.is_dir() else 0
    until = newest or time.time_ns()
    since = until - last
    redactor = Redactor(settings, environment)
    with (
        replacing(out) as part,
        zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive,
    ):
        notes = list(_write_files(archive, settings, redactor, since, bridge))
        readme = _README.format(
            since=_when(since), until=_when(until), most=_MOST_ROWS, notes="\n".join(notes)
        )
        archive.writestr("README.txt", redactor.text(readme))
        for info in archive.infolist():
            print(f"{info.file_size:>12,}  {info.filename}")
    for note in notes:
        print(redactor.text(note))
    print(f"{out}: {out.stat().st_size / 2**20:,.1f} MiB")


def _write_files(
    archive: zipfile.ZipFile, settings: Settings, redactor: Redactor, since: int, bridge: Path
) -> Iterator[str]:
    """Everything but the README; yields what its reader should know."""

    def put(name: str, text: str) -> None:
        archive.writestr(name, redactor.text(text))

    put("versions.json", json.dumps(_versions(), indent=1) + "\n")
    put("configuration.yaml", yaml.safe_dump(redactor.configuration(), sort_keys=False))
    put("health.json", json.dumps(_health(settings, redactor), indent=1) + "\n")
    yield from _write_logs(archive, settings, redactor, since)
    told = _lines(bridge, since)
    if told:
        put(f"log/ninjatrader/{bridge.name}", "".join(f"{line}\n" for line in told))
    else:
        yield f"nothing of the bridge: {bridge} has no line of these minutes (--ninjatrader DIR)"
    folder = settings.recordings_folder
    found = list(slices(folder, since)) if folder.is_dir() else []
    rows = [row for part in found for row in timeline_rows(part, moments(part, since, _MOST_ROWS))]
    rows += filter(None, map(_bridge_row, told))
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *sorted(rows, key=itemgetter(0))])
    put("timeline.csv", text.getvalue())
    if not found:
        yield f"nothing was recorded in {folder}"
    for part in found:
        yield from _write_slice(archive, part, redactor)


def _write_slice(archive: zipfile.ZipFile, part: Slice, redactor: Redactor) -> Iterator[str]:
    if part.fault:
        yield f"damaged: {part.fault}"
    for path, size in part.segments:
        with path.open("rb") as file:
            data = file.read(size)
        name = f"journal/{part.stream.source}/{part.stream.name}/{path.parent.name}/{path.name}"
        if redactor.holds_secret(data):
            yield f"left out, because it holds a secret: {name}"
        else:
            archive.writestr(name, data)


def _write_logs(
    archive: zipfile.ZipFile, settings: Settings, redactor: Redactor, since: int
) -> Iterator[str]:
    for file in dict.fromkeys(_log_files(settings)):
        if not file.is_file():
            yield f"the log file {file} is not there: set logging.file, then the next one is"
            continue
        lines = "".join(f"{line}\n" for line in _lines(file, since))
        archive.writestr(f"log/{file.name}", redactor.text(lines))


def _lines(file: Path, since: int) -> list[str]:
    """Lines of a log since a time, from the files before it on."""
    older = (file.with_name(f"{file.name}.{n}") for n in range(_OLD_LOGS, 0, -1))
    there = [path for path in (*older, file) if path.is_file()]
    return [line for path in there for line in _tail(path) if _since(line, since)]


def _bridge_row(line: str) -> list[str] | None:
    """An event of the bridge as a line of the timeline; None: it is none."""
    try:
        told = json.loads(line)
        moment = datetime.fromisoformat(told["time"]).astimezone(UTC)
        what = f"{told['number']}: {told['event']}"
    except (ValueError, KeyError, TypeError):
        return None
    if told.get("detail"):
        what += f" ({told['detail']})"
    time = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond * 1000:09d}Z"
    return [time, "", "", "bridge", "", "", "", "", what]


def _log_files(settings: Settings) -> Iterator[Path]:
    """Files that the configuration of logging names."""
    logging = settings.logging
    yield logging.file or default_log_file(settings)
    if logging.config is None:
        return
    try:
        config: Any = yaml.safe_load(logging.config.read_text(encoding="utf-8"))
        handlers = config["handlers"].values()
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        return  # the server's own start says what is wrong with it
    for handler in handlers:
        if isinstance(handler, dict) and isinstance(handler.get("filename"), str):
            yield Path(handler["filename"])


def _tail(path: Path) -> list[str]:
    """The last lines of a file, at most 20 MiB of it."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _LOG_BYTES))
        lines = file.read().decode("utf-8", "replace").splitlines()
    return lines[1:] if size > _LOG_BYTES else lines


def _since(line: str, since: int) -> bool:
    """Whether a line was written since then; one that does not say when belongs to those around."""
    try:
        moment = datetime.fromisoformat(json.loads(line)["time"])
    except (ValueError, KeyError, TypeError):
        return True
    return moment.timestamp() * _NS >= since


def _health(settings: Settings, redactor: Redactor) -> Any:  # noqa: ANN401 - JSON
    """What the running server answers, or why it does not."""
    server = settings.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)
    secure = server.tls_certificate is not None
    context = ssl._create_unverified_context() if secure else None
    url = f"{'https' if secure else 'http'}://{host}:{server.port}/health"
    request = urllib.request.Request(url)
    if redactor.token:
        request.add_header("Authorization", f"Bearer {redactor.token}")
    try:
        with urllib.request.urlopen(request, timeout=_HEALTH_S, context=context) as answer:
            return json.loads(answer.read(1 << 20))
    except urllib.error.HTTPError as error:
        return {"error": f"{url} answered {error.code}"}
    except (OSError, ValueError) as error:
        return {"error": f"no server answers at {url}: {error}"}


def _versions() -> dict[str, Any]:
    packages = {item.metadata["Name"]: item.version for item in metadata.distributions()}
    return {
        "depthbridge": VERSION,
        "python": sys.version,
        "system": platform.platform(),
        "machine": platform.machine(),
        "packages": dict(sorted(packages.items())),
    }


def _when(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // _NS, UTC):%Y-%m-%d %H:%M:%S} UTC"
