"""The list of an image's renditions, their hits, and their purge."""

from urllib.parse import urlsplit

import pytest

from images.models import Rendition
from images.storage import ObjectStorage
from tests.conftest import Api, body, make_api
from tests.support import images as made
from tests.support.listing import ledger

PNG = made.encoded("png")


def local(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def test_says_what_is_known(api: Api) -> None:
    path = api.stored(PNG)
    delivered = body(api.get(f"{path}.jpg?w=30&q=70"))
    answer = api.get(f"{path}/renditions")
    (kept,) = answer.json()["renditions"]
    row = Rendition.objects.get()
    assert answer.json()["next"] is None
    assert answer["Cache-Control"] == "private, no-cache"
    created_at = kept.pop("created_at")
    assert created_at.startswith(row.created_at.strftime("%Y-%m-%dT%H:%M:%S"))
    assert kept.pop("last_accessed_at") >= created_at
    assert kept.pop("transform")["operations"][0]["width"] == 30
    assert kept == {
        "id": row.pk,
        "format": "jpeg",
        "media_type": "image/jpeg",
        "width": 30,
        "height": 20,
        "frames": 1,
        "bytes": len(delivered),
        "state": "ready",
        "hits": 1,
        "url": f"http://testserver{path}.jpg?transform=resize:width=30&quality=70&subsampling=4:2:0&background=%23ffffffff",
    }


@pytest.mark.parametrize(
    "asked",
    [
        ".png",
        ".gif",
        ".webp?lossless=true",
        ".jpg?w=30&h=9&fit=contain&background=red&progressive=true",
        ".avif?q=33&transform=resize:width=20/resize:width=10,dpr=2",
    ],
)
def test_url_is_of_the_same_rendition(api: Api, asked: str) -> None:
    path = api.stored(PNG)
    delivered = body(api.get(path + asked))
    (kept,) = ledger(api, path)["renditions"]
    assert body(api.get(local(kept["url"]))) == delivered
    assert [it["hits"] for it in ledger(api, path)["renditions"]] == [2]


def test_belongs_to_the_account(api: Api, other_api: Api, anonymous: Api) -> None:
    path = f"{api.stored(PNG, query='?visibility=public')}"
    body(api.get(f"{path}.png"))
    reader = make_api("reader", scopes=["read"])
    for method, refused in (("GET", [404, 401, 404]), ("DELETE", [404, 401, 403])):
        answers = [who.request(method, f"{path}/renditions") for who in (other_api, anonymous, reader)]
        assert [answer.status_code for answer in answers] == refused
    assert Rendition.objects.count() == 1


def test_purge_takes_renditions_alone(api: Api, storage: ObjectStorage) -> None:
    path = api.stored(PNG)
    delivered = [body(api.get(f"{path}.png?w={width}")) for width in (5, 6)]
    names = [row.storage_name for row in Rendition.objects.all()]
    assert api.request("DELETE", f"{path}/renditions").status_code == 204
    assert ledger(api, path) == {"renditions": [], "overview": None, "next": None}
    assert [name for name in names if storage.find_object(name)] == []
    assert api.request("DELETE", f"{path}/renditions").status_code == 204
    assert api.request("DELETE", f"{path}/renditions?all=1").status_code == 400
    assert body(api.get(path)) == PNG
    assert [body(api.get(f"{path}.png?w={width}")) for width in (5, 6)] == delivered
