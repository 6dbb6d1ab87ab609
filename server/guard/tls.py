"""TLS from two PEM files, checked before anything listens."""

import binascii
import re
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from market.errors import SettingsError

__all__ = ["certificate_end", "tls_context"]

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL
)
_SEQUENCE, _INTEGER, _UTC_TIME, _VERSION = 0x30, 0x02, 0x17, 0xA0


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """A server's context: TLS 1.2 or newer.

    Raises:
        SettingsError: a file is unreadable, not PEM, encrypted, or the two do not belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for name, path in (("tls_certificate", certificate), ("tls_key", key)):
        try:
            path.read_bytes()
        except OSError as cause:
            raise SettingsError(
                f"server.{name} {path} cannot be read: {cause.strerror}", key=f"server.{name}"
            ) from cause
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (ssl.SSLError, ValueError) as cause:
        reason = getattr(cause, "reason", None) or str(cause)
        raise SettingsError(
            f"server.tls_certificate {certificate} and server.tls_key {key} make no TLS: {reason}",
            key="server.tls_key",
            allowed="two PEM files that belong together, the key without a password",
        ) from cause
    return context


def certificate_end(path: Path) -> datetime | None:
    """Until when a file's first certificate is valid (RFC 5280, 4.1.2.5); None: cannot tell."""
    found = _CERTIFICATE.search(path.read_bytes())
    if found is None:
        return None
    try:
        return _valid_until(binascii.a2b_base64(found[1]))
    except (IndexError, ValueError):
        return None


def _valid_until(der: bytes) -> datetime:
    """``notAfter``: certificate, its body, past version, serial, algorithm and issuer."""
    body = _value(der, 0)[1]
    at = _value(der, body)[1]
    if der[at] == _VERSION:
        at = _value(der, at)[2]
    for _ in range(3):
        at = _value(der, at)[2]
    validity = _value(der, at)[1]
    kind, start, end = _value(der, _value(der, validity)[2])
    form = "%y%m%d%H%M%SZ" if kind == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(der[start:end].decode("ascii"), form).replace(tzinfo=UTC)


def _value(der: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the value that is encoded at a place (DER)."""
    size, start = der[at + 1], at + 2
    if size & 0x80:
        wide = size & 0x7F
        size, start = int.from_bytes(der[start : start + wide]), start + wide
    return der[at], start, start + size


def _no_password() -> bytes:
    raise ValueError("the key has a password")
