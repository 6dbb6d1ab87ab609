"""What NinjaTrader did (orders, fills, positions): recorded in its place among the data."""

from market.enums import Source
from recording.entries import MessageEntry
from server.channel import Channel
from server.hub import Hub
from wire.messages import Report
from wire.updates import parse_time

__all__ = ["take_report"]


def take_report(hub: Hub, report: Report, source: Source) -> Channel:
    """Record a report on its instrument's channel; it has no number and shapes no output.

    Args:
        hub: the channels.
        report: as decoded.
        source: of the peer, unless the report names its own.

    Raises:
        SessionError: ``unknown_instrument``.
        MalformedError: a time out of range.
    """
    time = parse_time(report.time)
    kind = str(report.__struct_config__.tag)
    channel = hub.channel(hub.define(report.instrument), Source(report.source or source))
    channel.report(MessageEntry(kind, time, report.values))
    return channel
