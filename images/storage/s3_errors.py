"""Errors of S3: the exceptions that the storage promises, and a sentence for the operator.

A client learns that the storage is away. The log and `create_storage` also name the endpoint, the bucket and
the setting to change."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from progimage.errors import Unavailable

log = logging.getLogger("progimage.storage")

NOT_FOUND_CODES = {"404", "NoSuchKey", "NotFound"}
EXISTS_CODES = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
NO_BUCKET = "NoSuchBucket"

_NO_KEY = "knows no such access key: correct S3_ACCESS_KEY_ID"
_DENIED = (
    "refuses this access key: allow it to list the bucket, and to read, write and delete its objects, "
    "or correct S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"
)
_NO_PLACE = "has no such bucket: correct S3_BUCKET, or run manage.py create_storage"
_BAD_NAME = "accepts no bucket of this name: correct S3_BUCKET"
_OTHER_REGION = "expects another region: correct S3_REGION"
_NO_TLS = "speaks no TLS: set S3_ENDPOINT_URL to the address with http://"
_UNTRUSTED = "has a certificate that is not trusted: correct S3_ENDPOINT_URL, or set AWS_CA_BUNDLE"
_ADVICE = {
    "InvalidAccessKeyId": _NO_KEY,
    "XAdminUserNotFound": _NO_KEY,  # VersityGW
    "SignatureDoesNotMatch": "does not accept the signature: correct S3_SECRET_ACCESS_KEY",
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "403": _DENIED,
    "ExpiredToken": "refuses credentials that have expired: renew the role or profile",
    NO_BUCKET: _NO_PLACE,
    "404": _NO_PLACE,
    "InvalidBucketName": _BAD_NAME,
    "BucketAlreadyExists": "has a bucket of this name that belongs to another account: correct S3_BUCKET",
    "PermanentRedirect": _OTHER_REGION,
    "301": _OTHER_REGION,
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "InvalidLocationConstraint": _OTHER_REGION,
    "IllegalLocationConstraintException": _OTHER_REGION,
    "RequestTimeTooSkewed": "reads another time: set the clock of this machine or of that one",
    "NotImplemented": "lacks an ability: set S3_ENDPOINT_URL to another server",
}
_WRONG_SETTINGS = (
    ConfigNotFound,
    ConfigParseError,
    CredentialRetrievalError,
    InvalidConfigError,
    ProfileNotFound,
)
"""Variables such as AWS_PROFILE, and the files that they name."""


@dataclass(frozen=True)
class Place:
    """The bucket of a storage, and the server that has it."""

    bucket: str
    endpoint: str | None

    def __str__(self) -> str:
        return f"{self.endpoint or 'AWS'} (S3_ENDPOINT_URL, bucket {self.bucket})"


@contextmanager
def s3_errors(place: Place, name: str) -> Iterator[None]:
    """Raise FileExistsError, FileNotFoundError or Unavailable for boto3's errors."""
    try:
        yield
    except ClientError as error:
        code = code_of(error)
        if code in EXISTS_CODES:
            raise FileExistsError(name) from error
        if code in NOT_FOUND_CODES:
            raise FileNotFoundError(name) from error
        log.warning("storage refuses a request: %s", explain(place, error))
        raise Unavailable(f"The storage refused a request ({code})", retry_after_s=5) from error
    except BotoCoreError as error:
        log.warning("storage does not answer: %s", explain(place, error))
        raise Unavailable("The storage does not answer", retry_after_s=5) from error


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(place: Place, error: BaseException | None) -> str:
    """Return a sentence with the endpoint, the bucket and the setting to change."""
    if isinstance(error, ClientError):
        code = code_of(error)
        advice = _ADVICE.get(code, "refused a request: see the log of that server")
        return f"{place} {advice} ({code})"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{place} needs credentials: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY"
    if isinstance(error, SSLError):
        return f"{place} {_NO_TLS if 'WRONG_VERSION_NUMBER' in str(error) else _UNTRUSTED}"
    if isinstance(error, ParamValidationError):
        return f"{place} {_BAD_NAME}"
    if isinstance(error, _WRONG_SETTINGS):
        return f"{place} is not asked, because boto3 does not accept its own settings: {error}"
    return f"{place} does not answer: correct S3_ENDPOINT_URL, or start that server ({type(error).__name__})"
