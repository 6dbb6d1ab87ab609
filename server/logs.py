"""Logging: a standard ``dictConfig`` file, and the formatter that writes one JSON object a line."""

import logging
import logging.config
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
import yaml

from market.errors import SettingsError

__all__ = ["DEFAULT_CONFIG", "JsonLines", "configure_logging"]

_SHIPPED: Final = Path(__file__).parents[1] / "log_conf.yaml"

DEFAULT_CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "server.logs.JsonLines"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stderr",
            "formatter": "json",
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
    "message",
    "taskName",
}


class JsonLines(logging.Formatter):
    """A JSON object a line: time (ISO 8601 UTC), level, logger, event, then what ``extra`` gave."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging(path: Path | None, level: str) -> None:
    """Set up logging from a ``dictConfig`` file, the shipped one by default.

    Args:
        path: a YAML file; None takes the shipped one.
        level: of the program's own loggers.

    Raises:
        SettingsError: the file cannot be read, or is no such configuration.
    """
    chosen = path or (_SHIPPED if _SHIPPED.exists() else None)
    config: Any = DEFAULT_CONFIG
    if chosen is not None:
        try:
            config = yaml.safe_load(chosen.read_text(encoding="utf-8"))
        except (OSError, yaml.YAMLError, UnicodeDecodeError) as cause:
            raise _refused(chosen, cause) from cause
    try:
        logging.config.dictConfig(config)
    except (ValueError, TypeError, AttributeError, ImportError, KeyError, OSError) as cause:
        raise _refused(chosen, cause) from cause
    logging.getLogger("depthbridge").setLevel(level.upper())


def _refused(path: Path | None, cause: Exception) -> SettingsError:
    reason = " ".join(str(cause).split())
    return SettingsError(
        f"logging.config: {path} is no logging configuration: {reason}",
        key="logging.config",
        allowed="a YAML file for logging.config.dictConfig",
    )
