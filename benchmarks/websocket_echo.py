"""A WebSocket echo on the server's own stack, uvicorn, with nothing else in it: prints its port."""

import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


async def echo(scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
    """Answer every message with itself."""
    assert scope["type"] == "websocket"
    while True:
        event = await receive()
        if event["type"] == "websocket.connect":
            await send({"type": "websocket.accept"})
        elif event["type"] == "websocket.receive":
            await send({"type": "websocket.send", "bytes": event["bytes"]})
        else:
            return


def main() -> None:
    """Serve on a free port until killed."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        echo,
        ws="websockets-sansio",
        lifespan="off",
        log_level="error",
        ws_per_message_deflate=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
