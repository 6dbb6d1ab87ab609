"""What the protocol writes itself: the header of a text message."""

import pytest
from websockets.frames import Frame, Opcode

from server.protocol import text_head


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_text_message_has_the_header_that_the_library_gives_it(size: int) -> None:
    payload = bytes(size)
    assert text_head(size) + payload == Frame(Opcode.TEXT, payload).serialize(mask=False)
