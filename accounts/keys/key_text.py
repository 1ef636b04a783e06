"""The text of API keys: generating, parsing and comparing it.

    Authorization: Bearer pi_k3v9x2mq7d4a.7Zr0…

The prefix before the dot is public and finds the row. The part after the dot is the secret. The server stores
the SHA-256 of the secret only. A slow hash is not needed for 256 random bits, and attackers could use it to
overload the server."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # without characters that look like another one
_PREFIX_CHARACTERS = 12
_SECRET_BYTES = 32
_KEY = re.compile(r"(pi_[a-z2-9]{12})\.([A-Za-z0-9_-]{43})")


class KeyText(NamedTuple):
    """The two parts of a key. `str` joins them to the text that a client sends."""

    prefix: str
    secret: str

    def __str__(self) -> str:
        return f"{self.prefix}.{self.secret}"


def generate_key() -> KeyText:
    """Return a new key with a secret of 256 random bits."""
    characters = [secrets.choice(_ALPHABET) for _ in range(_PREFIX_CHARACTERS)]
    prefix = f"pi_{''.join(characters)}"
    return KeyText(prefix, secrets.token_urlsafe(_SECRET_BYTES))


def parse_key(text: str) -> KeyText | None:
    """Return the two parts of a key, or None if `text` does not have the form of a key."""
    match = _KEY.fullmatch(text)
    if match is None:
        return None
    return KeyText(match[1], match[2])


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def is_secret(secret: str, expected_sha256: str) -> bool:
    """Return True if the hash of `secret` is the expected one. The comparison takes constant time."""
    return hmac.compare_digest(hash_secret(secret), expected_sha256)
