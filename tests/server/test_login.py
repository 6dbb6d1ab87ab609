"""A browser logs in with the token, gets a cookie, and what that cookie may do."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.settings import settings_from

TOKEN = "a-token-of-more-than-128-bits"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
async def guarded(serve: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DEPTHBRIDGE_TOKEN", TOKEN)
    return await serve()


def own(server: Any) -> dict[str, str]:
    return {"Origin": server.process.url}


async def log_in(server: Any, token: str = TOKEN) -> httpx.Response:
    answer: httpx.Response = await server.http.post(
        "/login", data={"token": token}, headers=own(server)
    )
    return answer


async def test_without_the_token_only_life_is_shown(guarded: Any) -> None:
    http = guarded.http
    for path in ("/api/v1/instruments", "/metrics", "/index.html", "/page.js", "/none"):
        answer = await http.get(path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["code"] == "unauthorised"
    assert (await http.post("/l2_update", json={})).status_code == 401
    assert (await http.get("/health")).json() == {"status": "ok"}
    assert (await http.get("/livez")).json() == {"status": "ok"}
    assert (await http.get("/readyz")).json() == {"status": "ok"}
    assert "streams" in (await http.get("/health", headers=BEARER)).json()
    assert (await http.get("/health", headers={"host": "evil.example"})).status_code == 400
    with pytest.raises(InvalidStatus) as caught:
        async with guarded.peer():
            pass
    assert caught.value.response.status_code == 401
    async with guarded.peer(additional_headers=BEARER) as peer:
        assert (await peer.hello())["type"] == "welcome"


async def test_other_spellings_of_a_path_open_nothing(guarded: Any) -> None:
    for path in ("/health/../metrics", "/%6detrics", "//metrics", "/metrics/", "/health%2f..%2f"):
        answer = await guarded.http.get(httpx.URL(guarded.process.url + path))
        assert answer.status_code == 401


async def test_a_browser_logs_in_and_out(guarded: Any) -> None:
    http = guarded.http
    answer = await http.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    form = await http.get("/login")
    assert form.status_code == 200
    assert form.headers["content-security-policy"].startswith("default-src 'self'")
    assert form.headers["x-frame-options"] == "DENY"
    assert 'method="post"' in form.text
    answer = await log_in(guarded)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert "secure" not in cookie, "there is no TLS here"
    assert TOKEN not in answer.headers["set-cookie"]
    value = http.cookies["depthbridge"]
    assert (await http.get("/")).status_code == 200
    assert "streams" in (await http.get("/health")).json()
    answer = await http.post("/logout", headers=own(guarded))
    assert answer.headers["location"] == "/login"
    assert not http.cookies
    answer = await http.get("/metrics", headers={"cookie": f"depthbridge={value}"})
    assert answer.status_code == 401, "the session has ended here, not only in the browser"


async def test_a_cookie_alone_changes_nothing(guarded: Any) -> None:
    await log_in(guarded)
    http = guarded.http
    update = {"type": "l2_update", "instrument": "XYZ", "updates": []}
    assert (await http.post("/l2_update", json=update)).status_code == 403
    evil = {"Origin": "http://evil.example"}
    assert (await http.post("/l2_update", json=update, headers=evil)).status_code == 403
    assert (await http.post("/logout")).status_code == 403
    answer = await http.post("/l2_update", json=update, headers=own(guarded))
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_instrument")


async def test_the_dashboards_websocket(guarded: Any) -> None:
    await log_in(guarded)
    cookie = f"other=1; depthbridge={guarded.http.cookies['depthbridge']}"
    with pytest.raises(InvalidStatus) as caught:
        async with guarded.peer(additional_headers={"Cookie": cookie}):
            pass
    assert caught.value.response.status_code == 403
    async with guarded.peer(additional_headers={"Cookie": cookie}, origin=guarded.process.url) as p:
        assert (await p.hello())["type"] == "welcome"


async def test_wrong_tokens_are_refused_and_slowed_down(guarded: Any) -> None:
    for _ in range(4):
        answer = await log_in(guarded, "wrong")
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    assert (await guarded.http.post("/login", data={"token": TOKEN})).status_code == 403
    assert (await log_in(guarded, "x" * 5000)).status_code == 401
    answer = await log_in(guarded)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")


@pytest.mark.parametrize("form", ["", "&".join(f"a{i}=1" for i in range(20)), "token=%ff", "=&"])
async def test_a_form_that_is_none_is_no_login(guarded: Any, form: str) -> None:
    answer = await guarded.http.post("/login", content=form, headers=own(guarded))
    assert answer.status_code == 401


async def test_a_token_is_never_taken_from_an_address(guarded: Any) -> None:
    for query in (f"token={TOKEN}", f"x=1&Access_Token={TOKEN}", f"%74oken={TOKEN}", "token="):
        answer = await guarded.http.get(f"/metrics?{query}", headers=BEARER)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
        assert TOKEN not in answer.text
    with pytest.raises(InvalidStatus) as caught:
        async with connect(f"{guarded.ws_url}?token={TOKEN}"):
            pass
    assert caught.value.response.status_code == 400


async def test_no_log_holds_the_token(guarded: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("uvicorn", "uvicorn.error", "depthbridge"):
        caplog.set_level(logging.DEBUG, logger=name)
    await log_in(guarded, TOKEN + "x")
    await log_in(guarded)
    await guarded.http.get("/metrics", headers=BEARER)
    for url in (guarded.ws_url, f"{guarded.ws_url}?token={TOKEN}", f"{guarded.ws_url}?x={TOKEN}"):
        try:
            async with connect(url, additional_headers=BEARER) as socket:
                await socket.send("nonsense")
        except InvalidStatus:
            continue
    ours = [one for one in caplog.records if one.name.split(".")[0] in ("depthbridge", "uvicorn")]
    said = "\n".join(f"{one.getMessage()} {vars(one)}" for one in ours)
    assert "login refused" in said
    session = guarded.http.cookies["depthbridge"]
    assert TOKEN not in said
    assert session not in said


async def test_without_a_token_there_is_no_login(serve: Any) -> None:
    server = await serve()
    assert (await server.http.get("/login")).status_code == 404
    assert (await server.http.get("/")).status_code == 200
    assert (await server.http.get("/metrics?token=x")).status_code == 400


def test_the_example_of_the_settings(tmp_path: Path) -> None:
    settings = settings_from({"server": {"login_hours": 1, "login_attempts_per_minute": 2}})
    assert (settings.server.login_hours, settings.server.login_attempts_per_minute) == (1, 2)
