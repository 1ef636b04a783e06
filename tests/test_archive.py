"""POST /images/archive: many images as one streamed zip."""

import io
import json
import re
import tracemalloc
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zipfile import ZipFile

import pytest

from images import archiving
from images.models import Image
from images.storage import ObjectStorage
from tests import images as made
from tests.conftest import Api, body

MISSING = "01890000-0000-7000-8000-000000000000"
ZIP = "application/zip"


def ask(api: Api, **body: Any) -> Any:
    return api.request("POST", "/images/archive", data=json.dumps(body), content_type="application/json")


def stored(api: Api, content: bytes, **query: str) -> str:
    return api.stored(
        content, query="?" + "&".join(f"{name}={quote(value)}" for name, value in query.items())
    ).rpartition("/")[2]


def members(answer: Any) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    assert (answer.status_code, answer["Content-Type"]) == (200, ZIP)
    with ZipFile(io.BytesIO(body(answer))) as archive:
        assert archive.testzip() is None
        contents = {name: archive.read(name) for name in archive.namelist()}
    return contents, json.loads(contents.pop("manifest.json"))


def test_originals_in_the_order_of_the_ids(api: Api, storage: ObjectStorage) -> None:
    contents = [made.encoded("png"), made.encoded("jpeg"), made.encoded("webp")]
    ids = [stored(api, content) for content in contents]
    found, manifest = members(ask(api, ids=ids))
    assert list(found.values()) == contents
    assert list(found) == [
        f"{image_id}.{extension}" for image_id, extension in zip(ids, ("png", "jpg", "webp"), strict=True)
    ]
    assert [entry["id"] for entry in manifest] == ids
    assert [entry["bytes"] for entry in manifest] == [len(content) for content in contents]


def test_renditions_are_those_of_a_get(api: Api, storage: ObjectStorage) -> None:
    ids = [stored(api, made.encoded("png")), stored(api, made.encoded("jpeg"))]
    found, manifest = members(ask(api, ids=ids, format="webp", transform="resize:width=30"))
    fetched = [body(api.get(f"/images/{image_id}.webp?w=30")) for image_id in ids]
    assert list(found.values()) == fetched
    assert {entry["width"] for entry in manifest} == {30}


def test_transform_as_json_keeps_each_ones_format(api: Api) -> None:
    ids = [stored(api, made.encoded("png")), stored(api, made.encoded("jpeg"))]
    found, _ = members(ask(api, ids=ids, transform={"operations": [{"op": "resize", "width": 10}]}))
    assert [name.rpartition(".")[2] for name in found] == ["png", "jpg"]


def test_query_finds_them_newest_first(api: Api, other_api: Api) -> None:
    first, _, third = (stored(api, made.encoded("png"), tags=tag) for tag in ("a", "b", "a"))
    stored(other_api, made.encoded("png"), tags="a")
    _, manifest = members(ask(api, query={"tag": "a"}))
    assert [entry["id"] for entry in manifest] == [third, first]


def test_nothing_found_is_an_empty_zip(api: Api) -> None:
    assert members(ask(api, query={"tag": "nothing"})) == ({}, [])


def test_an_id_named_twice_is_sent_once(api: Api) -> None:
    image_id = stored(api, made.encoded("png"))
    assert len(members(ask(api, ids=[image_id, image_id]))[0]) == 1


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({}, None),
        ({"ids": [MISSING], "query": {}}, None),
        ({"ids": []}, "/ids"),
        ({"ids": ["x"]}, "/ids/0"),
        ({"ids": "all"}, "/ids"),
        ({"ids": [MISSING] * 10_001}, "/ids"),
        ({"query": {"tags": "a"}}, "/query/tags"),
        ({"query": []}, "/query"),
        ({"query": [None, None]}, "/query"),
        ({"query": None}, "/query"),
        ({"ids": [MISSING], "format": "svg"}, "/format"),
        ({"ids": [MISSING], "transform": "turn:angle=90"}, "/operations/0/op"),
        ({"ids": [MISSING], "transform": {"output": {"format": "auto"}}}, "/transform/output/format"),
        ({"ids": [MISSING], "transform": 7}, None),
        ({"ids": [MISSING], "names": []}, "/names"),
    ],
)
def test_wrong_request_is_refused(api: Api, asked: dict[str, Any], pointer: str | None) -> None:
    answer = ask(api, **asked)
    assert (answer.status_code, answer.json().get("pointer")) == (400, pointer)


def test_foreign_id_is_as_a_missing_one_before_anything_is_sent(api: Api, other_api: Api) -> None:
    foreign = stored(other_api, made.encoded("png"))
    own = stored(api, made.encoded("png"))
    for image_id in (foreign, MISSING):
        answer = ask(api, ids=[own, image_id])
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            f"There is no image with the id {image_id}",
        )


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd", "a\\b.png", "..", "=1+1", "ü" * 255, "x.png.exe", ".hidden"]
)
def test_names_in_the_zip_are_inert(api: Api, filename: str) -> None:
    """WEB-5: no path, no leading point, the extension of what it is, unique by its id."""
    image_id = stored(api, made.encoded("png"), filename=filename)
    (name,), manifest = members(ask(api, ids=[image_id]))
    assert name.endswith(f"{image_id}.png")
    assert re.fullmatch(r"[\w()-][\w.()-]*", name)
    assert len(name.encode()) < 255
    assert manifest[0]["filename"] == filename


def test_what_cannot_be_had_is_named_in_the_manifest(api: Api, storage: ObjectStorage) -> None:
    lost, kept = stored(api, made.encoded("png")), stored(api, made.encoded("png"))
    storage.delete(Image.objects.get(pk=lost).storage_name)
    found, manifest = members(ask(api, ids=[lost, kept]))
    assert [entry.get("error", {}).get("code") for entry in manifest] == ["object_missing", None]
    assert len(found) == 1


def test_image_deleted_while_others_are_sent(api: Api) -> None:
    ids = [stored(api, made.encoded("png")) for _ in range(2)]
    account = api.account
    chunks = archiving.stream_archive([Image.objects.get(pk=image_id).pk for image_id in ids], account, None)
    Image.objects.filter(pk=ids[1]).update(state=Image.State.DELETED)
    with ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert [entry.get("error", {}).get("code") for entry in manifest] == [None, "not_found"]


def test_places_are_few_and_given_back(api: Api, settings: Any) -> None:
    image_id = stored(api, made.encoded("png"))
    ids = [Image.objects.get(pk=image_id).pk]
    sent = [archiving.stream_archive(ids, api.account, None) for _ in range(settings.ARCHIVE_STREAMS)]
    refused = ask(api, ids=[image_id])
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    sent[0].close()  # type: ignore[attr-defined]  # unread, as when a client goes away
    assert members(ask(api, ids=[image_id]))
    for chunks in sent[1:]:
        assert len(b"".join(chunks)) > 100


def test_memory_does_not_grow_with_the_archive(api: Api) -> None:
    content = made.encoded("bmp", made.picture(1_000, 700))  # 2.1 MB
    ids = [UUID(stored(api, content)) for _ in range(8)]
    chunks = archiving.stream_archive(ids, api.account, None)
    tracemalloc.start()
    total = sum(len(chunk) for chunk in chunks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 16_000_000
    assert peak < 4_000_000
