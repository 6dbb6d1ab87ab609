"""The field types and the base class that all messages share."""

import re
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta, Struct

__all__ = [
    "ActionName",
    "BookName",
    "Level",
    "Message",
    "Name",
    "OrderId",
    "Row",
    "Seq",
    "SessionId",
    "Share",
    "SideName",
    "SourceName",
    "StreamIndex",
    "Text",
    "Time",
    "Topic",
    "is_session",
]

_SESSION: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
SessionId = Annotated[str, Meta(pattern=f"^{_SESSION}\\Z")]
"""A UUID with hyphens; upper and lower case are the same."""
Seq = Annotated[int, Meta(ge=0, le=2**63 - 1)]
StreamIndex = Annotated[int, Meta(ge=0, le=255)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]
Text = Annotated[str, Meta(max_length=256)]
Time = int | Annotated[str, Meta(max_length=64)]
Topic = Literal["metrics", "clusters", "signals", "book", "profile", "view"]
SourceName = Literal["live", "playback", "replay", "demo"]
SideName = Literal["bid", "ask"]
BookName = Literal["L2", "L3"]
ActionName = Literal["add", "modify", "cancel", "delete", "fill", "replace", "clear"]
OrderId = Annotated[int, Meta(ge=0)] | Annotated[str, Meta(pattern=r"^[0-9]{1,20}$")]
Row = Annotated[int, Meta(ge=0, le=255)]


Level = tuple[float, float]
Share = tuple[str | None, float]


class Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message; its ``type`` is the tag of its class."""

    open_field: ClassVar[str | None] = None


def is_session(text: str) -> bool:
    """Whether this names a run of a publisher."""
    return re.fullmatch(_SESSION, text) is not None
