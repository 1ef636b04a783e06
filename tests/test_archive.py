"""POST /images/archive: many images as one streamed zip."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from images.models import Image, Rendition
from images.services import hit_counts
from images.services.integrity import mark_missing
from images.storage import ObjectStorage
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.archives import MISSING, ask, errors_in, members, stored


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


@pytest.mark.parametrize("letter", ["x", "é", "日", "𠜎"], ids=["1 byte", "2 bytes", "3 bytes", "4 bytes"])
def test_no_name_is_longer_than_file_systems_allow(api: Api, tmp_path: Path, letter: str) -> None:
    content = made.encoded("png")
    image_id = stored(api, content, filename=f"{letter * 240}.png")
    answer = ask(api, ids=[image_id], format="tiff")
    with ZipFile(BytesIO(body(answer))) as archive:
        archive.extractall(tmp_path)
    (name,) = (path.name for path in tmp_path.glob("*.tiff"))
    assert name.startswith(letter * 30)
    assert name.endswith(f"-{image_id}.tiff")


def test_nothing_found_is_an_empty_zip(api: Api) -> None:
    assert members(ask(api, query={"tag": "nothing"})) == ({}, [])


def test_an_id_named_twice_is_sent_once(api: Api) -> None:
    image_id = stored(api, made.encoded("png"))
    assert len(members(ask(api, ids=[image_id, image_id]))[0]) == 1


def test_foreign_id_is_as_a_missing_one_before_anything_is_sent(api: Api, other_api: Api) -> None:
    foreign = stored(other_api, made.encoded("png"))
    own = stored(api, made.encoded("png"))
    for image_id in (foreign, MISSING):
        answer = ask(api, ids=[own, image_id])
        assert (answer.status_code, answer.json()["detail"], answer.json()["pointer"]) == (
            404,
            f"There is no image with the id {image_id}",
            "/ids",
        )


@pytest.mark.parametrize("options", [{}, {"format": "gif"}], ids=["original", "rendition"])
def test_what_cannot_be_had_is_named_in_the_manifest(
    api: Api, storage: ObjectStorage, options: dict[str, str]
) -> None:
    lost, kept = stored(api, made.encoded("png")), stored(api, made.encoded("png"))
    image = Image.objects.get(pk=lost)
    storage.delete(image.storage_name)
    mark_missing(image)
    found, manifest = members(ask(api, ids=[lost, kept], **options))
    assert errors_in(manifest) == ["object_missing", None]
    assert len(found) == 1


@pytest.mark.parametrize("options", [{}, {"format": "gif"}], ids=["originals", "renditions"])
def test_its_length_is_said_before_the_first_byte(api: Api, options: dict[str, str]) -> None:
    contents = [made.encoded("bmp", made.picture(200, 150)), made.encoded("jpeg")]
    ids = [stored(api, content, filename="ä ö.x") for content in contents]
    answer = ask(api, ids=ids, **options)
    assert answer["Content-Length"] == str(len(body(answer)))
    assert len(members(answer)[0]) == 2


def test_lost_rendition_is_rendered_again(api: Api, storage: ObjectStorage) -> None:
    image_id = stored(api, made.encoded("png"))
    first = body(api.get(f"/images/{image_id}.gif"))
    storage.delete(Rendition.objects.get().storage_name)
    found, _ = members(ask(api, ids=[image_id], format="gif"))
    assert list(found.values()) == [first]


def test_renditions_that_are_sent_are_hits(api: Api) -> None:
    ids = [stored(api, made.encoded("png")) for _ in range(2)]
    api.request("HEAD", f"/images/{ids[0]}.gif")
    members(ask(api, ids=ids, format="gif"))
    hit_counts.flush()
    assert list(Rendition.objects.values_list("hits", flat=True)) == [1, 1]
