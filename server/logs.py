"""Logging: a standard ``dictConfig`` file, JSON lines, and the file that ``logging.file`` adds.

:class:`server.loglimit.RateLimit` bounds all of it.
"""

import logging
import logging.config
import logging.handlers
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from market.errors import SettingsError
from server.loglimit import RateLimit
from server.yaml_file import load_yaml

__all__ = ["DEFAULT_CONFIG", "JsonLines", "configure_logging", "log_file"]

_SHIPPED: Final = Path(__file__).parents[1] / "log_conf.yaml"

DEFAULT_CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "server.logs.JsonLines"}},
    "filters": {
        "limit": {
            "()": "server.loglimit.RateLimit",
            "burst": 20,
            "per_second": 1,
            "templates": {"stages": 50},
        }
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "json",
            "filters": ["limit"],
        }
    },
    "loggers": {
        "depthbridge": {"level": "INFO"},
        "uvicorn": {"level": "WARNING", "handlers": [], "propagate": True},
        "uvicorn.access": {"level": "WARNING", "handlers": [], "propagate": True},
        "uvicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
    },
    "root": {"level": "INFO", "handlers": ["stderr"]},
}
"""What ``log_conf.yaml`` says; for an installation without that file."""

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {
    "asctime",
    "color_message",
    "limited",
    "message",
    "taskName",
}


_LONGEST: Final = 4096
"""Characters of a text in a line; a peer may have chosen it."""
_FILE_BYTES: Final = 10 << 20
_FILES: Final = 5


class JsonLines(logging.Formatter):
    """A JSON object a line: time (ISO 8601 UTC), level, logger, event, then what ``extra`` gave.

    A text longer than 4,096 characters is cut; of a traceback the end is kept.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage()[:_LONGEST],
        }
        line |= {key: _cut(value) for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)[-_LONGEST:]
        return orjson.dumps(line, default=str).decode()


def _cut(value: object) -> object:
    return value[:_LONGEST] if isinstance(value, str) else value


def configure_logging(path: Path | None, level: str, file: Path | None = None) -> None:
    """Set up logging from a ``dictConfig`` file, the shipped one by default.

    Args:
        path: a YAML file; None takes the shipped one.
        level: of the program's own loggers.
        file: gets every line too.

    Raises:
        SettingsError: a file cannot be read or written, or is no such configuration.
    """
    chosen = path or (_SHIPPED if _SHIPPED.exists() else None)
    config: Any = DEFAULT_CONFIG
    if chosen is not None:
        try:
            config = load_yaml(chosen.read_text(encoding="utf-8"), f"logging.config: {chosen}")
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as cause:
            raise _refused(chosen, cause) from cause
    try:
        logging.config.dictConfig(config)
    except (ValueError, TypeError, AttributeError, ImportError, KeyError, OSError) as cause:
        raise _refused(chosen, cause) from cause
    logging.getLogger("depthbridge").setLevel(level.upper())
    if file is not None:
        logging.getLogger().addHandler(log_file(file, config))


def log_file(file: Path, config: Mapping[str, Any] = DEFAULT_CONFIG) -> logging.Handler:
    """A handler that begins anew at 10 MiB and keeps five older files: 60 MiB, whatever happens.

    Args:
        file: where to; its folder is made.
        config: whose filter ``limit`` it shares, if there is one.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=_FILE_BYTES, backupCount=_FILES, encoding="utf-8"
        )
    except OSError as cause:
        raise SettingsError(
            f"logging.file: {file} cannot be written: {cause.strerror}", key="logging.file"
        ) from cause
    handler.setFormatter(JsonLines())
    facts = dict(config.get("filters", {}).get("limit", {}))
    if facts.pop("()", None) == "server.loglimit.RateLimit":
        handler.addFilter(RateLimit(**facts))
    return handler


def _refused(path: Path | None, cause: Exception) -> SettingsError:
    reason = " ".join(str(cause).split())
    return SettingsError(
        f"logging.config: {path} is no logging configuration: {reason}",
        key="logging.config",
        allowed="a YAML file for logging.config.dictConfig",
    )
