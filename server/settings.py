"""The configuration: one YAML file, the environment, and the defaults under both.

Precedence: default < file < environment < the publisher's ``hello.settings`` (analytics only).
An unknown key or a value out of range stops the start. Frozen after loading.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import time
from pathlib import Path
from typing import Annotated, Any, Final

import yaml

from market.enums import Source
from market.errors import SettingsError
from market.instrument import DEFAULT_INSTRUMENTS, Instrument, InstrumentTable
from market.session import SessionCalendar, SessionTemplate, calendar_for, templates_from
from orderbook import Parameters
from recording.hit_rates import HitRates
from server.aliases import renamed_keys, translated
from server.options import Option, build
from server.yaml_file import load_yaml

__all__ = [
    "ANALYTICS",
    "PRESETS",
    "BookSettings",
    "LoggingSettings",
    "RecordingSettings",
    "ServerSettings",
    "Settings",
    "default_log_file",
    "load_settings",
    "settings_from",
]

ANALYTICS: Final = ("clusters", "profile", "scores", "signals")
"""Sections that shape outputs; a publisher may override them with ``hello.settings``."""
PRESETS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "ninjatrader": {"profile": {"preset": "nt68"}},
}
"""``preset``: definitions as a platform has them; single keys of the file still win."""
_PREFIX: Final = "DEPTHBRIDGE_"
_FOUR_IN_THE_MORNING: Final = time(4)
_LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Section ``server``: sockets, limits, times."""

    host: Annotated[
        str, Option("address to listen on; any other than loopback needs a token and TLS")
    ] = "127.0.0.1"
    port: Annotated[int, Option("port to listen on; 0 takes a free one", low=0, high=65535)] = 8765
    token_file: Annotated[
        Path | None,
        Option(
            "file with the access token (at least 22 characters), or DEPTHBRIDGE_TOKEN; loopback "
            "needs none"
        ),
    ] = None
    login_hours: Annotated[
        float, Option("a browser's login lasts", low=0.01, high=8760, unit="hours")
    ] = 12.0
    login_attempts_per_minute: Annotated[
        int, Option("logins that an address may try", low=1, high=1000)
    ] = 5
    tls_certificate: Annotated[Path | None, Option("PEM file with the certificate chain")] = None
    tls_key: Annotated[Path | None, Option("PEM file with the private key")] = None
    allowed_origins: Annotated[
        tuple[str, ...],
        Option("web origins that may connect, besides the server's own: [https://desk.example]"),
    ] = ()
    allowed_hosts: Annotated[
        tuple[str, ...],
        Option("names under which the server is reached, besides localhost and its address"),
    ] = ()
    connections: Annotated[int, Option("WebSocket connections at once", low=1, high=10_000)] = 32
    connections_per_address: Annotated[int, Option("of one address", low=1, high=10_000)] = 8
    connection_instruments: Annotated[
        int, Option("instruments that one connection may publish", low=1, high=256)
    ] = 64
    messages_per_second: Annotated[
        int,
        Option(
            "messages of one connection, fragments and pings counted; above that it is closed "
            "with 4429",
            low=1,
            high=10**7,
        ),
    ] = 20_000
    message_fragments: Annotated[
        int, Option("frames of one message; more is closed with 4429", low=1, high=1 << 20)
    ] = 1024
    frame_bytes: Annotated[
        int, Option("largest message, as sent and decoded", low=4096, high=1 << 24, unit="bytes")
    ] = 1 << 20
    inbound_bytes: Annotated[
        int,
        Option(
            "queued from one connection; then reading pauses",
            low=1 << 16,
            high=1 << 30,
            unit="bytes",
        ),
    ] = 8 << 20
    outbox_bytes: Annotated[
        int,
        Option(
            "waiting for one connection; above that it counts as full",
            low=1 << 16,
            high=1 << 30,
            unit="bytes",
        ),
    ] = 4 << 20
    slow_client_s: Annotated[
        float,
        Option(
            "a client whose outbox stays full for so long is cut with 4408",
            low=0.1,
            high=3600,
            unit="seconds",
        ),
    ] = 10.0
    heartbeat_s: Annotated[
        float, Option("heartbeat interval, both ways", low=0.1, high=3600, unit="seconds")
    ] = 5.0
    silence_s: Annotated[
        float,
        Option(
            "a publisher that says nothing for so long makes its books stale",
            low=0.1,
            high=3600,
            unit="seconds",
        ),
    ] = 15.0
    absence_s: Annotated[
        float,
        Option("and after so long another session may publish", low=0.1, high=3600, unit="seconds"),
    ] = 30.0
    ack_frames: Annotated[
        int, Option("an ack follows after so many frames", low=1, high=100_000)
    ] = 64
    ack_ms: Annotated[
        float, Option("or after this time", low=1, high=10_000, unit="milliseconds")
    ] = 50.0
    ahead_minutes: Annotated[
        float,
        Option(
            "live event times further ahead of this computer's clock are refused, and those before "
            "the year 2000; 0 refuses none",
            low=0,
            high=100_000,
            unit="minutes",
        ),
    ] = 60.0
    sleep_s: Annotated[
        float,
        Option(
            "after standing still for so long, or a jump of the clock, live books are sent anew",
            low=1,
            high=3600,
            unit="seconds",
        ),
    ] = 5.0
    ping_interval_s: Annotated[
        float, Option("WebSocket ping interval", low=0.1, high=3600, unit="seconds")
    ] = 10.0
    ping_timeout_s: Annotated[
        float,
        Option(
            "a ping unanswered for so long ends the connection", low=0.1, high=3600, unit="seconds"
        ),
    ] = 10.0
    request_s: Annotated[
        float,
        Option(
            "an HTTP request, or a handshake, must be whole within",
            low=0.1,
            high=600,
            unit="seconds",
        ),
    ] = 5.0
    http_connections: Annotated[
        int,
        Option(
            "HTTP connections at once; then the one that waited longest makes room",
            low=1,
            high=10_000,
        ),
    ] = 128
    http_connections_per_address: Annotated[int, Option("of one address", low=1, high=10_000)] = 64
    header_bytes: Annotated[
        int, Option("request line and header fields together", low=1024, high=1 << 20, unit="bytes")
    ] = 16_384
    header_fields: Annotated[int, Option("header fields of a request", low=8, high=10_000)] = 100
    request_line_bytes: Annotated[
        int, Option("method, path and query", low=256, high=1 << 20, unit="bytes")
    ] = 8192
    display_timezone: Annotated[
        str, Option("IANA zone of times on the status page; everything inside is UTC")
    ] = "UTC"
    debug: Annotated[
        bool, Option("check the book after each batch and log stage timings (DebugMode)")
    ] = False


