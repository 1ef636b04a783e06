"""Errors of S3: an operator learns the endpoint, the bucket and the setting to change, a client that storage is away."""

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    InvalidConfigError,
    NoCredentialsError,
    ParamValidationError,
    ProfileNotFound,
    SSLError,
)
from django.core.management import CommandError, call_command

from images.storage.s3_errors import Place, explain, s3_errors
from progimage.errors import Unavailable
from tests.support.problems import lines
from tests.support.small_s3 import small_s3
from tests.support.storage_markers import marker_is_restored, use_s3

__all__ = ["lines", "marker_is_restored"]
PLACE = Place("pictures", "http://s3.example:9000")


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "No."}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "setting"),
    [
        (client_error("InvalidAccessKeyId"), "S3_ACCESS_KEY_ID"),
        (client_error("XAdminUserNotFound"), "S3_ACCESS_KEY_ID"),
        (client_error("SignatureDoesNotMatch"), "S3_SECRET_ACCESS_KEY"),
        (client_error("AccessDenied"), "S3_ACCESS_KEY_ID"),
        (client_error("NoSuchBucket"), "S3_BUCKET"),
        (client_error("InvalidBucketName"), "S3_BUCKET"),
        (client_error("AuthorizationHeaderMalformed"), "S3_REGION"),
        (client_error("PermanentRedirect"), "S3_REGION"),
        (client_error("RequestTimeTooSkewed"), "clock"),
        (client_error("InternalError"), "InternalError"),
        (NoCredentialsError(), "S3_ACCESS_KEY_ID"),
        (SSLError(endpoint_url="https://s3.example", error=OSError("self-signed")), "AWS_CA_BUNDLE"),
        (
            SSLError(endpoint_url="https://s3.example", error=OSError("[SSL: WRONG_VERSION_NUMBER]")),
            "http://",
        ),
        (ProfileNotFound(profile="shop"), "The config profile (shop) could not be found"),
        (InvalidConfigError(error_msg="AWS_X is empty"), "AWS_X is empty"),
        (ParamValidationError(report="Invalid bucket name"), "S3_BUCKET"),
        (ConnectTimeoutError(endpoint_url="http://s3.example:9000"), "S3_ENDPOINT_URL"),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else str(getattr(value, "response", type(value).__name__))[:60]
    ),
)
def test_operator_learns_what_to_change(error: Exception, setting: str, lines: list[dict[str, Any]]) -> None:
    sentence = explain(PLACE, error)
    assert sentence.startswith("http://s3.example:9000 (S3_ENDPOINT_URL, bucket pictures) ")
    assert setting in sentence.partition(")")[2]
    with pytest.raises(Unavailable) as refused, s3_errors(PLACE, "name"):
        raise error
    assert "pictures" not in refused.value.message
    (line,) = lines
    assert sentence in line["message"]
    assert "exception" not in line


@pytest.mark.django_db
@pytest.mark.usefixtures("marker_is_restored")
@pytest.mark.parametrize(
    ("refusal", "setting"),
    [
        ((403, "InvalidAccessKeyId"), "S3_ACCESS_KEY_ID"),
        ((403, "SignatureDoesNotMatch"), "S3_SECRET_ACCESS_KEY"),
    ],
)
def test_create_storage_says_so(settings: Any, refusal: tuple[int, str], setting: str) -> None:
    with small_s3(refusal=refusal) as server:
        use_s3(settings, endpoint_url=server.url, bucket_name="small")
        with pytest.raises(CommandError, match=setting) as refused:
            call_command("create_storage")
        assert str(refused.value).startswith(f"{server.url} (S3_ENDPOINT_URL, bucket small) ")
