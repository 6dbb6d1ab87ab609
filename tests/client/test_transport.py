import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from client.transport import keep_connected
from market.errors import SessionError


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
            await keep_connected(f"ws://127.0.0.1:{port}/ws", "t0ken", _never, lost=list)
    assert caught.value.code == code
    assert seen == ["Bearer t0ken"]


async def _never(socket: ClientConnection) -> None:
    raise AssertionError("not to be served")


@pytest.mark.parametrize(
    ("closes", "code"), [([4409], "not_publisher"), ([1012, 1011, 4400], "protocol_version")]
)
async def test_close_codes_that_are_final(closes: list[int], code: str) -> None:
    """A restart or a defect is tried again; what will not go away ends it."""
    lost: list[int] = []
    left = iter(closes)

    async def close(socket: ServerConnection) -> None:
        await socket.close(next(left), "because")

    async def wait(socket: ClientConnection) -> None:
        await socket.recv()

    async with serve(close, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        with pytest.raises(SessionError) as caught:
            await keep_connected(
                f"ws://127.0.0.1:{port}/ws", None, wait, lost=lambda: lost.append(1)
            )
    assert caught.value.code == code
    assert len(lost) == len(closes)
