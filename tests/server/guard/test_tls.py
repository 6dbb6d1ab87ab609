"""TLS with certificates that the test makes with the openssl program."""

import asyncio
import logging
import shutil
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from client import Publisher
from market.errors import SettingsError
from market.instrument import DEFAULT_INSTRUMENTS
from server.guard.tls import certificate_end, tls_context
from server.run import ServerProcess
from server.settings import settings_from
from tests.waiting import PATIENCE_S

TOKEN = "a-token-of-more-than-128-bits"
OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="the openssl program is not installed")


def make(folder: Path, name: str = "server", *arguments: str) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, and its key."""
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    words = [
        *(str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-keyout", str(key), "-out", str(certificate), "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *(arguments or ("-nodes", "-days", "30")),
    ]
    subprocess.run(words, check=True, capture_output=True, timeout=60)
    key.chmod(0o600)
    return certificate, key


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


@pytest.fixture
async def secure(serve: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DEPTHBRIDGE_TOKEN", TOKEN)
    certificate, key = make(tmp_path)
    files = {"tls_certificate": str(certificate), "tls_key": str(key)}
    server = await serve(server={**files, "request_s": 1.0})
    server.certificate = certificate
    return server


async def test_https_and_wss(secure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secure.process.url.startswith("https://127.0.0.1:")
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        base_url=secure.process.url, verify=trusting(secure.certificate)
    ) as http:
        assert (await http.get("/health", headers=bearer)).json()["status"] == "ok"
        origin = {"Origin": secure.process.url}
        answer = await http.post("/login", data={"token": TOKEN}, headers=origin)
        assert "secure" in answer.headers["set-cookie"].lower()
        assert (await http.get("/")).status_code == 200
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificate))
    instrument = DEFAULT_INSTRUMENTS.resolve("ES 12-26")
    assert instrument is not None
    url = f"wss://127.0.0.1:{secure.process.port}/ws"
    async with Publisher(url, [instrument], source="live", token=TOKEN) as publisher:
        await publisher.flush()
        assert secure.runtime.connections == 1


async def test_a_stranger_does_not_trust_it(secure: Any) -> None:
    with pytest.raises(ssl.SSLError):
        async with connect(f"wss://127.0.0.1:{secure.process.port}/ws"):
            pass


async def test_plain_http_to_the_tls_port_ends(secure: Any, dial: Any) -> None:
    raw = await dial(secure)
    await raw.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert not (await raw.rest()).startswith(b"HTTP")
    silent = await dial(secure)
    assert await silent.rest() == b"", "a handshake has its time too"
    async with httpx.AsyncClient(
        base_url=secure.process.url, verify=trusting(secure.certificate)
    ) as http:
        assert (await http.get("/livez")).status_code == 200


async def test_slow_requests_are_cut_inside_tls_too(secure: Any) -> None:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", secure.process.port, ssl=trusting(secure.certificate)
    )
    writer.write(b"GET /livez HTTP/1.1\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
    writer.transport.abort()


def test_old_versions_are_refused(tmp_path: Path) -> None:
    context = tls_context(*make(tmp_path))
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2


def test_files_that_make_no_tls(tmp_path: Path) -> None:
    certificate, key = make(tmp_path)
    _, other = make(tmp_path, "other")
    _, locked = make(tmp_path, "locked", "-passout", "pass:secret")
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("nonsense", encoding="utf-8")
    for one, two, name in (
        (certificate, other, "tls_key"),
        (certificate, locked, "tls_key"),
        (nonsense, key, "tls_key"),
        (certificate, nonsense, "tls_key"),
        (tmp_path / "none", key, "tls_certificate"),
        (certificate, tmp_path / "none", "tls_key"),
    ):
        with pytest.raises(SettingsError) as caught:
            tls_context(one, two)
        assert caught.value.key == f"server.{name}"
        given = {"tls_certificate": str(one), "tls_key": str(two)}
        with pytest.raises(SettingsError):
            ServerProcess(settings_from({"server": given}), "0")


def test_one_file_is_not_enough(tmp_path: Path) -> None:
    certificate, _ = make(tmp_path)
    with pytest.raises(SettingsError, match="both"):
        ServerProcess(settings_from({"server": {"tls_certificate": str(certificate)}}), "0")


def test_until_when_it_is_valid(tmp_path: Path) -> None:
    for days in (1, 90, 20_000):
        certificate, _ = make(tmp_path, "any", "-nodes", "-days", str(days))
        end = certificate_end(certificate)
        assert end is not None
        wanted = datetime.now(UTC) + timedelta(days=days)
        assert abs(end - wanted) < timedelta(minutes=5)
        said = subprocess.run(
            [str(OPENSSL), "x509", "-in", str(certificate), "-noout", "-enddate"],
            check=True, capture_output=True, text=True, timeout=60,
        ).stdout  # fmt: skip
        assert f"{end:%b} {end.day:2} {end:%H:%M:%S} {end.year}" in said
    nonsense = tmp_path / "nonsense.pem"
    for text in ("", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"):
        nonsense.write_text(text, encoding="utf-8")
        assert certificate_end(nonsense) is None


def test_what_works_but_should_not_stay_so_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="depthbridge.server")
    certificate, key = make(tmp_path, "soon", "-nodes", "-days", "2")
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    token.chmod(0o644)
    given = {"tls_certificate": str(certificate), "tls_key": str(key), "token_file": str(token)}
    ServerProcess(settings_from({"server": given}), "0")
    assert {one.getMessage() for one in caplog.records} >= {"the certificate expires soon"}
    if hasattr(token, "owner"):
        assert "other users can read it" in caplog.text
    assert TOKEN not in caplog.text
