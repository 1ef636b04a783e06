"""Authentication by an API key, or by a signed URL if the view accepts one.

A key is sent as `Authorization: Bearer <prefix>.<secret>` (RFC 6750), never in a URL."""

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
from accounts.models.sql_rows import FetchRow, SqlRows, fetch_one
from progimage.errors import NotAuthenticated, SignatureRefused, Unavailable
from progimage.signing import PARAMETERS, check_signature, find_key_id

_SIGNED_METHODS = ("GET", "HEAD", "PUT")
# Unknown keys are compared with these, so that they take as long as known ones.
_NO_SECRET = "0" * 64
_NO_SIGNING_SECRET = secrets.token_bytes(32)
_MAX_LOOKUPS_PER_KEY = 4
"""Lookups of one key that a process does at once, so that a hundred requests with it do not delay other keys.

A lookup is mostly work of the Python interpreter: more of them at once would not finish sooner."""
_TURN_TIMEOUT_S = 2
_KEYS = SqlRows(ApiKey, alias="api_key")
_ACCOUNTS = SqlRows(Account, alias="account")
_FIND_KEY = f"""
    SELECT {_KEYS.columns}, {_ACCOUNTS.columns}
    FROM accounts_apikey AS api_key JOIN accounts_account AS account ON account.id = api_key.account_id
    WHERE api_key.prefix = %s
"""  # noqa: S608
_fetch_key: FetchRow = fetch_one
_REFUSED = "Expected a valid API key: it is unknown, revoked or expired"


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticate by an API key: set request.user to the Account and request.auth to the ApiKey."""

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
            services.record_use(api_key)
        request._request.api_key_prefix = api_key.prefix  # type: ignore[attr-defined]  # noqa: SLF001
        return api_key.account, api_key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ProgImage"'


class SignedUrlAuthentication(BaseAuthentication):
    """Authenticate by the signature of a URL. The request acts for the API key that signed the URL."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        if request.method not in _SIGNED_METHODS or not is_signed(request):
            return None
        if request.headers.get("Authorization"):
            raise SignatureRefused("Expected a signature or an API key but received both")
        query = request.META["QUERY_STRING"]
        api_key = _find_by_prefix(find_key_id(query) or "")
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
    """Return True if the query has a parameter of a signed URL."""
    return not request.query_params.keys().isdisjoint(PARAMETERS)


@lru_cache(maxsize=1_024)
def _lookup_slots(prefix: str) -> Semaphore:
    return Semaphore(_MAX_LOOKUPS_PER_KEY)


@contextmanager
def _turn(prefix: str) -> Iterator[None]:
    """Wait until fewer lookups of this key run. Raise Unavailable if that takes too long."""
    slots = _lookup_slots(prefix)
    if not slots.acquire(timeout=_TURN_TIMEOUT_S):
        raise Unavailable("Too many requests with this API key arrived at once")
    try:
        yield
    finally:
        slots.release()


def find_api_key(key: KeyText) -> ApiKey | None:
    """Return the API key with this text if it is valid, otherwise None.

    An unknown prefix takes the same work as a wrong secret, so that the response time reveals no prefix."""
    api_key = _find_by_prefix(key.prefix)
    expected_sha256 = api_key.secret_sha256 if api_key else _NO_SECRET
    has_secret = is_secret(key.secret, expected_sha256)
    if api_key is None or not has_secret or not api_key.is_valid():
        return None
    return api_key


def find_keys_by(fetch: FetchRow) -> None:
    """Let `fetch` run the statement that finds a key, in place of Django's connection."""
    global _fetch_key  # noqa: PLW0603
    _fetch_key = fetch


def _find_by_prefix(prefix: str) -> ApiKey | None:
    values = _fetch_key(_FIND_KEY, [prefix])
    if values is None:
        return None
    api_key = _KEYS.read(values[: _KEYS.width])
    api_key.account = _ACCOUNTS.read(values[_KEYS.width :])
    return api_key
