"""The client's side of the wire: a publisher that loses nothing, and a subscriber.

The cores are without I/O (bytes in, bytes out, time and randomness are parameters); thin asyncio
drivers on ``websockets`` pump them. Nothing here knows a formula.
"""

from client.publisher import Publisher
from client.subscriber import Client

__all__ = ["Client", "Publisher"]
