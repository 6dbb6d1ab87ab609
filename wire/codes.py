"""Every word and number by which the two sides say what is wrong. None ever changes its meaning."""

from enum import IntEnum, StrEnum

__all__ = ["CloseCode", "ErrorCode", "ResyncReason"]


class ErrorCode(StrEnum):
    """``code`` of an ``error`` message and of HTTP answers; ``meaning`` in one line."""

    meaning: str
    status: int

    def __new__(cls, value: str, status: int, meaning: str) -> "ErrorCode":
        """Attach the HTTP status and the explanation to the word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        member.status = status
        return member

    BAD_LENGTH = "bad_length", 400, "count and length of the frame disagree, or it is cut short"
    BAD_MAGIC = "bad_magic", 400, "the frame does not begin with the bytes DB"
    BAD_VERSION = "bad_version", 400, "a frame of another version"
    BAD_TYPE = "bad_type", 400, "unknown frame or message type, or a JSON value of a wrong type"
    BAD_FLAGS = "bad_flags", 400, "an unknown flag bit is set"
    BAD_RESERVED = "bad_reserved", 400, "the header's last word is neither 0 nor its CRC-32"
    BAD_COUNT = "bad_count", 400, "more records than a frame or message may hold"
    BAD_CRC = "bad_crc", 400, "the payload's CRC-32 differs: damaged on the way"
    BAD_DEFLATE = "bad_deflate", 400, "the payload is not one raw deflate stream of the stated size"
    TOO_LARGE = "too_large", 413, "larger than the limit, as sent or decoded"
    BAD_KIND = "bad_kind", 400, "unknown kind of record, or one that a snapshot cannot hold"
    BAD_OP = "bad_op", 400, "an operation that this kind of record does not have"
    NEGATIVE_SIZE = "negative_size", 400, "a size below 0"
    OUT_OF_RANGE = "out_of_range", 400, "a field beyond its range"
    BAD_JSON = "bad_json", 400, "not JSON, or not UTF-8"
    BAD_NUMBER = "bad_number", 400, "NaN, infinite, or an integer beyond 64 bits"
    BAD_TIME = "bad_time", 400, "neither integer nanoseconds UTC nor ISO 8601 with a zone"
    BAD_TICK_SIZE = "bad_tick_size", 400, "a tick size or size step that is not a positive decimal"
    OFF_GRID = "off_grid", 400, "a price or volume between two steps of the instrument"
    REPEATED_KEY = "repeated_key", 400, "a JSON object with the same key twice"
    TOO_DEEP = "too_deep", 400, "JSON nested deeper than 32"
    MISSING_FIELD = "missing_field", 400, "a required field is missing"
    MALFORMED = "malformed", 400, "wrong in another way that the message itself shows"
    UNKNOWN_INSTRUMENT = "unknown_instrument", 400, "not known here: send its tick_size"
    UNKNOWN_STREAM = "unknown_stream", 400, "a stream index that welcome did not give"
    INCOMPLETE_SESSION = "incomplete_session", 400, "send both session and seq, or neither"
    CONTRADICTION = "contradiction", 400, "two places say different things of one field"
    TICK_SIZE_CONFLICT = "tick_size_conflict", 409, "another tick size or size step is in force"
    ORDER_FAULT = "order_fault", 400, "wrong order records: counted, nothing was refused"
    GAP = "gap", 409, "records are missing; continue at from"
    BOOK_FAULT = "book_fault", 409, "rows that no market can have; send a snapshot"
    RESYNC_REQUIRED = "resync_required", 409, "the book is stale; send a snapshot"
    INSTRUMENT_BUSY = "instrument_busy", 409, "another session publishes this instrument and source"
    PROTOCOL_VERSION = "protocol_version", 400, "no common protocol version"
    HELLO_EXPECTED = "hello_expected", 400, "the first message must be hello"
    NOT_PUBLISHER = "not_publisher", 403, "a subscriber, or a superseded session, sent data"
    UNAUTHORISED = "unauthorised", 401, "token missing or wrong"
    FORBIDDEN = "forbidden", 403, "origin not allowed"
    NOT_FOUND = "not_found", 404, "no such route"
    METHOD = "method", 405, "the route does not know this method; `Allow` says which"
    BAD_HOST = "bad_host", 400, "the Host is no name of this server"
    BAD_REQUEST = "bad_request", 400, "HTTP that is malformed, or could be read in two ways"
    TIMEOUT = "timeout", 408, "the request was not whole in time"
    URI_TOO_LONG = "uri_too_long", 414, "the request line is over the limit"
    BAD_ENCODING = "bad_encoding", 415, "a content encoding other than gzip"
    HEADERS_TOO_LARGE = "headers_too_large", 431, "header fields are over the limit"
    HTTP_VERSION = "http_version", 505, "a version of HTTP other than 1.1 and 1.0"
    BUSY = "busy", 503, "connection limit reached"
    OVER_LIMIT = "over_limit", 429, "more messages per second than allowed"
    SETTINGS = "settings", 400, "an unknown setting or a value out of range"
    STARTING = "starting", 503, "not ready yet"
    INTERNAL = "internal", 500, "a defect of the server; it is logged there"


class CloseCode(IntEnum):
    """Close codes on open connections."""

    meaning: str

    def __new__(cls, value: int, meaning: str) -> "CloseCode":
        """Attach the explanation to the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    RESTART = 1012, "the server restarts: connect again"
    PROTOCOL_VERSION = 4400, "no common protocol version, or no hello"
    UNAUTHORISED = 4401, "unauthorised"
    TOO_SLOW = 4408, "the outbox stayed full for 10 s"
    SUPERSEDED = 4409, "another connection of this session, or a takeover, has the stream"
    TOO_LARGE = 4413, "a message over the size limit"
    OVER_LIMIT = 4429, "over a rate limit"


class ResyncReason(StrEnum):
    """``reason`` of a ``resync`` message."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> "ResyncReason":
        """Attach the explanation to the word."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    GAP = "gap", "records are missing: resend from, or a snapshot"
    CHECKSUM = "checksum", "the book differs from the publisher's: a snapshot"
    UNSORTED = "unsorted", "rows that no market can have: a snapshot"
    RESET = "reset", "the feed or the clock was set back: a snapshot"
    RESTART = "restart", "the server has lost the book: a snapshot"
    FEED = "feed", "the publisher's feed was interrupted: a snapshot"
