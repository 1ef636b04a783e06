"""Originals are read from storage; one that is lost is our fault."""

import pytest

from images.models import Image, Rendition
from images.storage import ObjectStorage
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.fixture
def path(api: Api, storage: ObjectStorage) -> str:
    return api.stored(PNG)


def test_lost_original_is_no_404(api: Api, path: str, storage: ObjectStorage) -> None:
    """F-5: a missing object is the server's fault, and no cache may keep the answer."""
    storage.delete(Image.objects.get().storage_name)
    for answer in (api.get(path), api.get(f"{path}.gif")):
        assert (answer.status_code, answer.json()["code"]) == (502, "object_missing")
        assert answer["Cache-Control"] == "no-store"
    assert not Rendition.objects.exists()
