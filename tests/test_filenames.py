"""WEB-5: file names follow one rule, whichever way they come or go."""

import io
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import pytest

from images.models import Image
from images.receiving.filenames import clean_filename
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.archives import ask
from tests.support.remote_servers import Remote, respond
from tests.support.transform_requests import id_of, remote, send_form, send_json
from tests.support.upload_urls import open_upload, path_of, put

__all__ = ["remote"]
PNG = made.encoded("png")

NAMES = [
    ("cat.png", "cat.png"),
    ("  cat.png ", "cat.png"),
    ("../../etc/cat.png", "cat.png"),
    ("C:\\fakepath\\cat.png", "cat.png"),
    ("cat\r\n.png\x7f\x85", "cat.png"),
    ("cat\u202egnp.exe", "catgnp.exe"),
    ("\u2066cat\u2069\u200f\u061c.png", "cat.png"),
    ("cat\u2028.png", "cat.png"),
    ("..", ""),
    ("\u202e", ""),
    ("k\u00e4tzchen \U0001f469\u200d\U0001f680.png", "k\u00e4tzchen \U0001f469\u200d\U0001f680.png"),
]


def _form(api: Api, name: str, remote: Remote) -> Any:
    head = f"--x\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''{quote(name)}\r\n\r\n"
    return api.upload(head.encode() + PNG + b"\r\n--x--\r\n", media_type="multipart/form-data; boundary=x")


def _form_field(api: Api, name: str, remote: Remote) -> Any:
    return send_form(api, "/images", {"file": PNG}, filename=name)


def _raw(api: Api, name: str, remote: Remote) -> Any:
    return api.upload(PNG, query=f"?filename={quote(name, safe='')}")


def _by_url(api: Api, name: str, remote: Remote) -> Any:
    path = f"/{quote(name, safe='')}"
    remote.answers[path] = respond(PNG)
    return send_json(api, "/images", {"url": remote.url(path)})


def _beside_url(api: Api, name: str, remote: Remote) -> Any:
    return send_json(api, "/images", {"url": remote.url("/a.png"), "filename": name})


def _patched(api: Api, name: str, remote: Remote) -> Any:
    path = f"/images/{id_of(api)}"
    return api.request("PATCH", path, data=json.dumps({"filename": name}), content_type="application/json")


def _one_time(api: Api, name: str, remote: Remote) -> Any:
    opened = open_upload(api, filename=name)
    return opened if opened.status_code != 201 else put(path_of(opened.json()["url"]))


def _result(api: Api, name: str, remote: Remote) -> Any:
    query = f"grayscale&store=true&filename={quote(name, safe='')}"
    return api.request("POST", f"/transforms?transform={query}", data=PNG, content_type="image/png")


DOORS: dict[str, Callable[[Api, str, Remote], Any]] = {
    "file of a form": _form,
    "field of a form": _form_field,
    "query of raw bytes": _raw,
    "last segment of a URL": _by_url,
    "member beside a URL": _beside_url,
    "PATCH": _patched,
    "one-time URL": _one_time,
    "result of a transform": _result,
}
every_door = pytest.mark.parametrize("door", DOORS)


@every_door
def test_names_are_stored_by_one_rule(api: Api, remote: Remote, door: str) -> None:
    for name, expected in NAMES:
        answer = DOORS[door](api, name, remote)
        assert answer.status_code in (200, 201), (name, answer.content)
        expected_here = expected or ("a.png" if door == "member beside a URL" else "")
        assert Image.objects.latest("id").filename == expected_here, name


@every_door
def test_nul_is_refused(api: Api, remote: Remote, door: str) -> None:
    answer = DOORS[door](api, "a\0.png", remote)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert "NUL" in answer.json()["detail"]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_names_are_sent_by_the_same_rule(api: Api, name: str, expected: str) -> None:
    """Also those of rows that are older than the rule."""
    image_id = id_of(api)
    answer = api.get(f"/images/{image_id}?download={quote(name, safe='')}")
    plain = api.get(f"/images/{image_id}?download={quote(expected)}")
    assert answer["Content-Disposition"] == plain["Content-Disposition"]
    Image.objects.filter(pk=image_id).update(filename=name)
    with ZipFile(io.BytesIO(body(ask(api, ids=[image_id])))) as archive:
        (manifest,) = json.loads(archive.read("manifest.json"))
    assert manifest["filename"] == expected
    assert manifest["file"].startswith(expected[:3])


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_the_rule(name: str, expected: str) -> None:
    assert clean_filename(name) == expected
    assert clean_filename(expected) == expected
