"""Secrets that the server must read again, and a dump of the database must not show.

Encrypted with a key made from SECRET_KEY; those of SECRET_KEY_FALLBACKS still decrypt, which is Django's own
way to change a key."""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def encrypt(secret: bytes) -> str:
    return _cipher().encrypt(secret).decode()


def decrypt(text: str) -> bytes | None:
    """Return the secret; None where no key of the settings fits."""
    try:
        return _cipher().decrypt(text)
    except InvalidToken:
        return None


def _cipher() -> MultiFernet:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    digests = (hmac.digest(key.encode(), b"progimage signing secrets", "sha256") for key in keys)
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
