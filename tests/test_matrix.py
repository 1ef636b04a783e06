"""AUTH-1, AUTH-2: every endpoint by every kind of caller. The rows are held against the routes: a new endpoint
without a row fails."""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from progimage.signing import sign_url
from tests.conftest import Api, make_api
from tests.support import images as made

PNG = made.encoded("png")
MISSING = "01890000-0000-7000-8000-000000000000"
JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One endpoint, and the response to each kind of caller. `own` is a key with the scopes read and write."""

    method: str
    route: str
    own: int
    read: int
    """A key of the same account with the scope read alone."""
    write: int
    """A key of the same account with the scope write alone."""
    foreign: int
    """Another account's key with all scopes."""
    nobody: int = 401
    refused: int = 401
    """A key that is malformed, unknown, revoked, expired, or of an inactive account."""
    body: bytes = b""
    media_type: str = JSON
    query: str = ""
    operation: str = "grayscale"

    def __str__(self) -> str:
        return f"{self.method} {self.route}"

    def send(self, caller: Api, image_id: str, *, signed_by: Api | None = None) -> Any:
        path = "/" + self.route.replace("<uuid:image_id>", image_id).replace("<str:extension>", "webp")
        path = path.replace("<str:operation>", self.operation)
        path = path.replace("<uuid:upload_id>", MISSING)
        body = self.body.replace(b"IMAGE_ID", image_id.encode())
        content = {"data": body, "content_type": self.media_type} if body else {}
        url = path + self.query
        if signed_by:
            expires_at = int(time.time()) + 60
            url = sign_url(url, api_key=signed_by.key, expires_at=expires_at, method=self.method)
        return caller.request(self.method, url, **content)


def open_to_all(route: str) -> Row:
    return Row(method="GET", route=route, own=200, read=200, write=200, foreign=200, nobody=200, refused=200)


ROWS = (
    Row(method="GET", route="images", own=200, read=200, write=403, foreign=200),
    Row(
        method="POST",
        route="images",
        own=201,
        read=403,
        write=201,
        foreign=201,
        body=PNG,
        media_type="image/png",
    ),
    Row(
        method="POST",
        route="images/archive",
        own=200,
        read=200,
        write=403,
        foreign=404,
        body=b'{"ids": ["IMAGE_ID"]}',
    ),
    Row(method="GET", route="images/<uuid:image_id>", own=200, read=200, write=403, foreign=404),
    Row(
        method="PATCH",
        route="images/<uuid:image_id>",
        own=200,
        read=403,
        write=200,
        foreign=404,
        body=b'{"tags": ["a"]}',
    ),
    Row(method="DELETE", route="images/<uuid:image_id>", own=204, read=403, write=204, foreign=404),
    Row(method="GET", route="images/<uuid:image_id>.json", own=200, read=200, write=403, foreign=404),
    Row(
        method="GET",
        route="images/<uuid:image_id>.<str:extension>",
        own=200,
        read=200,
        write=403,
        foreign=404,
    ),
    Row(method="GET", route="images/<uuid:image_id>/renditions", own=200, read=200, write=403, foreign=404),
    Row(
        method="DELETE", route="images/<uuid:image_id>/renditions", own=204, read=403, write=204, foreign=404
    ),
    Row(
        method="POST",
        route="images/<uuid:image_id>/renditions",
        own=202,
        read=403,
        write=202,
        foreign=404,
        body=b'{"transforms": ["w=5&format=webp"]}',
    ),
    Row(method="POST", route="uploads", own=201, read=403, write=201, foreign=201, body=b"{}"),
    # Takes no key but a signature: tests/test_upload_urls.py.
    Row(
        method="PUT",
        route="uploads/<uuid:upload_id>",
        own=403,
        read=403,
        write=403,
        foreign=403,
        nobody=403,
        refused=403,
    ),
    *(
        Row(
            method="POST",
            route=f"transforms{suffix}",
            own=200,
            read=200,
            write=403,
            foreign=404,
            body=b'{"id": "IMAGE_ID"}',
        )
        for suffix in ("", "/plan", "/<str:operation>")
    ),
    Row(
        method="POST",
        route="transforms",
        own=201,
        read=403,
        write=403,
        foreign=201,
        body=PNG,
        media_type="image/png",
        query="?store=true",
    ),
    Row(
        method="POST",
        route="transforms/<str:operation>",
        own=404,
        read=404,
        write=403,
        foreign=404,
        operation="solarize",
    ),
    open_to_all(""),
    open_to_all("operations"),
    open_to_all("healthz"),
    open_to_all("readyz"),
    open_to_all("schema"),
    open_to_all("docs"),
    open_to_all("docs/errors"),
)


def endpoints() -> Iterator[tuple[str, str]]:
    """Each method and route of the URLconf; the admin has rights of its own, HEAD and OPTIONS follow from GET."""
    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "app_name", None) == "admin":
            continue
        for route in getattr(pattern, "url_patterns", [pattern]):
            assert isinstance(route, URLPattern)
            view = route.callback.view_class  # type: ignore[attr-defined]
            for method in ("get", "post", "put", "patch", "delete"):
                if hasattr(view, method):
                    yield method.upper(), str(route.pattern)


