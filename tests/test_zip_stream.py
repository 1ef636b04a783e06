"""The zip as it is streamed: its names, its manifest, and how it ends if something fails."""

import io
import json
import re
import threading
import tracemalloc
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import pytest

from images.delivery import zip_stream
from images.models import Image, Rendition
from images.receiving.filenames import clean_filename
from images.renditions.sources import Recipe
from images.storage import ObjectStorage
from progimage.errors import NotFound, ProgImageError, Unavailable
from progimage.transform import Transform
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import ask, errors_in, members, stored
from tests.support.drift import replace

Spoil = Callable[[ObjectStorage, str], None]


def delete(storage: ObjectStorage, name: str) -> None:
    storage.delete(name)


def cut_short(storage: ObjectStorage, name: str) -> None:
    with storage.open_range(name) as content:
        replace(storage, name, content.read()[:-1])


def recipe_of(format: str) -> Recipe:
    return Recipe(Transform.from_dict({"output": {"format": format}}))


def read(ids: Sequence[UUID], api: Api, recipe: Recipe | None = None) -> bytes:
    archive = zip_stream.open_archive(ids, api.account, recipe)
    content = b"".join(archive.stream)
    assert len(content) == archive.length
    return content


def manifest_of(content: bytes) -> list[dict[str, Any]]:
    with ZipFile(io.BytesIO(content)) as archive:
        manifest: list[dict[str, Any]] = json.loads(archive.read("manifest.json"))
    return manifest


@pytest.mark.parametrize(
    "filename",
    ["../../etc/passwd", "a\\b.png", "..", "=1+1", "ü" * 255, "x.png.exe", ".hidden", "a\u202egnp.exe"],
)
def test_names_in_the_zip_are_inert(api: Api, filename: str) -> None:
    """WEB-5: no path, no leading point, the extension of its format, unique by its id."""
    image_id = stored(api, made.encoded("png"), filename=filename)
    (name,), manifest = members(ask(api, ids=[image_id]))
    assert name.endswith(f"{image_id}.png")
    assert re.fullmatch(r"[\w()-][\w.()-]*", name)
    assert len(name.encode()) < 255
    assert manifest[0]["filename"] == clean_filename(filename)


@pytest.mark.parametrize("spoil", [delete, cut_short], ids=["missing", "cut short"])
@pytest.mark.parametrize("format", [None, "gif"], ids=["original", "rendition"])
def test_what_cannot_be_sent_breaks_off_and_the_repetition_names_it(
    api: Api, storage: ObjectStorage, spoil: Spoil, format: str | None
) -> None:
    """No reader takes what was sent for a whole zip, and no second archive fails for the same reason."""
    ids = [UUID(stored(api, made.encoded("png"))) for _ in range(2)]
    recipe = recipe_of(format) if format else None
    spoiled = Image.objects.get(pk=ids[1])
    if recipe:
        read(ids, api, recipe)
        spoil(storage, Rendition.objects.get(image=spoiled).storage_name)
    spoil(storage, spoiled.storage_name)
    with pytest.raises(ProgImageError):
        read(ids, api, recipe)
    assert errors_in(manifest_of(read(ids, api, recipe))) == [None, "object_missing"]


def test_image_deleted_while_others_are_sent(api: Api) -> None:
    ids = [UUID(stored(api, made.encoded("png"))) for _ in range(3)]
    archive = zip_stream.open_archive(ids, api.account, None)
    sent = [next(archive.stream)]
    Image.objects.filter(pk=ids[1]).update(state=Image.State.DELETED)
    with pytest.raises(NotFound):
        sent.extend(archive.stream)
    assert sum(map(len, sent)) < archive.length
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(b"".join(sent)))
    assert errors_in(manifest_of(read(ids, api))) == [None, "not_found", None]


def test_rendition_with_other_bytes_than_planned_breaks_off(api: Api) -> None:
    """Its length and its hash were said already."""
    image_id = UUID(stored(api, made.encoded("png")))
    recipe = recipe_of("gif")
    archive = zip_stream.open_archive([image_id], api.account, recipe)
    Rendition.objects.update(sha256="0" * 64)
    with pytest.raises(Unavailable, match="made anew"):
        b"".join(archive.stream)


@pytest.mark.parametrize(
    ("timeout_s", "is_refused"), [(5, False), (0.5, True)], ids=["for a while", "for too long"]
)
def test_busy_renderers_are_waited_for(api: Api, settings: Any, timeout_s: float, is_refused: bool) -> None:
    image_id = UUID(stored(api, made.encoded("png")))
    settings.RENDITION_WAITERS, settings.RENDER_TIMEOUT_S = 0, timeout_s
    calm = threading.Timer(0.6, setattr, (settings, "RENDITION_WAITERS", 1))
    calm.start()
    try:
        with pytest.raises(Unavailable) if is_refused else nullcontext():
            assert errors_in(manifest_of(read([image_id], api, recipe_of("gif")))) == [None]
    finally:
        calm.join()


def test_memory_does_not_grow_with_the_archive(api: Api) -> None:
    content = made.encoded("bmp", made.picture(1_000, 700))  # 2.1 MB
    ids = [UUID(stored(api, content)) for _ in range(8)]
    chunks = zip_stream.open_archive(ids, api.account, None).stream
    tracemalloc.start()
    total = sum(len(chunk) for chunk in chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 16_000_000
    assert peak < 4_000_000
