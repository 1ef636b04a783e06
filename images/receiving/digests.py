"""Digests of a body in request headers (RFC 9530)."""

import re
from base64 import b64decode
from collections.abc import Mapping

from progimage.errors import ParameterError

HEADERS = ("Content-Digest", "Repr-Digest")
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):[^,]*")
_SHA256_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")


def check_digests(headers: Mapping[str, str], sha256: str) -> None:
    """Raise ParameterError if a header names another digest than `sha256`, the body's digest in hex.

    Other algorithms are ignored, as the RFC allows."""
    for header in HEADERS:
        header_sha256 = _find_sha256(header, headers.get(header, ""))
        if header_sha256 not in (None, sha256):
            raise ParameterError(
                f"Expected a body with the digest in {header} but received one with another",
                pointer=f"/{header}",
            )


def _find_sha256(header: str, text: str) -> str | None:
    """Return the SHA-256 in hex if the header, a dictionary of structured fields (RFC 9651), has one.

    Raise ParameterError if the header is malformed."""
    if not text:
        return None
    members = [_MEMBER.fullmatch(member) for member in text.split(",")]
    digests = {member[1]: member[2] for member in members if member}
    sha256_base64 = digests.get("sha-256")
    is_malformed = sha256_base64 is not None and not _SHA256_BASE64.fullmatch(sha256_base64)
    if is_malformed or not all(members):
        raise ParameterError(
            f"Expected sha-256=:<base64>: for {header} but received {text[:80]!r}",
            pointer=f"/{header}",
        )
    return None if sha256_base64 is None else b64decode(sha256_base64).hex()
