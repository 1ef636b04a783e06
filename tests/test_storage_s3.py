"""Storage in S3: the sha256 is checked on arrival, and an endpoint that is away is an error of the tree."""

import hashlib
import io

import pytest
from botocore.exceptions import EndpointConnectionError

from images.ids import uuid7
from images.storage import ObjectStorage, S3ObjectStorage, originals
from progimage.errors import Unavailable
from tests.conftest import skip_or_fail
from tests.support.servers import S3_MISSING_REASON

CONTENT = bytes(range(256)) * 1_000


@pytest.fixture
def name() -> str:
    return f"originals/ab/{uuid7()}"


def put(store: ObjectStorage, name: str, content: bytes = CONTENT) -> None:
    store.put(name, io.BytesIO(content), sha256=hashlib.sha256(content).hexdigest())


def test_s3_checks_what_arrives(name: str) -> None:
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    with pytest.raises(Unavailable):
        originals().put(name, io.BytesIO(CONTENT), sha256=hashlib.sha256(b"other").hexdigest())


def test_s3_that_is_away(name: str) -> None:
    store = S3ObjectStorage(
        bucket_name="x", endpoint_url="http://127.0.0.1:1", access_key="a", secret_key="b"
    )
    for attempt in (lambda: store.open_range(name), store.check, lambda: put(store, name)):
        with pytest.raises(Unavailable) as caught:
            attempt()
        assert isinstance(caught.value.__cause__, EndpointConnectionError)
