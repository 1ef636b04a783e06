"""The only writers of accounts and keys: commands, admin and start-up call these."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts.keys.encryption import encrypt
from accounts.keys.key_text import KeyText, generate_key, hash_secret
from accounts.models import Account, ApiKey, IdempotentRequest, Scope
from progimage.signing import derive_signing_secret

DEFAULT_SCOPES = (Scope.READ, Scope.WRITE)
_LAST_USED_EVERY = timedelta(minutes=1)


def create_account(name: str) -> Account:
    """Raises django.core.exceptions.ValidationError for a name that is empty, too long or taken."""
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
    """Make a key for `account`. Its text is returned this once and cannot be had again.

    Raises django.core.exceptions.ValidationError."""
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
    """End a key. Revoking it again keeps the first time."""
    ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=timezone.now())


def note_use(api_key: ApiKey) -> None:
    """Remember when a key was used, to the minute: not a write for each request."""
    now = timezone.now()
    if api_key.last_used_at is not None and now - api_key.last_used_at < _LAST_USED_EVERY:
        return
    is_due = Q(last_used_at=None) | Q(last_used_at__lt=now - _LAST_USED_EVERY)
    with suppress(Error):  # a request that only reads is served while nothing can be written
        ApiKey.objects.filter(is_due, pk=api_key.pk).update(last_used_at=now)


def delete_expired(requests: Sequence[IdempotentRequest]) -> None:
    """Delete those of `requests` that have expired and that no retry has begun anew since they were read."""
    request_ids = [request.pk for request in requests]
    IdempotentRequest.objects.filter(pk__in=request_ids, expires_at__lt=Now()).delete()