@dataclass(frozen=True, slots=True)
class RecordingSettings:
    """Section ``recording``: the journal."""

    enabled: Annotated[
        bool, Option("write the journal; off: an ack means applied, not recorded")
    ] = True
    folder: Annotated[
        Path | None,
        Option(
            "where journals lie; null: %LOCALAPPDATA%\\Depthbridge\\recordings on Windows, else "
            "~/.local/share/depthbridge/recordings"
        ),
    ] = None
    segment_mb: Annotated[
        float, Option("a segment ends at this size", low=0.01, high=4096, unit="MiB")
    ] = 64.0
    segment_minutes: Annotated[
        float, Option("or at this age", low=0.01, high=1440, unit="minutes")
    ] = 60.0
    resume_hours: Annotated[
        float,
        Option("a start goes on with journals that are younger", low=0, high=8760, unit="hours"),
    ] = 96.0
    sync_ms: Annotated[
        float,
        Option(
            "written entries are brought to disk this often",
            low=10,
            high=60_000,
            unit="milliseconds",
        ),
    ] = 100.0
    compact_at: Annotated[
        time | None,
        Option("local time at which closed days become Parquet, one file a day; null: never"),
    ] = _FOUR_IN_THE_MORNING
    keep_gb: Annotated[
        float | None,
        Option(
            "after compaction the oldest compacted days are deleted until no more is left; pinned "
            "ones stay",
            low=0,
            high=10**6,
            unit="GB",
        ),
    ] = None
    keep_days: Annotated[
        int | None,
        Option("and those older than this", low=0, high=36_500, unit="days"),
    ] = None
    hit_rates: Annotated[
        Path | None,
        Option("hit rates of the signals' rules on earlier recordings, for their confidence"),
    ] = None