def test_every_endpoint_has_a_row() -> None:
    assert set(endpoints()) == {(row.method, row.route) for row in ROWS}


def key_of(api: Api, **options: Any) -> Api:
    return Api(api.account, str(services.create_api_key(api.account, name="another", **options)[1]))


def expired(api: Api) -> Api:
    caller = key_of(api)
    ApiKey.objects.filter(name="another").update(expires_at=timezone.now() - timedelta(seconds=1))
    return caller


def revoked(api: Api) -> Api:
    caller = key_of(api)
    services.revoke(ApiKey.objects.get(name="another"))
    return caller


def inactive(api: Api) -> Api:
    type(api.account).objects.update(is_active=False)
    return api


CALLERS: dict[str, tuple[Callable[[Api], Api], str]] = {
    "own key": (lambda api: api, "own"),
    "scope read": (lambda api: key_of(api, scopes=["read"]), "read"),
    "scope write": (lambda api: key_of(api, scopes=["write"]), "write"),
    "another account's key": (lambda _: make_api("mallory", scopes=["read", "write", "admin"]), "foreign"),
    "nobody": (lambda api: Api(api.account, ""), "nobody"),
    "malformed key": (lambda api: Api(api.account, "secret"), "refused"),
    "unknown key": (lambda api: Api(api.account, f"pi_aaaaaaaaaaaa.{'a' * 43}"), "refused"),
    "wrong secret": (lambda api: Api(api.account, api.key[:16] + "a" * 43), "refused"),
    "revoked key": (revoked, "refused"),
    "expired key": (expired, "refused"),
    "inactive account": (inactive, "refused"),
}


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_answers(api: Api, row: Row, caller: str) -> None:
    stored = api.stored(PNG).rpartition("/")[2]
    make_caller, kind = CALLERS[caller]
    answer = row.send(make_caller(api), stored)
    assert answer.status_code == getattr(row, kind), answer.body
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"


@pytest.fixture(scope="module")
def documentation() -> dict[str, Any]:
    paths: dict[str, Any] = Client().get("/schema").json()["paths"]
    return paths


@pytest.mark.parametrize("row", [row for row in ROWS if row.operation == "grayscale"], ids=str)
def test_the_documentation_says_how_to_authenticate(
    api: Api, anonymous: Api, row: Row, documentation: dict[str, Any]
) -> None:
    """Each way that OpenAPI names is taken, for an image that is public, and each other way is refused."""
    endpoint = documentation.get("/" + re.sub(r"<\w+:(\w+)>", r"{\1}", row.route), {}).get(row.method.lower())
    if endpoint is None or endpoint["security"] == []:
        assert {row.own, row.nobody, row.refused} == {200}
        return
    documented = {name for way in endpoint["security"] for name in way or ("nobody",)}
    answers = {
        "ApiKey": row.send(api, public_image(api)),
        "SignedUrl": row.send(anonymous, public_image(api), signed_by=api),
        "nobody": row.send(anonymous, public_image(api)),
    }
    taken = {name for name, answer in answers.items() if answer.status_code not in (401, 403)}
    assert taken == documented


def public_image(api: Api) -> str:
    return api.stored(PNG, query="?visibility=public").rpartition("/")[2]


@pytest.mark.parametrize("suffix", ["", ".webp"])
def test_public_pixels_are_for_every_key(api: Api, anonymous: Api, suffix: str) -> None:
    """A key with the scope write alone sees public images, and nothing more."""
    writer = make_api("writer", scopes=["write"])
    public, private = api.stored(PNG, query="?visibility=public"), api.stored(PNG)
    assert [who.get(public + suffix).status_code for who in (writer, anonymous)] == [200, 200]
    assert [who.get(private + suffix).status_code for who in (writer, anonymous)] == [403, 401]
    assert writer.get(f"/images/{MISSING}{suffix}").status_code == 403
    assert writer.get(f"{public}.json").status_code == 403


@pytest.mark.parametrize("row", [row for row in ROWS if row.foreign == 404], ids=str)
def test_anothers_image_is_answered_as_a_missing_one(api: Api, other_api: Api, row: Row) -> None:
    """AUTH-2: but for the id that the caller named and the request's own id."""
    stored = api.stored(PNG).rpartition("/")[2]
    foreign, missing = (row.send(other_api, image_id) for image_id in (stored, MISSING))
    assert foreign.status_code == missing.status_code == 404
    assert told(foreign, stored) == told(missing, MISSING)
    assert api.get(f"/images/{stored}").status_code == 200


def told(answer: Any, image_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    problem = {**answer.json(), "request_id": ""}
    problem["detail"] = problem["detail"].replace(image_id, "<id>")
    return problem, {name: value for name, value in answer.items() if name != "X-Request-ID"}
