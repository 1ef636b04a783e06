"""`eager` beside uploads, and the transforms of POST /images/<uuid>/renditions: spellings, limits, pointers."""

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.functions import Now

from images import tasks
from images.api.requests.eager_transforms import read_transforms
from images.models import Image, Rendition
from images.services import storing, worker_messages
from progimage.errors import ParameterError
from progimage.text_form import parse_query
from progimage.transform import Transform
from tests.conftest import Api
from tests.support import images as made
from tests.support.ahead import WEBP, ask_ahead, told, work
from tests.support.deletion import LONG_AGO, sweep
from tests.support.listing import ledger
from tests.support.remote_servers import open_the_way, respond, serve
from tests.support.renders import failing
from tests.support.upload_urls import open_upload, path_of, put

PNG = made.encoded("png")
JPEG = made.encoded("jpeg")
DOCUMENT = {"operations": [{"op": "resize", "width": 30}], "output": {"format": "webp", "quality": 70}}
MISSING = "01890000-0000-7000-8000-000000000000"
COMPOSITE = {"operations": [{"op": "composite", "image": MISSING}]}


@pytest.mark.parametrize(
    "spelling",
    [
        DOCUMENT,
        json.dumps(DOCUMENT),
        f"\n {json.dumps(DOCUMENT)} ",
        "w=30&format=webp&q=70",
        "?width=30&fm=webp&quality=70",
        "transform=resize:width=30&format=webp&q=70",
        "transform=resize%3Awidth%3D30&format=webp&q=70",
    ],
)
def test_spellings_of_one_transform(spelling: object) -> None:
    (ahead,) = read_transforms([spelling])
    assert ahead.transform == Transform.from_dict(DOCUMENT)


def test_the_text_form_is_no_query() -> None:
    texts = ["resize:width=30", "grayscale", "rotate:90/sharpen:sigma=1"]
    assert [ahead.transform for ahead in read_transforms(texts)] == [
        parse_query([("transform", text)]) for text in texts
    ]


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        pytest.param(7, "", id="no transform"),
        pytest.param(None, "", id="null"),
        pytest.param("", "", id="nothing"),
        pytest.param(" ", "", id="white space"),
        pytest.param("{", "", id="half JSON"),
        pytest.param("[]", "", id="an array"),
        pytest.param("solarize", "/operations/0/op", id="unknown operation"),
        pytest.param("grayscale/resize:width=0", "/operations/1/width", id="text form"),
        pytest.param({"operations": [{"op": "resize", "width": 0}]}, "/operations/0/width", id="JSON"),
        pytest.param({"steps": []}, "/steps", id="unknown member"),
        pytest.param("w=0&format=webp", "/w", id="query"),
        pytest.param("w=3&w=4&format=webp", "/w", id="query that repeats a name"),
        pytest.param("w=3&v=2", "/v", id="a name of URLs alone"),
        pytest.param("w=3&format=auto", "/format", id="auto in a query"),
        pytest.param("w=3&fm=auto", "/fm", id="auto by its short name"),
        pytest.param({"output": {"format": "auto"}}, "/output/format", id="auto in JSON"),
        pytest.param("&".join(f"a{number}=1" for number in range(101)), "", id="too many parameters"),
    ],
)
def test_pointers_lead_to_the_transform(value: object, pointer: str) -> None:
    with pytest.raises(ParameterError) as raised:
        read_transforms([WEBP, value])
    assert raised.value.pointer == f"/eager/1{pointer}"


def test_twenty_and_no_more(api: Api) -> None:
    path = api.stored(PNG)
    widths = [f"w={width}&format=webp" for width in range(1, 22)]
    assert len(ask_ahead(api, path, *widths[:20]).json()["renditions"]) == 20
    refused = ask_ahead(api, path, *widths)
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/transforms")
    assert Rendition.objects.count() == 20
    query = "&".join(f"eager={width.replace('&', '%26')}" for width in widths)
    refused = api.upload(PNG, query=f"?{query}")
    assert (refused.status_code, refused.json()["pointer"]) == (400, "/eager")


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({}, "/transforms"),
        ({"transforms": []}, "/transforms"),
        ({"transforms": None}, "/transforms"),
        ({"transforms": WEBP}, "/transforms"),
        ({"transforms": [WEBP], "format": "webp"}, "/format"),
    ],
)
def test_bodies_that_are_refused(api: Api, content: Any, pointer: str) -> None:
    path = api.stored(PNG)
    answer = api.request(
        "POST", f"{path}/renditions", data=json.dumps(content).encode(), content_type="application/json"
    )
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)


def test_no_format_is_that_of_the_original(api: Api) -> None:
    path = api.stored(JPEG)
    ask_ahead(api, path, "resize:width=9")
    work()
    assert api.get(f"{path}.jpg?w=9").status_code == 200
    assert [row.attempts for row in Rendition.objects.all()] == [1]


