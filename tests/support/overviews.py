"""Large originals with photograph-like pixels, and their overviews."""

from functools import cache
from typing import Any

from PIL import Image as Pillow

from images.models import Image, Overview
from images.storage import renditions
from images.upkeep.overview_making import make_waiting
from tests.conftest import Api
from tests.support import images as made
from tests.support.deletion import id_of
from tests.support.transform_requests import send_json

COVER = "w=100&h=100&fit=cover"
IMMUTABLE = "private, max-age=31536000, immutable"


@cache
def large_jpeg(quality: int = 92) -> bytes:
    """A photograph of 5 megapixels. At 92 an overview takes less than 30 % of its bytes, at 5 more.

    It is a tile four times: noise of its whole size takes seconds, in which Postgres would end the test."""
    tile = made.photograph(1_300, 1_000)
    picture = Pillow.new("RGB", (2_600, 2_000))
    for left in (0, 1_300):
        for top in (0, 1_000):
            picture.paste(tile, (left, top))
    return made.encoded("jpeg", picture, quality=quality)


def stored(api: Api, content: bytes | None = None) -> str:
    """Upload a large photograph and return its path."""
    path = api.upload(content or large_jpeg(), media_type="image/jpeg")
    assert path.status_code == 201, path.content
    return f"/images/{path.json()['id']}"


def stored_with_overview(api: Api, content: bytes | None = None) -> str:
    path = stored(api, content)
    assert make_waiting() == 1
    assert overview_of(path).state == Overview.State.READY
    return path


def overview_of(path: str) -> Overview:
    return Overview.objects.get(pk=id_of(path))


def image_of(path: str) -> Image:
    return Image.objects.get(pk=id_of(path))


def plan(api: Api, path: str, **transform: Any) -> Any:
    """Return the plan of a transform on a stored image."""
    answer = send_json(api, "/transforms/plan", {"id": str(id_of(path)), "transform": transform})
    assert answer.status_code == 200, answer.content
    return answer.json()


def key_and_caching(api: Api, path: str, query: str = COVER) -> tuple[str, str]:
    """Return the cache key and the caching of a JPEG whose URL has a version."""
    answer = api.get(f"{path}.jpg?{query}&v=1")
    assert answer.status_code == 200, answer.content
    return answer["Transform-Key"], answer["Cache-Control"]


def names_of_overviews(path: str) -> list[str]:
    listed = renditions().list_objects("overviews/")
    return [found.name for found in listed if str(id_of(path)) in found.name]
