import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from client.backoff import Backoff
from client.transport import keep_connected
from market.errors import SessionError, UsageError


@pytest.mark.parametrize(("status", "code"), [(401, "unauthorised"), (403, "forbidden")])
async def test_a_refused_upgrade_ends_it(status: int, code: str) -> None:
    seen: list[str | None] = []

    def refuse(connection: ServerConnection, request: Request) -> Response:
        seen.append(request.headers.get("Authorization"))
        return connection.respond(status, "no")

    async def nothing(socket: ServerConnection) -> None:
        await socket.wait_closed()

    async with serve(nothing, "127.0.0.1", 0, process_request=refuse) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(SessionError) as caught:
            await keep_connected(
                f"ws://127.0.0.1:{port}/ws", "t0ken", _never, lost=[].append, backoff=Backoff()
            )
    assert caught.value.code == code
    assert seen == ["Bearer t0ken"]


async def _never(socket: ClientConnection) -> None:
    raise AssertionError("not to be served")


@pytest.mark.parametrize(
    ("closes", "code"),
    [
        ([4409, 4409, 4409], "not_publisher"),
        ([4409, 4409, 1012, 4409, 4409, 4400], "protocol_version"),
        ([1012, 1011, 4400], "protocol_version"),
    ],
)
async def test_close_codes_that_are_final(closes: list[int], code: str) -> None:
    """A restart or a defect is tried again; what will not go away ends it.

    Superseded may be by an older connection of our own that came late: three in a row are not.
    """
    lost: list[int | None] = []
    left = iter(closes)

    async def close(socket: ServerConnection) -> None:
        await socket.close(next(left), "because")

    async def wait(socket: ClientConnection) -> None:
        await socket.recv()

    async with serve(close, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(SessionError) as caught:
            await keep_connected(
                f"ws://127.0.0.1:{port}/ws",
                None,
                wait,
                lost=lost.append,
                backoff=Backoff(0.01, 0.02),
            )
    assert caught.value.code == code
    assert lost == closes


async def test_a_server_that_takes_connections_and_drops_them_is_asked_less_and_less() -> None:
    """Only ``serve`` knows that the server spoke, and then resets the waits."""
    taken = 0
    backoff = Backoff(0.01, 10.0)

    async def drop(socket: ServerConnection) -> None:
        nonlocal taken
        taken += 1
        await socket.close(4400 if taken == 5 else 1012)

    async def wait(socket: ClientConnection) -> None:
        await socket.recv()

    async with serve(drop, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(SessionError):
            await keep_connected(
                f"ws://127.0.0.1:{port}/ws", None, wait, lost=[].append, backoff=backoff
            )
    assert backoff.delay(1.0) == 0.01 * 2**4


@pytest.mark.parametrize("url", ["garbage", "http://127.0.0.1:1/ws", "ws://127.0.0.1:99999/ws", ""])
async def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(UsageError, match="is no address"):
        await keep_connected(url, None, _never, lost=[].append, backoff=Backoff())