def named(name: str, content: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def formats(api: Api, path: str) -> list[tuple[str, str]]:
    return [(entry["format"], entry["state"]) for entry in ledger(api, path)["renditions"]]


WAITING = [("webp", "waiting"), ("png", "waiting")]


class TestUploads:
    def test_raw(self, api: Api) -> None:
        path = api.stored(PNG, query="?eager=w%3D5%26format%3Dwebp&eager=grayscale&tags=a")
        assert formats(api, path) == WAITING
        assert len(told()) == 2
        assert Image.objects.get().tags.get().name == "a"

    def test_form(self, api: Api) -> None:
        answer = api.upload_form(file=named("a.png", PNG), eager=["w=5&format=webp", json.dumps({})])
        assert answer.status_code == 201
        assert formats(api, f"/images/{answer.json()['id']}") == WAITING

    def test_each_file_of_a_form(self, api: Api) -> None:
        files = [named("a.png", PNG), named("b.jpg", JPEG), named("c.png", b"no image")]
        answer = api.upload_form(file=files, eager=["w=5&format=webp", "w=5&format=png"])
        results = answer.json()["results"]
        assert [result["status"] for result in results] == [201, 201, 415]
        for result in results[:2]:
            assert formats(api, f"/images/{result['image']['id']}") == WAITING
        assert len(told()) == 4

    def test_address(self, api: Api, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with serve() as remote:
            open_the_way(settings, monkeypatch, remote)
            remote.answers["/hill.png"] = respond(PNG, "Content-Type: image/png")
            content = {"url": remote.url("/hill.png"), "eager": ["w=5&format=webp", {}]}
            answer = api.request(
                "POST", "/images", data=json.dumps(content).encode(), content_type="application/json"
            )
        assert answer.status_code == 201
        assert formats(api, f"/images/{answer.json()['id']}") == WAITING

    def test_workers_make_them(self, api: Api) -> None:
        path = api.stored(PNG, query="?eager=w%3D5%26format%3Dwebp")
        work()
        assert formats(api, path) == [("webp", "ready")]
        assert api.get(f"{path}.webp?w=5").status_code == 200
        assert Rendition.objects.get().attempts == 1

    def test_a_retry_makes_nothing_twice(self, api: Api) -> None:
        headers = {"Idempotency-Key": "once"}

        def send(eager: str) -> Any:
            path = f"/images?eager={eager}"
            return api.request("POST", path, data=PNG, content_type="image/png", headers=headers)

        first = send("grayscale")
        assert first.status_code == 201
        assert send("grayscale").json() == first.json()
        assert Rendition.objects.count() == 1
        assert send("invert").status_code == 422

    def test_a_crash_before_the_end_loses_none(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sweep ends the upload, and the renditions that it was to have are sent to the workers."""
        with monkeypatch.context() as crashing:
            crashing.setattr(storing, "finish", failing(RuntimeError("killed")))
            assert api.upload(PNG, query="?eager=grayscale").status_code == 500
        Rendition.objects.update(due_at=Now() - LONG_AGO)
        assert (tasks.send_waiting(), told()) == (0, [])
        Image.objects.update(created_at=Now() - LONG_AGO)
        assert sweep("abandoned uploads") == 1
        sent: list[int] = []
        monkeypatch.setattr(worker_messages, "send_renditions", sent.extend)
        assert tasks.send_waiting() == 1
        tasks.make_renditions(sent)
        assert Rendition.objects.get().state == "ready"

    @pytest.mark.parametrize("eager", ["w=0&format=webp", "format=auto"])
    def test_nothing_is_stored_if_one_is_wrong(self, api: Api, eager: str) -> None:
        for files in ([named("a.png", PNG)], [named("a.png", PNG), named("b.png", PNG)]):
            answer = api.upload_form(file=files, eager=["grayscale", eager])
            assert answer.status_code == 400
            assert answer.json()["pointer"].startswith("/eager/1/")
        assert not Image.objects.exists()

    def test_nothing_is_stored_if_another_image_is_missing(self, api: Api) -> None:
        for files in ([named("a.png", PNG)], [named("a.png", PNG), named("b.png", PNG)]):
            answer = api.upload_form(file=files, eager=["grayscale", json.dumps(COMPOSITE)])
            assert answer.status_code == 404
            assert answer.json()["pointer"] == "/eager/1/operations/0/image"
        assert not Image.objects.exists()

    def test_what_a_format_cannot_have_is_told_before_anything_is_stored(self, api: Api) -> None:
        answer = api.upload_form(file=named("a.png", PNG), eager=["w=5&format=gif&hdr=keep"])
        assert answer.status_code == 400
        assert answer.json()["pointer"] == "/eager/0/hdr"
        assert not Image.objects.exists()

    def test_derived_images_take_none(self, api: Api) -> None:
        answer = api.request(
            "POST", "/transforms?store=true&eager=grayscale", data=PNG, content_type="image/png"
        )
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/eager")


class TestUploadUrls:
    def test_renditions_of_its_image(self, api: Api) -> None:
        made_url = open_upload(api, eager=["w=5&format=webp", DOCUMENT]).json()
        assert put(path_of(made_url["url"])).status_code == 201
        path = f"/images/{made_url['id']}"
        assert formats(api, path) == [("webp", "waiting"), ("webp", "waiting")]
        work()
        assert formats(api, path) == [("webp", "ready"), ("webp", "ready")]

    @pytest.mark.parametrize(
        ("eager", "status", "pointer"),
        [
            (["grayscale", "w=0&format=webp"], 400, "/eager/1/w"),
            (["grayscale"] * 21, 400, "/eager"),
            (None, 400, "/eager"),
            ("grayscale", 400, "/eager"),
            ([COMPOSITE], 404, "/eager/0/operations/0/image"),
        ],
    )
    def test_refused_when_it_is_made(self, api: Api, eager: Any, status: int, pointer: str) -> None:
        answer = open_upload(api, eager=eager)
        assert (answer.status_code, answer.json()["pointer"]) == (status, pointer)

    def test_an_image_that_went_meanwhile_does_not_harm_the_upload(self, api: Api) -> None:
        logo = api.stored(PNG).rpartition("/")[2]
        composite = {"operations": [{"op": "composite", "image": logo}], "output": {"format": "png"}}
        made_url = open_upload(api, eager=[composite, "w=5&format=webp"]).json()
        assert api.request("DELETE", f"/images/{logo}").status_code == 204
        assert put(path_of(made_url["url"])).status_code == 201
        assert formats(api, f"/images/{made_url['id']}") == [("webp", "waiting")]
