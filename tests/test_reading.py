"""Originals are read from storage; one that is lost is our fault."""

from pathlib import Path
from typing import Any

import pytest

from images.models import Image, Rendition
from images.services.reading import original_path
from images.storage import ObjectStorage
from progimage.errors import NotFound, ObjectMissing
from tests.conftest import Api, use_disk
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


class TestOriginalPath:
    """A file that is missing within the context is the original only if its path says so."""

    @pytest.mark.usefixtures("path")
    def test_another_missing_file(self) -> None:
        with pytest.raises(FileNotFoundError, match="another"), original_path(Image.objects.get()):
            raise FileNotFoundError("another")
        assert Image.objects.get().missing_at is None

    @pytest.mark.parametrize(
        ("state", "error"), [("ready", ObjectMissing), ("purging", NotFound)], ids=["lost", "purged"]
    )
    def test_original_that_goes_meanwhile(
        self, api: Api, settings: Any, tmp_path: Path, state: str, error: type[Exception]
    ) -> None:
        use_disk(settings, tmp_path)
        api.stored(PNG)
        image = Image.objects.get()

        def lose(original: Path) -> None:
            Image.objects.update(state=state)
            original.unlink()
            original.open()

        with pytest.raises(error), original_path(image) as original:
            lose(original)
        assert (Image.objects.get().missing_at is not None) == (state == "ready")
