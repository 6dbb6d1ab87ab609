"""The protocol: frames, JSON messages, sessions without I/O. Bytes come in and go out as values.

It knows no sockets, no clock (time is a parameter) and no books. ``PROTOCOL.md`` is generated from
these modules.
"""
