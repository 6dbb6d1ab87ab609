"""The token's sources, sessions and attempts, with the time as a number."""

import os
from pathlib import Path

import pytest

from market.errors import SettingsError
from server.guard.secrets import VARIABLE, Attempts, Sessions, Token, readable_by_others

TOKEN = "a-token-of-more-than-128-bits"
SECOND = 1_000_000_000


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_where_it_comes_from(tmp_path: Path) -> None:
    file = write(tmp_path / "token", f" {TOKEN}\r\n")
    assert Token.load(None, {}) is None
    for path, environment in ((file, {}), (None, {VARIABLE: TOKEN}), (file, {VARIABLE: TOKEN})):
        token = Token.load(path, environment)
        assert token is not None
        assert token.matches(TOKEN.encode())
        assert token.reveal() == TOKEN
        assert not token.matches(TOKEN[:-1].encode())
        assert not token.matches(b"")
        assert TOKEN not in f"{token!r} {token} {vars(Token)}"


@pytest.mark.parametrize("text", ["", "short", "x" * 21, "x" * 30 + "é", "x" * 12 + " " + "x" * 12])
def test_what_is_no_token(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Token.load(write(tmp_path / "token", text), {})
    assert caught.value.key == "server.token_file"
    assert not text or text not in caught.value.message.replace(str(tmp_path), "")
    with pytest.raises(SettingsError):
        Token.load(None, {VARIABLE: text})


def test_two_that_differ_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="different"):
        Token.load(write(tmp_path / "token", TOKEN), {VARIABLE: TOKEN + "x"})
    with pytest.raises(SettingsError, match="cannot be read"):
        Token.load(tmp_path / "none", {})


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_permissions(tmp_path: Path) -> None:
    path = write(tmp_path / "token", TOKEN)
    for mode, wanted in ((0o600, False), (0o640, True), (0o604, True), (0o400, False)):
        path.chmod(mode)
        assert readable_by_others(path) is wanted


def test_sessions_end() -> None:
    sessions = Sessions(100)
    one = sessions.open(0)
    other = sessions.open(50)
    assert one != other
    assert len(one) >= 43, "256 bits"
    assert sessions.known(one, 99)
    assert not sessions.known(one, 100)
    assert sessions.known(other, 100)
    assert not sessions.known("", 0)
    assert not sessions.known(one[:-1], 0)
    sessions.close(other)
    sessions.close("never opened")
    assert not sessions.known(other, 100)
    assert not any(one in str(key) for key in sessions._ends)


def test_sessions_are_bounded() -> None:
    sessions = Sessions(10**18)
    values = [sessions.open(now) for now in range(200)]
    assert len(sessions) == 32
    assert [sessions.known(value, 200) for value in values] == [False] * 168 + [True] * 32


def test_attempts_come_back_with_time() -> None:
    attempts = Attempts(3)
    assert [attempts.take("a", 0) for _ in range(5)] == [True, True, True, False, False]
    assert attempts.take("b", 0)
    assert not attempts.take("a", 19 * SECOND)
    assert attempts.take("a", 21 * SECOND)
    assert not attempts.take("a", 21 * SECOND)
    assert [attempts.take("a", 3600 * SECOND) for _ in range(4)] == [True, True, True, False]
    for number in range(5000):
        attempts.take(str(number), 0)
    assert len(attempts._left) <= 1024
