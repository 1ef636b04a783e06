"""The list of an image's renditions, their hits, and their purge."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from images.models import Rendition
from images.storage import ObjectStorage
from tests.conftest import Api, body, make_api
from tests.support import images as made

PNG = made.encoded("png")


def ledger(api: Api, path: str, query: str = "") -> Any:
    answer = api.get(f"{path}/renditions{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


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


def test_pages_are_complete_while_rows_go(api: Api) -> None:
    path = api.stored(PNG)
    for width in range(1, 8):
        body(api.get(f"{path}.png?w={width}"))
    first = ledger(api, path, "?limit=3")
    Rendition.objects.filter(pk=first["renditions"][-1]["id"]).delete()
    second = ledger(api, path, f"?limit=3&cursor={first['next']}")
    third = ledger(api, path, f"?limit=3&cursor={second['next']}")
    widths = [it["width"] for page in (first, second, third) for it in page["renditions"]]
    assert (widths, third["next"]) == ([1, 2, 3, 4, 5, 6, 7], None)
    assert ledger(api, path, "?limit=6")["next"] is None


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("?limit=0", "/limit"),
        ("?limit=1001", "/limit"),
        ("?limit=ten", "/limit"),
        ("?limit=%C2%B2", "/limit"),
        ("?limit=", "/limit"),
        ("?limit=00000000010000", "/limit"),
        (f"?limit=0000000001{'0' * 5_000}", "/limit"),
        ("?cursor=", "/cursor"),
        ("?cursor=nonsense", "/cursor"),
        ("?cursor=_________w", "/cursor"),
        ("?cursor=AAAAAAAAAAE%3D", "/cursor"),
        ("?limit=1&limit=2", "/limit"),
        ("?page=2", "/page"),
    ],
)
def test_bad_queries(api: Api, query: str, pointer: str) -> None:
    answer = api.get(f"{api.stored(PNG)}/renditions{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert answer.json()["pointer"] == pointer


def test_belongs_to_the_account(api: Api, other_api: Api, anonymous: Api) -> None:
    path = f"{api.stored(PNG, query='?visibility=public')}"
    body(api.get(f"{path}.png"))
    reader = make_api("reader", scopes=["read"])
    for method, refused in (("GET", [404, 401, 404]), ("DELETE", [404, 401, 403])):
        answers = [who.request(method, f"{path}/renditions") for who in (other_api, anonymous, reader)]
        assert [answer.status_code for answer in answers] == refused
    assert Rendition.objects.count() == 1


def test_names_other_images_by_id_where_they_are_the_owners(api: Api, other_api: Api) -> None:
    """A hash would tell of the bytes of another account's private image."""
    path, logo = api.stored(PNG, query="?visibility=public"), made.encoded("png", made.translucent(24, 16))
    ids = [who.stored(logo).rpartition("/")[2] for who in (api, other_api)]
    secret = other_api.stored(made.encoded("gif")).rpartition("/")[2]
    for who, image_id, x in ((api, ids[0], 0), (other_api, ids[1], 1), (other_api, secret, 2)):
        assert who.get(f"{path}.png?transform=composite:image={image_id},x={x}").status_code == 200
    kept = ledger(api, path)["renditions"]
    named = [rendition["transform"]["operations"][0]["image"] for rendition in kept]
    assert named == [ids[0], None, None]
    assert "sha256" not in api.get(f"{path}/renditions").content.decode()


def test_purge_takes_renditions_alone(api: Api, storage: ObjectStorage) -> None:
    path = api.stored(PNG)
    delivered = [body(api.get(f"{path}.png?w={width}")) for width in (5, 6)]
    names = [row.storage_name for row in Rendition.objects.all()]
    assert api.request("DELETE", f"{path}/renditions").status_code == 204
    assert ledger(api, path) == {"renditions": [], "next": None}
    assert [name for name in names if storage.find_object(name)] == []
    assert api.request("DELETE", f"{path}/renditions").status_code == 204
    assert api.request("DELETE", f"{path}/renditions?all=1").status_code == 400
    assert body(api.get(path)) == PNG
    assert [body(api.get(f"{path}.png?w={width}")) for width in (5, 6)] == delivered