@dataclass(frozen=True, slots=True)
class LoggingSettings:
    """Section ``logging``: what is said about the run."""

    config: Annotated[
        Path | None, Option("a logging.config.dictConfig file; null: log_conf.yaml")
    ] = None
    level: Annotated[str, Option("of the program's own messages", choices=_LEVELS)] = "info"
    file: Annotated[
        Path | None,
        Option("also log into this file; at 10 MiB it begins anew, five older ones are kept"),
    ] = None


@dataclass(frozen=True, slots=True)
class BookSettings:
    """Section ``book``: how books are built."""

    depth_levels: Annotated[
        int, Option("rows per side of an instrument that declares none", low=1, high=100)
    ] = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the process is told at its start.

    Attributes:
        analytics: the sections ``clusters``, ``profile``, ``scores``, ``signals``.
        rates: hit rates of ``recording.hit_rates``.
        templates: session templates by name.
        notes: what should be changed in the configuration, in words.
    """

    server: ServerSettings = field(default_factory=ServerSettings)
    recording: RecordingSettings = field(default_factory=RecordingSettings)
    logging: LoggingSettings = field(default_factory=LoggingSettings)
    book: BookSettings = field(default_factory=BookSettings)
    analytics: Parameters = field(default_factory=Parameters)
    instruments: InstrumentTable = DEFAULT_INSTRUMENTS
    rates: HitRates = field(default_factory=HitRates)
    templates: Mapping[str, SessionTemplate] = field(default_factory=lambda: templates_from({}))
    notes: tuple[str, ...] = ()

    @property
    def config_hash(self) -> str:
        """Hash of the analytics settings: what two outputs must share to be compared."""
        return self.analytics.config_hash

    @property
    def recordings_folder(self) -> Path:
        """Where journals lie."""
        return self.recording.folder or default_recordings_folder()

    def parameters(self, overrides: Mapping[str, Any]) -> Parameters:
        """The analytics settings with a publisher's over them.

        Raises:
            SettingsError: an unknown key or a value out of range.
        """
        return self.analytics.overridden(translated(overrides, _RENAMED)[0])

    def informed(
        self, parameters: Parameters, instrument: Instrument, source: Source
    ) -> Parameters:
        """Parameters with what is known of an instrument and source: its hit rates."""
        return self.rates.informed(parameters, instrument, source)

    def calendar(self, template: str) -> SessionCalendar:
        """The calendar of a session template, the user's own included."""
        return calendar_for(template, self.templates)


_SECTIONS: Final[dict[str, Any]] = {
    "server": ServerSettings,
    "recording": RecordingSettings,
    "logging": LoggingSettings,
    "book": BookSettings,
}
_RENAMED: Final = renamed_keys(
    _SECTIONS, {name: type(getattr(Parameters(), name)) for name in ANALYTICS}
)
_ALL: Final = (
    "preset",
    "server",
    "instruments",
    "sessions",
    "book",
    *ANALYTICS,
    "recording",
    "logging",
)


def load_settings(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
) -> Settings:
    """Read the configuration.

    Args:
        path: the YAML file; None: defaults and environment only.
        environment: variables; None: this process's.
        overrides: section to key to value, laid over all (command-line options).

    Raises:
        SettingsError: ``key`` is the path of what is wrong, ``allowed`` what may stand there.
        FileFormatError: the file of hit rates is none.
    """
    values, notes = translated(_from_file(path) if path is not None else {}, _RENAMED)
    variables = os.environ if environment is None else environment
    upper, more = translated(_from_environment(variables), _RENAMED)
    _lay_over(values, upper)
    _lay_over(values, overrides or {})
    return replace(settings_from(values), notes=(*notes, *more))


