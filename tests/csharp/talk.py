"""A verb of the runner that is driven line by line, and a C# publisher that looks like Python's."""

import json
import subprocess
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self

from market.record import Frame
from tests.csharp.build import Program
from tests.waiting import PATIENCE_S
from wire.messages import Message, encode_message

__all__ = ["CsharpCore", "Talk", "records_of"]

SYMBOL: Final = "ES 12-26"
_EVERYTHING: Final = 1_000_000


class Talk:
    """A process that answers each line with one line."""

    def __init__(self, runner: Program, *words: str) -> None:
        self._process = subprocess.Popen(
            runner.command(*words),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def say(self, *words: Any) -> Any:
        """Send a command; its answer."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(words) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, f"{words[0]} ended the runner"
        return json.loads(answer)

    def kill(self) -> None:
        """End the process without a word."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End of input ends the process."""
        process = self._process
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


class CsharpCore:
    """The C# publisher with the calls of :class:`client.core.PublisherCore` that tests need."""

    def __init__(
        self,
        talk: Talk,
        *,
        capacity: int = 65_536,
        reply_now: bool = False,
        source: str = "live",
        takeover: bool = False,
    ) -> None:
        self._talk = talk
        talk.say("new", capacity, reply_now, source, takeover)

    def connected(self, now: int) -> str:
        """The text of hello."""
        return str(self._talk.say("connected", now))

    def disconnected(self) -> None:
        """The connection is gone."""
        self._talk.say("disconnected")

    def receive(self, message: Message, now: int) -> None:
        """A message of the server."""
        self._talk.say("receive", encode_message(message).decode(), now)

    def outgoing(self, now: int, wall: int = 5, most: int = _EVERYTHING) -> Iterator[bytes | str]:
        """What is sent: bytes are frames."""
        for message in self._talk.say("outgoing", now, wall, most):
            yield bytes.fromhex(message[1:]) if message.startswith("*") else message

    def push(self, frame: Frame) -> bool:
        """Tell the records of a frame; whether a seed is wanted then."""
        return bool(self._talk.say("records", records_of(frame)))

    @property
    def state(self) -> dict[str, Any]:
        """Everything that can be looked at."""
        found: dict[str, Any] = self._talk.say("state")
        return found

    def book(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """The shadow book's best ten bids and asks."""
        state = self.state
        return tuple([tuple(row) for row in state[side][:10]] for side in ("bids", "asks"))  # type: ignore[return-value]


def records_of(frame: Frame) -> list[list[int]]:
    """Rows for the command ``records``: kind, time, side, op, position, price, size, ref."""
    fields = ("kind", "side", "op", "position", "price", "size", "ref")
    columns = {name: frame.records[name].tolist() for name in fields}
    times = (frame.records["dt"].astype("int64") + frame.base).tolist()
    return [
        [kind, time, *rest]
        for time, kind, *rest in zip(times, *(columns[name] for name in fields), strict=True)
    ]
