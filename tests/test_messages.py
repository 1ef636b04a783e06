"""Messages to clients: they speak JSON, name what may have been meant, and list all that is allowed."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from rest_framework import serializers

from config.http.problems import as_problem
from images.api.serializers.archives import ArchiveSerializer
from images.api.serializers.descriptions import ChangeSerializer, DescriptionSerializer
from images.api.serializers.renditions import LedgerPageSerializer
from images.api.serializers.selection import ImagesPageSerializer
from images.api.serializers.upload_urls import TermsSerializer
from progimage.errors import ParameterError
from progimage.operations import Output, operations
from progimage.operations.operation import ParameterSet
from progimage.text_form import parse_text
from progimage.transform import Transform
from tests.conftest import Api
from tests.support import images as made
from tests.support.archives import MISSING
from tests.support.transform_requests import send_form, send_json, send_raw

PNG = made.encoded("png")
WRONG: list[Any] = [
    None, True, False, -1, 1.5, 10**30, "", "x", "a\0", "1", [], [None], [[1], True], {}, {"a": None}, "x" * 300,
]  # fmt: skip
OF_PYTHON = re.compile(r"NoneType|\b(None|True|False|dict|list|str|bool|int|float|tuple)\b|<class|or nothing")
OF_DRF = re.compile(r"^(This |Not a valid|Must be|Ensure |Null |Invalid )")


def check_detail(detail: str) -> None:
    assert not OF_PYTHON.search(detail), detail
    assert not OF_DRF.search(detail), detail
    assert detail.startswith("Expected "), detail


@pytest.mark.parametrize("owner", [*operations().values(), Output], ids=lambda owner: owner.name)
def test_no_parameter_speaks_python(owner: type[ParameterSet]) -> None:
    example = {"op": owner.name} if owner is not Output else {}
    for name in owner.parameters():
        for value in WRONG:
            members = example | {name: value}
            document = {"output": members} if owner is Output else {"operations": [members]}
            try:
                Transform.from_dict(document)
            except ParameterError as error:
                check_detail(error.message)


@pytest.mark.parametrize("value", WRONG, ids=repr)
def test_no_place_of_a_transform_speaks_python(value: Any) -> None:
    for document in (
        value, {"operations": value}, {"operations": [value]}, {"operations": [{"op": value}]}, {"output": value},
    ):  # fmt: skip
        try:
            Transform.from_dict(document)
        except ParameterError as error:
            check_detail(error.message)


SERIALIZERS = {
    "upload": DescriptionSerializer,
    "change": ChangeSerializer,
    "one-time URL": TermsSerializer,
    "archive": ArchiveSerializer,
    "list": ImagesPageSerializer,
    "ledger": LedgerPageSerializer,
}
OF_QUERIES = ("upload", "list", "ledger")


@pytest.mark.parametrize("body", SERIALIZERS)
def test_no_member_speaks_python(body: str) -> None:
    """In JSON, and as a text in a query or a form."""
    serializer = SERIALIZERS[body]
    for name in map(str, serializer().fields):
        for value in WRONG:
            text = value if isinstance(value, str) else json.dumps(value)
            in_query = [QueryDict(urlencode({name: text}))] if body in OF_QUERIES else []
            for data in ({name: value}, *in_query):
                with suppress(ParameterError):
                    check_serializer(serializer(data=data, partial=serializer is ChangeSerializer))


def check_serializer(serializer: serializers.Serializer) -> None:
    try:
        serializer.is_valid(raise_exception=True)
    except serializers.ValidationError as error:
        problem = as_problem(error)
        assert problem is not None
        check_detail(problem.message)


@pytest.mark.parametrize("name", ["url", "id", "store", "transform"])
def test_no_member_of_a_request_speaks_python(api: Api, name: str) -> None:
    for value in WRONG[:14]:
        for path in ("/transforms", "/images"):
            beside = {"id": MISSING} if name in ("store", "transform") else {}
            answer = send_json(api, path, beside | {name: value})
            if answer.status_code == 400:
                check_detail(answer.json()["detail"])


@pytest.mark.parametrize("value", [None, True, 1.5, "x", [], [None]], ids=repr)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/images"), ("POST", "/transforms"), ("POST", "/uploads"), ("POST", "/images/archive"), ("PATCH", f"/images/{MISSING}")],
)  # fmt: skip
def test_no_body_speaks_python(api: Api, method: str, path: str, value: Any) -> None:
    answer = api.request(method, path, data=json.dumps(value).encode(), content_type="application/json")
    if answer.status_code == 400:
        check_detail(answer.json()["detail"])


UNKNOWN: dict[str, tuple[Callable[[Api], Any], str, str]] = {
    "query of an image": (lambda api: api.get(f"/images/{MISSING}.png?widht=3"), "/widht", "width"),
    "format in the query": (lambda api: api.get(f"/images/{MISSING}?formt=png"), "/formt", "format"),
    "download": (lambda api: api.get(f"/images/{MISSING}?downlod=a"), "/downlod", "download"),
    "an operation in text": (
        lambda api: api.get(f"/images/{MISSING}.png?transform=grayscal"), "/operations/0/op", "grayscale"),
    "a parameter in text": (
        lambda api: api.get(f"/images/{MISSING}.png?transform=blur:sigm=3"), "/operations/0/sigm", "sigma"),
    "a short name of an operation's": (lambda api: send_raw(api, "/transforms/thumbnail?w=100"), "/w", "width"),
    "a parameter of the path's operation": (lambda api: send_raw(api, "/transforms/blur?sigm=1"), "/sigm", "sigma"),
    "an output's": (lambda api: send_raw(api, "/transforms?qualty=1"), "/qualty", "quality"),
    "a flag": (lambda api: send_raw(api, "/transforms?stor=true"), "/stor", "store"),
    "an operation in JSON": (
        lambda api: send_json(api, "/transforms", {"id": MISSING, "transform": {"operations": [{"op": "resise"}]}}),
        "/transform/operations/0/op", "resize"),
    "a parameter in JSON": (
        lambda api: send_json(
            api, "/transforms", {"id": MISSING, "transform": {"operations": [{"op": "resize", "widht": 3}]}}),
        "/transform/operations/0/widht", "width"),
    "a member of a transform": (
        lambda api: send_json(api, "/transforms", {"id": MISSING, "transform": {"operation": []}}),
        "/transform/operation", "operations"),
    "a member of an output": (
        lambda api: send_json(api, "/transforms", {"id": MISSING, "transform": {"output": {"fromat": "png"}}}),
        "/transform/output/fromat", "format"),
    "a member, and the source is missing": (
        lambda api: send_json(api, "/transforms", {"transfrom": {}}), "/transfrom", "transform"),
    "a member of an upload, and the URL is missing": (
        lambda api: send_json(api, "/images", {"ulr": "http://a.example"}), "/ulr", "url"),
    "a field of an image": (
        lambda api: api.request("PATCH", f"/images/{MISSING}", data='{"tag": []}', content_type="application/json"),
        "/tag", "tags"),
    "a field of a form, and the file is missing": (
        lambda api: send_form(api, "/images", {}, visiblity="public"), "/visiblity", "visibility"),
    "a field of a transform's form": (
        lambda api: send_form(api, "/transforms", {}, transfrom="grayscale"), "/transfrom", "transform"),
    "a part of a form": (lambda api: send_form(api, "/images", {"files": PNG}), "/file", "file"),
    "a part of a transform's form": (lambda api: send_form(api, "/transforms", {"fil": PNG}), "/file", "file"),
    "query of raw bytes": (lambda api: api.upload(PNG, query="?tag=a"), "/tag", "tags"),
    "a filter": (lambda api: api.get("/images?min_with=3"), "/min_with", "min_width"),
    "a filter in JSON": (
        lambda api: send_json(api, "/images/archive", {"query": {"tags": ["a"]}}), "/query/tags", "tag"),
    "a term": (lambda api: send_json(api, "/uploads", {"max_byte": 3}), "/max_byte", "max_bytes"),
    "a deletion": (lambda api: api.request("DELETE", f"/images/{MISSING}?purg=true"), "/purg", "purge"),
    "a choice": (lambda api: api.get(f"/images/{MISSING}.png?w=3&fit=covr"), "/fit", "cover"),
    "a choice of a field": (lambda api: api.get("/images?visibility=publc"), "/visibility", "public"),
}  # fmt: skip


@pytest.mark.parametrize("place", UNKNOWN)
def test_what_may_have_been_meant_is_named(api: Api, place: str) -> None:
    send, pointer, meant = UNKNOWN[place]
    answer = send(api)
    assert (answer.status_code, answer.json()["pointer"]) == (400, pointer), answer.json()
    assert answer.json()["detail"].endswith(f"did you mean '{meant}'?")


@pytest.mark.parametrize(
    ("path", "status", "meant"),
    [("/transforms/resise", 404, "resize"), (f"/images/{MISSING}.jepg", 415, "jpg")],
)
def test_so_is_a_path(api: Api, path: str, status: int, meant: str) -> None:
    answer = send_raw(api, path) if status == 404 else api.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(f": did you mean '{meant}'?")


@pytest.mark.parametrize(
    ("send", "names"),
    [
        (
            lambda api: api.get(f"/images/{MISSING}.png?zzz=1"),
            {"w", "width", "h", "height", "fit", "transform", "format", "fm", "q", "quality", "download", "v", "effort"},
        ),
        (
            lambda api: send_raw(api, "/transforms?zzz=1"),
            {"w", "width", "transform", "format", "store", "tags", "visibility", "filename", "replaces", "metadata"},
        ),
        (
            lambda api: send_raw(api, "/transforms/thumbnail?zzz=1"),
            {"width", "height", "gravity", "format", "fm", "quality", "store", "tags"},
        ),
        (lambda api: send_json(api, "/transforms", {"zzz": 1}), {"url", "id", "transform", "store", "tags"}),
        (lambda api: send_json(api, "/images", {"zzz": 1}), {"url", "tags", "metadata", "visibility", "filename"}),
    ],
    ids=["image", "raw transform", "operation", "JSON transform", "JSON upload"],
)  # fmt: skip
def test_all_that_is_allowed_is_listed(api: Api, send: Callable[[Api], Any], names: set[str]) -> None:
    detail = send(api).json()["detail"]
    listed = re.fullmatch(r"Expected one of (.*) but received 'zzz'", detail)
    assert listed, detail
    assert names <= set(listed[1].split(", "))


SHARES = ["crop:width=0.5", "crop:height=0.5", "crop:left=0.5", "crop:left=0,width=0.9,height=0.9"]


@pytest.mark.parametrize("text", SHARES)
def test_a_crop_by_shares_needs_its_unit(text: str) -> None:
    with pytest.raises(ParameterError, match=r"add unit=ratio$") as refusal:
        parse_text(text)
    assert refusal.value.pointer.startswith("/operations/0/")
    parse_text(f"{text},unit=ratio")


@pytest.mark.parametrize(
    "text",
    ["crop:width=1,height=1", "crop:left=0.5,width=20", "crop:left=0,top=0,width=1.5", "crop:aspect_ratio=1"],
)
def test_a_crop_in_px_needs_none(text: str) -> None:
    parse_text(text)


def test_a_crop_by_shares_is_refused_by_every_door(api: Api) -> None:
    path = f"/images/{MISSING}.png?transform=crop:width=0.5,height=0.5"
    in_json = {"id": MISSING, "transform": {"operations": [{"op": "crop", "width": 0.5, "height": 0.5}]}}
    for answer, pointer in (
        (api.get(path), "/operations/0/width"),
        (send_raw(api, "/transforms/crop?width=0.5&height=0.5"), "/width"),
        (send_json(api, "/transforms", in_json), "/transform/operations/0/width"),
    ):
        assert (answer.status_code, answer.json()["pointer"]) == (400, pointer)
        assert "unit=ratio" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/images", "GET, POST, HEAD, OPTIONS"),
        ("POST", f"/images/{MISSING}", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("GET", "/transforms", "POST, OPTIONS"),
        ("PROPFIND", f"/images/{MISSING}.png", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_is_not_allowed(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(
        answer.json()["detail"].removeprefix("Expected one of ").partition(" here ")[0].split(", ")
    ) == set(allowed.split(", "))
    assert answer.json()["detail"].endswith(f"but received {method}")
    assert set(answer["Allow"].split(", ")) == set(allowed.split(", "))
