"""One-time upload URLs: a client without an API key may upload one image in the name of an account."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
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
    """The limits of one upload, and the transforms of the renditions that are made of its image.

    `expires_at` is in unix seconds."""

    max_bytes: int
    media_types: Sequence[str]
    expires_at: int
    eager: Sequence[Mapping[str, Any]] = ()


def open_upload(upload_id: UUID, *, api_key: ApiKey, terms: Terms, description: Description) -> UploadUrl:
    """Allow one upload of the image `upload_id`, and return the row of its URL.

    A repeated call returns the row of the first one. Raise PermissionDenied if the key cannot sign URLs."""
    _get_signing_secret(api_key)
    described = asdict(description)
    del described["replaces"]
    upload, _ = UploadUrl.objects.select_related("api_key").get_or_create(
        pk=upload_id,
        account=api_key.account,
        defaults={
            "api_key": api_key,
            "max_bytes": terms.max_bytes,
            "media_types": list(terms.media_types),
            "eager": list(terms.eager),
            "expires_at": datetime.fromtimestamp(terms.expires_at, UTC),
            "description": described,
        },
    )
    return upload


def sign(upload: UploadUrl) -> str:
    """Return the signed URL for the upload by PUT. Raise PermissionDenied if the key cannot sign URLs."""
    return sign_url_with(
        _get_signing_secret(upload.api_key),
        f"{settings.PUBLIC_URL}/uploads/{upload.pk}",
        key_id=upload.api_key.prefix,
        expires_at=int(upload.expires_at.timestamp()),
        method="PUT",
    )


@contextmanager
def uploading(upload_id: UUID, *, api_key: ApiKey) -> Iterator[UploadUrl]:
    """Hold a URL of `api_key` while its image is uploaded. The URL counts as used unless the block raises.

    Raise NotFound if there is no such URL, SignatureRefused if it has expired, AlreadyUsed if it has its
    image, InProgress if a concurrent request holds it."""
    upload = UploadUrl.objects.filter(pk=upload_id, api_key=api_key).select_related("account").first()
    if upload is None:
        raise NotFound("There is nothing at this address")
    unused = UploadUrl.objects.filter(pk=upload_id, used_at=None)
    is_free = Q(locked_until=None) | Q(locked_until__lte=Now())
    usable = unused.filter(is_free, expires_at__gt=Now())
    if not usable.update(locked_until=Now() + _LEASE):
        raise _refusal(upload)
    upload.refresh_from_db(fields=["locked_until"])
    try:
        yield upload
    except BaseException:
        unused.filter(locked_until=upload.locked_until).update(locked_until=None)
        raise
    unused.update(used_at=Now(), locked_until=None)


def expired_upload_urls() -> QuerySet[UploadUrl]:
    """Return the URLs that have expired and that no upload under way holds."""
    is_free = Q(locked_until=None) | Q(locked_until__lt=Now())
    return UploadUrl.objects.filter(is_free, expires_at__lt=Now()).order_by("expires_at")


def delete_expired_upload_urls(uploads: Sequence[UploadUrl]) -> None:
    """Delete those of `uploads` that have expired and are free."""
    upload_ids = [upload.pk for upload in uploads]
    expired_upload_urls().filter(pk__in=upload_ids).delete()


def _refusal(upload: UploadUrl) -> ProgImageError:
    """Return the error that says why the URL cannot be used now."""
    upload.refresh_from_db()
    if upload.used_at is not None:
        return AlreadyUsed("Expected a URL that has not been used: it has its image")
    if upload.expires_at <= datetime.now(UTC):
        return SignatureRefused("The URL has expired")
    return InProgress("Another upload to this URL is under way")


def _get_signing_secret(api_key: ApiKey) -> bytes:
    """Return the key's signing secret. Raise PermissionDenied if it cannot be decrypted."""
    secret = decrypt(api_key.signing_secret)
    if secret is None:
        raise PermissionDenied("Expected an API key that can sign URLs: this one cannot, make a new one")
    return secret
