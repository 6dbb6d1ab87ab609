"""The product's promise is an order: session, journal, book, answers."""

from pathlib import Path
from typing import Any, cast

import pytest

from market.enums import Source
from recording.entries import Entry
from recording.journal import JournalWriter
from recording.messages import ClusterMessage
from recording.stream import Stream
from server.channel import Channel
from tests.simulation.channels import ES, Market
from wire.session import AckPolicy

pytestmark = pytest.mark.usefixtures("warmed")


class Watched:
    """A journal that looks at the stream whenever it gets an entry."""

    def __init__(self, journal: JournalWriter, said: list[str]) -> None:
        self.journal = journal
        self.said = said
        self.stream: Stream | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def write(self, entry: Entry, received: int, raw: bytes | None = None) -> None:
        expected = 0 if self.stream is None else self.stream.expected
        self.said.append(f"journal, book expects {expected}")
        self.journal.write(entry, received, raw)


class Noting:
    def __init__(self, said: list[str]) -> None:
        self.said = said

    def cluster(self, channel: Channel, message: ClusterMessage) -> None:
        self.said.append(f"answer, journal has {channel.written_seq}")

    def signal(self, channel: Channel, text: bytes) -> None:
        self.said.append(f"answer, journal has {channel.written_seq}")

    def begun(self, channel: Channel) -> None:
        """There is one run."""

    def applied(self, channel: Channel) -> None:
        self.said.append(f"answer, journal has {channel.written_seq}")


def test_the_journal_has_an_entry_before_the_book_moves_and_an_answer_goes_out(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    stream = Stream(ES, Source.LIVE)
    journal = Watched(JournalWriter(tmp_path, ES, Source.LIVE, stream._calendar), said)
    channel = Channel(stream, cast(Any, journal))
    channel.begin("7c9e6679-7425-40de-944b-e07fc1f90ae7")
    journal.stream = stream
    channel.listeners[Noting(said)] = frozenset({"metrics", "clusters", "signals"})
    frames = Market(1, 300).frames(0, 300, 50)
    for frame in frames:
        said.clear()
        channel.frame(frame, 0)
        assert said[0] == f"journal, book expects {frame.seq}"
        assert set(said[1:]) == {f"answer, journal has {frame.end - 1}"}
    channel.close()


def test_a_frame_that_asks_is_acknowledged_at_once_and_others_in_time() -> None:
    acks = AckPolicy()
    assert not acks.taken(0)
    assert acks.due_at == AckPolicy.DELAY_NS
    assert acks.taken(1, reply_now=True)
    acks.sent()
    assert [acks.taken(2) for _ in range(64)] == [False] * 63 + [True]
    acks.sent()
    assert not acks.taken(3)
    assert acks.taken(3 + AckPolicy.DELAY_NS)
