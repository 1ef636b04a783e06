"""create_storage on S3 servers that lack an ability: it is named, with the endpoint, the bucket and the setting."""

import pytest
from django.core.management import CommandError, call_command

from images.storage import S3ObjectStorage, s3_probes
from images.storage.marker import MARKER
from progimage.errors import Unavailable
from tests.support.small_s3 import small_s3
from tests.support.storage_markers import marker_is_restored, use_s3

__all__ = ["marker_is_restored"]
LACKING = {
    "conditions": "refuse to overwrite an object (If-None-Match)",
    "checksums": "refuse bytes with another checksum (x-amz-checksum-sha256)",
    "ranges": "send a range of an object's bytes (Range)",
    "pages": "list more objects than fit into one response (ListObjectsV2)",
    "deletion": "remove an object (DeleteObject)",
    "many deletions": "remove several objects at once (DeleteObjects) (NotImplemented)",
}


def make_storage(url: str) -> S3ObjectStorage:
    return S3ObjectStorage(bucket_name="small", endpoint_url=url, access_key="a", secret_key="b")


def test_every_ability_is_probed() -> None:
    assert len(LACKING) == len(s3_probes._ABILITIES)


@pytest.mark.parametrize("lacks", LACKING)
def test_what_a_server_lacks_is_named(lacks: str) -> None:
    with small_s3(lacks=lacks) as server:
        with pytest.raises(Unavailable) as refused:
            make_storage(server.url)._probe()
        assert refused.value.message == (
            f"{server.url} (S3_ENDPOINT_URL, bucket small) cannot {LACKING[lacks]}, which ProgImage needs: "
            "name another server"
        )
        assert lacks == "deletion" or server.objects == {}


def test_server_with_every_ability_keeps_nothing_but_the_marker() -> None:
    with small_s3() as server:
        storage = make_storage(server.url)
        storage._probe()
        assert server.objects == {}
        storage._mark("someone")
        assert server.objects == {MARKER: b"someone"}
        assert storage.find_marker() == "someone"
        assert list(storage._list_objects("")) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("marker_is_restored")
def test_bucket_of_a_lacking_server_is_not_marked(settings: object) -> None:
    with small_s3(lacks="conditions") as server:
        use_s3(settings, endpoint_url=server.url, bucket_name="small")
        with pytest.raises(CommandError, match=r"cannot refuse to overwrite an object"):
            call_command("create_storage")
        assert MARKER not in server.objects
