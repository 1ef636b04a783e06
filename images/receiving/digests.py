"""Digests that a request says its body has (RFC 9530)."""

import re
from base64 import b64decode
from collections.abc import Mapping

from progimage.errors import ParameterError

HEADERS = ("Content-Digest", "Repr-Digest")
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/]*={0,2}):[^,]*")
_SHA256_BASE64 = re.compile(r"[A-Za-z0-9+/]{43}=")


def check_digests(headers: Mapping[str, str], sha256: str) -> None:
    """Hold a body, whose digest in hex is given, to what the headers promise of it. Raises ParameterError.

    Other algorithms are passed over, as the RFC has it."""
    for header in HEADERS:
        promised = _parse(header, headers.get(header, ""))
        if promised not in (None, sha256):
            raise ParameterError(
                f"Expected a body with the digest in {header} but received one with another",
                pointer=f"/{header}",
            )


def _parse(header: str, text: str) -> str | None:
    """Return the SHA-256 in hex, where a dictionary of structured fields (RFC 9651) has one."""
    members = [_MEMBER.fullmatch(member) for member in text.split(",")] if text else []
    digests = {match[1]: match[2] for match in members if match}
    found = digests.get("sha-256")
    if not all(members) or (found is not None and not _SHA256_BASE64.fullmatch(found)):
        raise ParameterError(
            f"Expected sha-256=:<base64>: for {header} but received {text[:80]!r}", pointer=f"/{header}"
        )
    return None if found is None else b64decode(found).hex()
