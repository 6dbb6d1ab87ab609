"""Who may connect: bind address, Host, Origin, token, limits; decided before any upgrade."""

from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from market.errors import SettingsError
from server.access import Access, require_safe_bind
from server.settings import ServerSettings

TOKEN = "a-token-of-more-than-128-bits"


def refused(settings: ServerSettings, **headers: str) -> str | None:
    found = Access(settings).refusal(
        [(name.encode(), value.encode()) for name, value in headers.items()]
    )
    return None if found is None else found[0].value


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "desk.example"])
def test_other_addresses_need_token_and_tls(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        require_safe_bind(ServerSettings(host=host))
    assert caught.value.key == "server.host"
    with pytest.raises(SettingsError, match="tls_key"):
        require_safe_bind(ServerSettings(host=host, token_file=tmp_path, tls_certificate=tmp_path))
    require_safe_bind(
        ServerSettings(host=host, token_file=tmp_path, tls_certificate=tmp_path, tls_key=tmp_path)
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_loopback_needs_nothing(host: str) -> None:
    require_safe_bind(ServerSettings(host=host))


@pytest.mark.parametrize(
    ("host", "origin", "code"),
    [
        ("127.0.0.1:8765", None, None),
        ("localhost:8765", None, None),
        ("[::1]:8765", None, None),
        ("LOCALHOST:8765", "http://localhost:8765", None),
        ("127.0.0.1:8765", "http://127.0.0.1:8765", None),
        ("127.0.0.1:8765", "http://127.0.0.1:9999", "forbidden"),
        ("127.0.0.1:8765", "https://evil.example", "forbidden"),
        ("127.0.0.1:8765", "null", "forbidden"),
        ("evil.example:8765", None, "bad_host"),
        ("evil.example", "http://evil.example", "bad_host"),
        ("127.0.0.1:x]", None, "bad_host"),
        ("", None, "bad_host"),
        ("localhost.", None, "bad_host"),
        ("evil@localhost", None, "bad_host"),
        ("localhost@evil.example", None, "bad_host"),
        ("localhost/evil.example", None, "bad_host"),
        ("localhost#evil", None, "bad_host"),
        ("localhost\\@evil.example", None, "bad_host"),
        ("localhost, evil.example", None, "bad_host"),
        ("localhost.evil.example", None, "bad_host"),
        ("127.0.0.1.nip.example", None, "bad_host"),
        ("127.1", None, "bad_host"),
        ("2130706433", None, "bad_host"),
        ("0x7f000001", None, "bad_host"),
        ("0.0.0.0", None, "bad_host"),
        ("[::]:8765", None, "bad_host"),
        ("[0:0:0:0:0:0:0:1]:8765", None, None),
        ("[::1%25lo]", None, "bad_host"),
        ("::1", None, "bad_host"),
        ("127.0.0.1:99999x", None, "bad_host"),
        ("127.0.0.1:", None, "bad_host"),
        ("127.0.0.1:8765", "HTTP://127.0.0.1:8765", None),
        ("127.0.0.1:8765", "http://127.0.0.1", "forbidden"),
        ("127.0.0.1:8765", "http://localhost:8765", "forbidden"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765/", "forbidden"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765@evil.example", "forbidden"),
        ("127.0.0.1:8765", "http://127.0.0.1:8765.evil.example", "forbidden"),
        ("127.0.0.1:8765", "ws://127.0.0.1:8765", "forbidden"),
        ("127.0.0.1:8765", "file://", "forbidden"),
        ("127.0.0.1:8765", "", "forbidden"),
        ("[::1]:8765", "http://[::1]:8765", None),
    ],
)
def test_hosts_and_origins(host: str, origin: str | None, code: str | None) -> None:
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    assert refused(ServerSettings(), **headers) == code


def test_two_hosts_are_refused() -> None:
    access = Access(ServerSettings())
    assert access.refusal([(b"host", b"localhost"), (b"host", b"localhost")]) is not None
    assert access.refusal([]) is not None


def test_any_address_is_the_name_of_no_host() -> None:
    settings = ServerSettings(host="0.0.0.0", allowed_hosts=("desk.example",))
    assert refused(settings, host="0.0.0.0:8765") == "bad_host"
    assert refused(settings, host="desk.example:8765") is None


def test_the_lists_can_be_extended() -> None:
    settings = ServerSettings(
        allowed_hosts=("desk.example",), allowed_origins=("https://page.example",)
    )
    assert refused(settings, host="desk.example:8765", origin="https://page.example") is None


@pytest.mark.parametrize(
    "given",
    [
        {"allowed_origins": ("null",)},
        {"allowed_origins": ("*",)},
        {"allowed_origins": ("desk.example",)},
        {"allowed_origins": ("https://desk.example/",)},
        {"allowed_hosts": ("*",)},
        {"allowed_hosts": ("https://desk.example",)},
        {"allowed_hosts": ("desk.example/x",)},
    ],
)
def test_entries_that_no_browser_sends_stop_the_start(given: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        Access(ServerSettings(**given))


def test_two_origins_are_refused() -> None:
    origin = (b"origin", b"http://localhost")
    assert Access(ServerSettings()).refusal([(b"host", b"localhost"), origin, origin]) is not None


def test_the_token(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n", encoding="utf-8")
    settings = ServerSettings(token_file=path)
    assert refused(settings, host="localhost") == "unauthorised"
    assert refused(settings, host="localhost", authorization="Bearer wrong") == "unauthorised"
    assert refused(settings, host="localhost", authorization=f"Bearer {TOKEN}") is None
    assert refused(settings, host="localhost", authorization=f"bearer {TOKEN}") is None
    for wrong in (TOKEN, f"Basic {TOKEN}", "Bearer", "Bearer ", f"Bearer {TOKEN}x", "Bearer \xe9"):
        given = [(b"host", b"localhost"), (b"authorization", wrong.encode("latin-1"))]
        assert Access(settings).refusal(given) is not None
    twice = [(b"authorization", f"Bearer {TOKEN}".encode())] * 2
    assert Access(settings).refusal([(b"host", b"localhost"), *twice]) is not None
    path.write_text("short", encoding="utf-8")
    with pytest.raises(SettingsError):
        Access(settings)
    with pytest.raises(SettingsError):
        Access(ServerSettings(token_file=tmp_path / "none"))


async def test_a_page_of_another_site_gets_no_upgrade(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = await serve()
    for headers, status in (
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 400),  # the second one
    ):
        with pytest.raises(InvalidStatus) as caught:
            async with server.peer(additional_headers=headers):
                pass
        assert caught.value.response.status_code == status
    assert not caplog.records, "a refusal is no error of ours"
    answer = await server.http.get("/health", headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_host")
    answer = await server.http.get("/health", headers={"origin": "https://evil.example"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_connections_are_limited_and_health_is_not(serve: Any) -> None:
    server = await serve(server={"connections": 3, "connections_per_address": 2})
    async with server.peer(), server.peer():
        with pytest.raises(InvalidStatus) as caught:
            async with server.peer():
                pass
        assert caught.value.response.status_code == 503
        assert (await server.http.get("/health")).json()["connections"] == 2
    await server.until(lambda: server.runtime.connections == 0)
    async with server.peer() as peer:
        assert (await peer.hello())["type"] == "welcome"


async def test_another_subprotocol_is_refused(serve: Any) -> None:
    from websockets.asyncio.client import connect

    server = await serve()
    with pytest.raises(InvalidStatus) as caught:
        async with connect(server.ws_url, subprotocols=["chat"]):  # type: ignore[list-item]
            pass
    assert caught.value.response.status_code == 400
