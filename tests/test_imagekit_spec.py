"""A rendition as ImageKit knows it: its names, and that ImageKit reads its bytes."""

import uuid
from typing import Any

import pytest
from imagekit.cachefiles import ImageCacheFile
from imagekit.registry import generator_registry

from images.models import Image, Rendition
from images.renditions.imagekit_spec import SPEC_ID, RenditionSpec
from images.storage import renditions
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")


class TestNames:
    def test_names_come_from_ids_and_the_cache_key_alone(self) -> None:
        """ImageKit's own names are pickles of class paths: they move when a class does."""

        class MovedSpec(RenditionSpec):
            """As if the class had got another name in another module."""

        row = Rendition(
            image=Image(id=uuid.UUID("01890000-0000-7000-8000-0000000000ab")),
            cache_key="c0ffee",
            format="jpeg",
        )
        expected = "renditions/ab/01890000-0000-7000-8000-0000000000ab/c0ffee.jpg"
        for spec in (RenditionSpec(source=row), MovedSpec(source=row)):
            assert ImageCacheFile(spec).name == expected
            assert spec.get_hash() == "c0ffee"

    def test_spec_is_registered(self) -> None:
        """An unregistered spec's strategy never fires."""
        assert isinstance(generator_registry.get(SPEC_ID, source=Rendition()), RenditionSpec)

    def test_imagekit_reads_what_delivery_wrote(self, api: Api) -> None:
        delivered = body(api.get(f"{api.stored(PNG)}.png?w=9"))
        file = ImageCacheFile(generator_registry.get(SPEC_ID, source=Rendition.objects.get()))
        assert file.read() == delivered
        assert bool(file)


def test_every_renditions_bytes_came_through_imagekit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[str] = []
    written: list[tuple[str, bool]] = []
    generate, put = ImageCacheFile._generate, type(renditions()).put

    def watched_generate(file: ImageCacheFile) -> None:
        inside.append(file.name)
        generate(file)
        inside.remove(file.name)

    def watched_put(store: Any, name: str, *args: Any, **kwargs: Any) -> None:
        written.append((name, name in inside))
        put(store, name, *args, **kwargs)

    monkeypatch.setattr(ImageCacheFile, "_generate", watched_generate)
    monkeypatch.setattr(type(renditions()), "put", watched_put)
    path = api.stored(PNG)
    for suffix in (".jpg", ".png", ".webp?w=5", ".gif?transform=resize:4", ".jpg"):
        body(api.get(path + suffix))
    made_by_imagekit = [name for name, was_inside in written if was_inside]
    assert made_by_imagekit == [row.storage_name for row in Rendition.objects.all()]
    assert [name for name, was_inside in written if not was_inside] == [Image.objects.get().storage_name]
