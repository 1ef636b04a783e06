"""The zip as it is streamed: its names, its manifest, and how it ends if something fails."""

import io
import json
import re
import threading
import tracemalloc
from typing import Any
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import pytest

from images.delivery import zip_stream
from images.models import Image
from images.receiving.filenames import clean_filename
from images.renditions.sources import Recipe
from images.storage import ObjectStorage
from progimage.errors import Unavailable
from progimage.transform import Transform
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import ask, errors_in, members, stored
from tests.support.drift import replace


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


def test_original_that_is_cut_short_ends_the_stream(api: Api, storage: ObjectStorage) -> None:
    content = made.encoded("png")
    image = Image.objects.get(pk=stored(api, content))
    replace(storage, image.storage_name, content[:-1])
    sent: list[bytes] = []
    with pytest.raises(Unavailable, match="1 bytes before its end"):
        sent.extend(zip_stream.stream_archive([image.pk], api.account, None))
    with pytest.raises(BadZipFile):
        ZipFile(io.BytesIO(b"".join(sent)))


def test_image_deleted_while_others_are_sent(api: Api) -> None:
    ids = [UUID(stored(api, made.encoded("png"))) for _ in range(3)]
    stream = zip_stream.stream_archive(ids, api.account, None)
    sent = next(chunk for chunk in stream if chunk)
    Image.objects.filter(pk=ids[1]).update(state=Image.State.DELETED)
    with ZipFile(io.BytesIO(sent + b"".join(stream))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert errors_in(manifest) == [None, "not_found", None]


@pytest.mark.parametrize(
    ("timeout_s", "error"), [(5, None), (0.5, "unavailable")], ids=["for a while", "for too long"]
)
def test_busy_renderers_are_waited_for(api: Api, settings: Any, timeout_s: float, error: str | None) -> None:
    image_id = UUID(stored(api, made.encoded("png")))
    settings.RENDITION_WAITERS, settings.RENDER_TIMEOUT_S = 0, timeout_s
    recipe = Recipe(Transform.from_dict({"output": {"format": "gif"}}))
    calm = threading.Timer(0.6, setattr, (settings, "RENDITION_WAITERS", 1))
    calm.start()
    sent = b"".join(zip_stream.stream_archive([image_id], api.account, recipe))
    calm.join()
    with ZipFile(io.BytesIO(sent)) as archive:
        assert errors_in(json.loads(archive.read("manifest.json"))) == [error]


def test_memory_does_not_grow_with_the_archive(api: Api) -> None:
    content = made.encoded("bmp", made.picture(1_000, 700))  # 2.1 MB
    ids = [UUID(stored(api, content)) for _ in range(8)]
    chunks = zip_stream.stream_archive(ids, api.account, None)
    tracemalloc.start()
    total = sum(len(chunk) for chunk in chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 16_000_000
    assert peak < 4_000_000
