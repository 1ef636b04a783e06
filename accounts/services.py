"""The only functions that write rows of accounts. Commands, the admin and `bootstrap` call them."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db import Error
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.keys.encryption import encrypt
from accounts.keys.key_text import KeyText, generate_key, hash_secret
from accounts.models import LAST_USED_EVERY, Account, ApiKey, IdempotentRequest, KnownLogin, Scope
from progimage.signing import derive_signing_secret

DEFAULT_SCOPES = (Scope.READ, Scope.WRITE)
_MAX_KNOWN_LOGINS = 50
"""Of an operator: the addresses that were used last."""


def create_account(name: str) -> Account:
    """Create an account. Raise Django's ValidationError if the name is empty, too long or taken."""
    account = Account(name=name)
    account.full_clean()
    account.save()
    return account


def create_api_key(
    account: Account,
    *,
    name: str,
    scopes: Iterable[str] = DEFAULT_SCOPES,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, KeyText]:
    """Create an API key for `account`, and return its row and its text.

    The secret is not stored, so the text cannot be shown again. Raise Django's ValidationError if the name or
    a scope is not valid."""
    text = generate_key()
    api_key = ApiKey(
        account=account,
        name=name,
        prefix=text.prefix,
        secret_sha256=hash_secret(text.secret),
        signing_secret=encrypt(derive_signing_secret(text.secret)),
        scopes=sorted(set(scopes)),
        expires_at=expires_at,
    )
    api_key.full_clean()
    api_key.save()
    return api_key, text


def revoke(api_key: ApiKey) -> None:
    """Revoke a key. If it is revoked already, keep the time of the first revocation."""
    valid_keys = ApiKey.objects.filter(pk=api_key.pk, revoked_at=None)
    valid_keys.update(revoked_at=timezone.now())


def record_use(api_key: ApiKey) -> None:
    """Store the time of use, at most once a minute, so that not every request writes to the database."""
    now = timezone.now()
    is_due = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
    # While Postgres is read-only the write fails, but requests that only read are still served.
    with suppress(Error):
        ApiKey.objects.filter(is_due, pk=api_key.pk).update(last_used_at=now)


def delete_expired_requests(requests: Sequence[IdempotentRequest]) -> None:
    """Delete those of `requests` that have expired and that no retry has begun anew since they were read."""
    request_ids = [request.pk for request in requests]
    IdempotentRequest.objects.filter(pk__in=request_ids, expires_at__lt=Now()).delete()


def remember_login(user: User, network: str) -> None:
    """Store that an operator has logged in from a network. Forget the oldest if there are too many."""
    now = timezone.now()
    KnownLogin.objects.update_or_create(
        user=user,
        address_hmac=_hmac(network, settings.SECRET_KEY),
        defaults={"last_login_at": now},
    )
    known_logins = KnownLogin.objects.filter(user=user)
    newest = known_logins.order_by("-last_login_at").values("pk")[:_MAX_KNOWN_LOGINS]
    known_logins.exclude(pk__in=newest).delete()


def has_logged_in_from(name: str, network: str) -> bool:
    """Return whether an operator has logged in from a network, also under an earlier SECRET_KEY."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    hmacs = [_hmac(network, secret) for secret in secrets]
    return KnownLogin.objects.filter(user__username=name, address_hmac__in=hmacs).exists()


def _hmac(network: str, secret: str) -> str:
    return salted_hmac(
        "accounts.services.known_logins", network, secret=secret, algorithm="sha256"
    ).hexdigest()
