"""POST /images/archive: many images as one streamed zip."""

import io
import json
import re
import threading
import tracemalloc
from contextlib import ExitStack, closing
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zipfile import BadZipFile, ZipFile

import pytest

from images.delivery import zip_stream
from images.models import Image, Rendition
from images.renditions.sources import Recipe
from images.services import hit_counts
from images.storage import ObjectStorage
from progimage.errors import Unavailable
from progimage.transform import Transform
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.drift import replace

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


def errors_in(manifest: list[dict[str, Any]]) -> list[str | None]:
    return [entry.get("error", {}).get("code") for entry in manifest]


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
        ({"transform": ""}, None),
        ({"ids": None}, "/ids"),
        ({"ids": [None]}, "/ids/0"),
        ({"ids": [1 << 120]}, "/ids/0"),
        ({"ids": [MISSING.replace("-", "")]}, "/ids/0"),
        ({"ids": [f"urn:uuid:{MISSING}"]}, "/ids/0"),
        ({"ids": [f"{{{MISSING}}}"]}, "/ids/0"),
        ({"query": None}, "/query"),
        ({"query": {"tag": None}}, "/query/tag"),
        ({"query": {"format": None}}, "/query/format"),
        ({"query": {"sha256": None}}, "/query/sha256"),
        ({"ids": [MISSING], "format": "svg"}, "/format"),
        ({"ids": [MISSING], "format": "heic"}, "/format"),
        ({"ids": [MISSING], "format": None}, "/format"),
        ({"ids": [MISSING], "transform": None}, "/transform"),
        ({"ids": [MISSING], "transform": "turn:angle=90"}, "/transform/operations/0/op"),
        ({"ids": [MISSING], "transform": {"operations": [{"op": "resize", "width": 0}]}},
         "/transform/operations/0/width"),
        ({"ids": [MISSING], "transform": {"output": {"format": "auto"}}}, "/transform/output/format"),
        ({"ids": [MISSING], "transform": {"output": {"format": "png"}}, "format": "jpg"},
         "/transform/output/format"),
        ({"ids": [MISSING], "transform": 7}, "/transform"),
        ({"ids": [MISSING], "names": []}, "/names"),
    ],
)  # fmt: skip
def test_wrong_request_is_refused(api: Api, asked: dict[str, Any], pointer: str | None) -> None:
    answer = ask(api, **asked)
    assert (answer.status_code, answer.json().get("pointer")) == (400, pointer)
    assert answer.json()["detail"].startswith("Expected ")


@pytest.mark.parametrize("extension", ["jpg", "jpeg"])
def test_format_is_named_by_any_of_its_extensions(api: Api, extension: str) -> None:
    """Of renditions, and of originals that are looked for."""
    png, jpeg = stored(api, made.encoded("png")), stored(api, made.encoded("jpeg"))
    transform = {"output": {"format": "jpeg"}}
    found, _ = members(ask(api, ids=[png.upper()], format=extension, transform=transform))
    assert list(found.values()) == [body(api.get(f"/images/{png}.jpg"))]
    _, manifest = members(ask(api, query={"format": extension}))
    listed = api.get(f"/images?format={extension}").json()["images"]
    assert [entry["id"] for entry in manifest] == [image["id"] for image in listed] == [jpeg]


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


@pytest.mark.parametrize("options", [{}, {"format": "gif"}], ids=["original", "rendition"])
def test_what_cannot_be_had_is_named_in_the_manifest(
    api: Api, storage: ObjectStorage, options: dict[str, str]
) -> None:
    lost, kept = stored(api, made.encoded("png")), stored(api, made.encoded("png"))
    storage.delete(Image.objects.get(pk=lost).storage_name)
    found, manifest = members(ask(api, ids=[lost, kept], **options))
    assert errors_in(manifest) == ["object_missing", None]
    assert len(found) == 1
    assert Image.objects.get(missing_at__isnull=False).pk == UUID(lost)


def test_lost_rendition_is_rendered_again(api: Api, storage: ObjectStorage) -> None:
    image_id = stored(api, made.encoded("png"))
    first = body(api.get(f"/images/{image_id}.gif"))
    storage.delete(Rendition.objects.get().storage_name)
    found, _ = members(ask(api, ids=[image_id], format="gif"))
    assert list(found.values()) == [first]


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


def test_renditions_that_are_sent_are_hits(api: Api) -> None:
    ids = [stored(api, made.encoded("png")) for _ in range(2)]
    api.request("HEAD", f"/images/{ids[0]}.gif")
    members(ask(api, ids=ids, format="gif"))
    hit_counts.flush()
    assert list(Rendition.objects.values_list("hits", flat=True)) == [1, 1]


def test_places_are_few_for_an_account_and_for_all(api: Api, other_api: Api, settings: Any) -> None:
    settings.ARCHIVE_STREAMS = 3
    with ExitStack() as unread:
        statuses = []
        for account in (api.account, api.account, other_api.account):
            unread.enter_context(closing(zip_stream.stream_archive([], account, None)))
            statuses.append([ask(caller, query={}).status_code for caller in (api, other_api)])
        assert statuses == [[200, 200], [503, 200], [503, 503]]
    assert {ask(caller, query={}).status_code for caller in (api, other_api)} == {200}


def test_places_of_an_account_are_given_back(api: Api, settings: Any) -> None:
    image_id = stored(api, made.encoded("png"))
    ids = [UUID(image_id)]
    of_account = range(settings.ARCHIVE_STREAMS_PER_ACCOUNT)
    sent = [zip_stream.stream_archive(ids, api.account, None) for _ in of_account]
    refused = ask(api, ids=[image_id])
    assert (refused.status_code, refused["Retry-After"]) == (503, "10")
    sent[0].close()  # unread, as when a client goes away
    assert members(ask(api, ids=[image_id]))
    for chunks in sent[1:]:
        assert len(b"".join(chunks)) > 100


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
