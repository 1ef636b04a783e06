"""URLs by which whoever holds one may put one image, once, in an account's name."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from accounts.keys.encryption import decrypt
from accounts.models import ApiKey
from images.models import UploadUrl
from progimage.errors import (
    AlreadyUsed,
    InProgress,
    NotFound,
    PermissionDenied,
    ProgImageError,
    SignatureRefused,
)
from progimage.signing import sign_url_with

from .storing import Description

_LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Terms:
    """What may be put to a URL, and until when, in unix seconds."""

    max_bytes: int
    media_types: Sequence[str]
    expires_at: int


def open_upload(upload_id: UUID, *, api_key: ApiKey, terms: Terms, description: Description) -> UploadUrl:
    """Let one image with this id be put. Repeated it returns what is there.

    Raises PermissionDenied for a key that cannot sign."""
    _signing_secret(api_key)
    values = asdict(description)
    del values["replaces"]
    upload, _ = UploadUrl.objects.select_related("api_key").get_or_create(
        pk=upload_id,
        account=api_key.account,
        defaults={
            "api_key": api_key,
            "max_bytes": terms.max_bytes,
            "media_types": list(terms.media_types),
            "expires_at": datetime.fromtimestamp(terms.expires_at, UTC),
            "description": values,
        },
    )
    return upload


def sign(upload: UploadUrl) -> str:
    """Return the URL to put to. Raises PermissionDenied for a key that cannot sign."""
    return sign_url_with(
        _signing_secret(upload.api_key),
        f"{settings.PUBLIC_URL}/uploads/{upload.pk}",
        key_id=upload.api_key.prefix,
        expires_at=int(upload.expires_at.timestamp()),
        method="PUT",
    )


@contextmanager
def uploading(upload_id: UUID, *, api_key: ApiKey) -> Iterator[UploadUrl]:
    """Hold the right to put the image of a URL that `api_key` made. It is used up unless something is raised.

    Raises NotFound, SignatureRefused where it has expired, AlreadyUsed, InProgress."""
    upload = UploadUrl.objects.filter(pk=upload_id, api_key=api_key).select_related("account").first()
    if upload is None:
        raise NotFound("There is nothing at this address")
    is_free = Q(locked_until=None) | Q(locked_until__lte=Now())
    row = UploadUrl.objects.filter(pk=upload_id, used_at=None)
    if not row.filter(is_free, expires_at__gt=Now()).update(locked_until=Now() + _LEASE):
        raise _refusal(upload)
    upload.refresh_from_db(fields=["locked_until"])
    try:
        yield upload
    except BaseException:
        row.filter(locked_until=upload.locked_until).update(locked_until=None)
        raise
    row.update(used_at=Now(), locked_until=None)


def _refusal(upload: UploadUrl) -> ProgImageError:
    upload.refresh_from_db()
    if upload.used_at is not None:
        return AlreadyUsed("Expected a URL that has not been used: it has its image")
    if upload.expires_at <= datetime.now(UTC):
        return SignatureRefused("The URL has expired")
    return InProgress("Another upload to this URL is under way")


def _signing_secret(api_key: ApiKey) -> bytes:
    secret = decrypt(api_key.signing_secret)
    if secret is None:
        raise PermissionDenied("Expected a key that can sign URLs: this one cannot; make a new one")
    return secret
