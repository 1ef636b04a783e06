"""manage.py create_bucket."""

from typing import Any

import pytest
from django.core.management import call_command

from images.ids import uuid7
from images.storage import originals
from tests.conftest import skip_or_fail
from tests.support.servers import S3_MISSING_REASON
from tests.support.storage_markers import marker_is_restored

__all__ = ["marker_is_restored"]


@pytest.mark.django_db
@pytest.mark.usefixtures("marker_is_restored")
def test_bucket_is_created_once(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    if S3_MISSING_REASON:
        skip_or_fail(S3_MISSING_REASON)
    options = settings.STORAGES["originals"]["OPTIONS"] | {"bucket_name": f"made-{uuid7()}"}
    s3 = {"BACKEND": "images.storage.S3ObjectStorage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"originals": s3}
    for said in ("Created the bucket", "There already is the bucket"):
        call_command("create_bucket")
        assert capsys.readouterr().out.startswith(said)
    store: Any = originals()
    store.check()
    # SeaweedFS gives each bucket volumes of its own, of which it has a few dozen.
    store.client.delete_bucket(Bucket=store.bucket_name)