def settings_from(values: Mapping[str, Any]) -> Settings:
    """Settings from nested mappings, checked. Raises as :func:`load_settings`."""
    _require_known(values, _ALL, "")
    templates = templates_from(_section(values, "sessions"))
    built = {name: build(kind, _section(values, name), name) for name, kind in _SECTIONS.items()}
    analytics = Parameters.from_mapping(_preset(values.get("preset")))
    analytics = analytics.overridden({name: _section(values, name) for name in ANALYTICS})
    instruments = DEFAULT_INSTRUMENTS.with_settings(_section(values, "instruments"))
    for root in instruments.roots:
        found = instruments.resolve(root)
        if found is not None:
            calendar_for(found.session, templates)
    rates = built["recording"].hit_rates
    return Settings(
        analytics=analytics,
        rates=HitRates() if rates is None else HitRates.read(rates),
        instruments=instruments,
        templates=templates,
        **built,
    )


def _preset(name: object) -> Mapping[str, Mapping[str, Any]]:
    if name is None:
        return {}
    if not isinstance(name, str) or name not in PRESETS:
        allowed = ", ".join(PRESETS)
        raise SettingsError(
            f"preset is {name!r}; allowed: {allowed} or null", key="preset", allowed=allowed
        )
    return PRESETS[name]


def default_recordings_folder() -> Path:
    """The user's data folder."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(base) / "Depthbridge" / "recordings"
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "depthbridge" / "recordings"


def default_log_file(settings: Settings) -> Path:
    """Where a server that nobody watches logs to: beside its recordings."""
    return settings.logging.file or settings.recordings_folder.parent / "logs" / "depthbridge.log"


def _from_file(path: Path) -> dict[str, Any]:
    try:
        values = load_yaml(path.read_text(encoding="utf-8"), f"the configuration {path}")
    except OSError as cause:
        raise SettingsError(
            f"the configuration {path} cannot be read: {cause.strerror}", key=str(path)
        ) from cause
    except (yaml.YAMLError, UnicodeDecodeError) as cause:
        reason = " ".join(str(cause).split())
        raise SettingsError(
            f"the configuration {path} is not YAML: {reason}", key=str(path)
        ) from cause
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise SettingsError(f"the configuration {path} must hold sections", key=str(path))
    return values


def _from_environment(variables: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """``DEPTHBRIDGE_<SECTION>_<KEY>``, the value as YAML. Other variables are not ours."""
    names = _names()
    values: dict[str, dict[str, Any]] = {}
    for name in sorted(variables):
        if not name.startswith(_PREFIX):
            continue
        section, _, key = name.removeprefix(_PREFIX).lower().partition("_")
        if key and section in names:
            try:
                value = load_yaml(variables[name], name)
            except yaml.YAMLError as cause:
                raise SettingsError(
                    f"{name} is not a YAML value", key=f"{section}.{key}"
                ) from cause
            values.setdefault(section, {})[names[section].get(key, key)] = value
    return values


def _names() -> dict[str, dict[str, str]]:
    """By section, each key in lower case to how it is spelt; variables have no case."""
    parameters = {name: type(getattr(Parameters(), name)) for name in ANALYTICS}
    names = {
        section: {item.name.lower(): item.name for item in fields(owner)}
        for section, owner in {**_SECTIONS, **parameters}.items()
    }
    for old in _RENAMED:
        section, _, key = old.partition(".")
        names.setdefault(section, {}).setdefault(key.lower(), key)
    return names


def _lay_over(values: dict[str, Any], upper: Mapping[str, Mapping[str, Any]]) -> None:
    for section, keys in upper.items():
        merged = dict(_section(values, section))
        merged.update(keys)
        values[section] = merged


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = values.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict) or not all(isinstance(key, str) for key in section):
        raise SettingsError(f"{name} must hold keys with values", key=name, allowed="a mapping")
    return section


def _require_known(values: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key in values:
        if key not in known:
            raise SettingsError(
                f"{path}{key} is not a section; allowed: {', '.join(known)}",
                key=f"{path}{key}",
                allowed=", ".join(known),
            )
