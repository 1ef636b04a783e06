"""Whether a request may see an image, by rows that were read without models.

accounts/access/authentication.py and images/services/finding.py decide the same for Django's views, and know
the errors. Here every doubt is a no."""

import time
from dataclasses import dataclass
from functools import lru_cache

from django.utils import timezone

from accounts.keys.encryption import decrypt
from accounts.keys.key_text import is_secret, parse_key
from accounts.models import LAST_USED_EVERY, Scope
from images.models import Visibility
from progimage.errors import SignatureRefused
from progimage.signing import check_signature, find_key_id

from .incoming import IncomingRequest
from .rows import ImageRow, KeyRow


@dataclass(frozen=True, slots=True)
class Credentials:
    """The API key that a request came with, or that signed its URL. `prefix` is empty for a stranger.

    `secret` is empty if the URL is signed."""

    prefix: str
    secret: str

    @classmethod
    def read(cls, request: IncomingRequest) -> "Credentials | None":
        """Return the credentials of a request. None if they are malformed, or of both kinds."""
        if request.signed_query is not None:
            prefix = find_key_id(request.signed_query)
            return None if request.authorization or not prefix else cls(prefix, "")
        if not request.authorization:
            return cls("", "")
        scheme, _, text = request.authorization.partition(" ")
        key = parse_key(text.strip()) if scheme.lower() == "bearer" else None
        return None if key is None else cls(*key)


def may_see(request: IncomingRequest, credentials: Credentials, image: ImageRow, key: KeyRow | None) -> bool:
    """Return whether the request surely has the right to see the pixels of an image.

    A key whose use is to be recorded is left to Django, which records it."""
    is_public = image.visibility == Visibility.PUBLIC
    if not credentials.prefix:
        return is_public
    if key is None or not _is_valid(key):
        return False
    is_proven = _is_signed(request, key) if request.signed_query else _has_secret(credentials, key)
    return is_proven and (is_public or (Scope.READ in key.scopes and key.account_id == image.account_id))


def _is_valid(key: KeyRow) -> bool:
    if key.revoked_at is not None or not key.is_account_active:
        return False
    return key.expires_at is None or key.expires_at > timezone.now()


def _has_secret(credentials: Credentials, key: KeyRow) -> bool:
    is_proven = is_secret(credentials.secret, key.secret_sha256)
    return is_proven and key.last_used_at is not None and timezone.now() - key.last_used_at < LAST_USED_EVERY


def _is_signed(request: IncomingRequest, key: KeyRow) -> bool:
    secret = _signing_secret(key.signing_secret)
    if secret is None:
        return False
    try:
        check_signature(
            secret,
            method=request.method,
            path=request.path,
            query=request.signed_query or "",
            now=time.time(),
        )
    except SignatureRefused:
        return False
    return True


@lru_cache(maxsize=1_024)
def _signing_secret(encrypted: str) -> bytes | None:
    """Return the secret of a key. To decrypt it takes longer than all the rest."""
    return decrypt(encrypted)
