"""Encryption of secrets that the server must read again, so that a dump of the database does not show them.

The encryption key is derived from SECRET_KEY. Keys derived from SECRET_KEY_FALLBACKS still decrypt, so
that an operator changes the key as in every Django project."""

import hmac
from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


def encrypt(secret: bytes) -> str:
    return _cipher().encrypt(secret).decode()


def decrypt(text: str) -> bytes | None:
    """Return the secret. If none of the keys in the settings decrypts it, return None."""
    try:
        return _cipher().decrypt(text)
    except InvalidToken:
        return None


def _cipher() -> MultiFernet:
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_derive_cipher(secret_key) for secret_key in secret_keys])


def _derive_cipher(secret_key: str) -> Fernet:
    digest = hmac.digest(secret_key.encode(), b"progimage signing secrets", "sha256")
    return Fernet(urlsafe_b64encode(digest))
