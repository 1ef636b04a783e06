"""What an API key looks like, and how one that was sent is told from a wrong one.

    Authorization: Bearer pi_k3v9x2mq7d4a.7Zr0…

The part before the point is public and finds the row; the part behind it is the secret. Only the secret's
SHA-256 is kept: 256 random bits need no slow hash, and a slow one would be a way to keep the server busy."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # none that is taken for another
_KEY = re.compile(r"(pi_[a-z2-9]{12})\.([A-Za-z0-9_-]{43})")


class KeyText(NamedTuple):
    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{self.prefix}.{self.secret}"


def generate_key() -> KeyText:
    """Make a key with a secret of 256 random bits."""
    return KeyText("pi_" + "".join(secrets.choice(_ALPHABET) for _ in range(12)), secrets.token_urlsafe(32))


def parse_key(text: str) -> KeyText | None:
    match = _KEY.fullmatch(text)
    return KeyText(match[1], match[2]) if match else None


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, expected_sha256: str) -> bool:
    """Compare in a time that tells nothing about where they differ."""
    return hmac.compare_digest(hash_secret(secret), expected_sha256)
