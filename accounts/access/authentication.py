"""Who asks: an API key as `Authorization: Bearer <prefix>.<secret>` (RFC 6750), never in a URL; or the
signature of a URL, where a view takes one."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Semaphore

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts import services
from accounts.keys.encryption import decrypt
from accounts.keys.key_text import KeyText, is_secret, parse_key
from accounts.models import Account, ApiKey
from progimage.errors import NotAuthenticated, SignatureRefused, Unavailable
from progimage.signing import PARAMETERS, check_signature, find_key_id

_NO_SECRET = "0" * 64
_SIGNED_METHODS = ("GET", "HEAD", "PUT")
_NO_SIGNING_SECRET = secrets.token_bytes(32)
_AT_ONCE, _TURN_TIMEOUT_S = 4, 2
"""Of the requests with one key, in one process: a hundred that come together leave the interpreter to others
in between. Their lookups are mostly Python's own work, so that more at once would not be done sooner."""
_REFUSED = "Expected a valid API key: it is unknown, revoked or expired"


class ApiKeyAuthentication(BaseAuthentication):
    """Sets request.user to the Account and request.auth to the ApiKey."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        key = parse_key(text.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise NotAuthenticated("Expected Authorization: Bearer <prefix>.<secret>")
        with _turn(key.prefix):
            api_key = find_api_key(key)
        if api_key is None:
            raise NotAuthenticated(_REFUSED)
        if api_key.is_use_due:
            services.note_use(api_key)
        request._request.api_key_prefix = api_key.prefix  # type: ignore[attr-defined]  # noqa: SLF001
        return api_key.account, api_key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ProgImage"'


class SignedUrlAuthentication(BaseAuthentication):
    """For URLs that a key has signed: whoever has one may do what it says in that key's name."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        if request.method not in _SIGNED_METHODS or not is_signed(request):
            return None
        if request.headers.get("Authorization"):
            raise SignatureRefused("Expected a signature or an API key but received both")
        query = request.META["QUERY_STRING"]
        api_key = ApiKey.objects.select_related("account").filter(prefix=find_key_id(query) or "").first()
        secret = decrypt(api_key.signing_secret) if api_key else None
        check_signature(
            secret or _NO_SIGNING_SECRET,
            method=request.method or "",
            path=request.path,
            query=query,
            now=time.time(),
        )
        if api_key is None or secret is None or not api_key.is_valid():
            raise SignatureRefused("The key that signed this URL is unknown, revoked or expired")
        request._request.api_key_prefix = api_key.prefix  # type: ignore[attr-defined]  # noqa: SLF001
        return api_key.account, api_key


def is_signed(request: Request) -> bool:
    return not request.query_params.keys().isdisjoint(PARAMETERS)


@lru_cache(maxsize=1_024)
def _turnstile(prefix: str) -> Semaphore:
    return Semaphore(_AT_ONCE)


@contextmanager
def _turn(prefix: str) -> Iterator[None]:
    turnstile = _turnstile(prefix)
    if not turnstile.acquire(timeout=_TURN_TIMEOUT_S):
        raise Unavailable("Too many requests with this API key come at once")
    try:
        yield
    finally:
        turnstile.release()


def find_api_key(key: KeyText) -> ApiKey | None:
    """Return the valid key that `key` spells. An unknown prefix costs the same work as a wrong secret."""
    api_key = ApiKey.objects.select_related("account").filter(prefix=key.prefix).first()
    is_known = is_secret(key.secret, api_key.secret_sha256 if api_key else _NO_SECRET)
    return api_key if api_key and is_known and api_key.is_valid() else None
