"""POST /uploads makes a URL. Its holder may put one image there, once."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from accounts import services
from accounts.models import ApiKey
from images.models import Image, UploadUrl
from images.storage import originals
from progimage.errors import Unavailable
from progimage.signing import sign_url
from tests.conftest import Api, make_api
from tests.support import images as made
from tests.support.upload_urls import JPEG, PNG, open_upload, path, path_of, put
from transforms.formats.table import ACCEPTED_MEDIA_TYPES

__all__ = ["path"]
MISSING = "/uploads/01890000-0000-7000-8000-000000000000"


class TestMade:
    def test_with_defaults(self, api: Api, settings: Any) -> None:
        answer = open_upload(api)
        made_url = answer.json()
        assert answer.status_code == 201
        assert made_url["url"].startswith(f"http://testserver/uploads/{made_url['id']}?exp=")
        assert UUID(made_url["id"]).version == 7
        assert made_url["method"] == "PUT"
        assert (made_url["max_bytes"], made_url["media_types"]) == (
            settings.MAX_UPLOAD_BYTES,
            list(ACCEPTED_MEDIA_TYPES),
        )
        lifetime = UploadUrl.objects.get().expires_at - timezone.now()
        assert timedelta(seconds=3_590) < lifetime <= timedelta(seconds=3_600)

    def test_key_without_a_signing_secret_cannot(self, api: Api) -> None:
        ApiKey.objects.update(signing_secret="")
        answer = open_upload(api)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
        assert "make a new one" in answer.json()["detail"]

    def test_key_that_may_only_read_cannot(self, db: None) -> None:
        assert open_upload(make_api("reader", scopes=["read"])).status_code == 403


class TestUsed:
    def test_image_is_as_the_account_described_it(self, api: Api, path: str) -> None:
        answer = put(path, media_type="text/plain")
        stored = answer.json()
        assert answer.status_code == 201
        assert stored == {
            "id": urlsplit(path).path.removeprefix("/uploads/"),
            "format": "png",
            "width": made.WIDTH,
            "height": made.HEIGHT,
            "bytes": len(PNG),
            "sha256": hashlib.sha256(PNG).hexdigest(),
        }
        image = api.get(f"/images/{stored['id']}.json").json()
        assert (image["tags"], image["metadata"], image["filename"]) == (["a"], {"b": 1}, "c.png")
        assert api.get(f"/images/{stored['id']}").body == PNG

    def test_once(self, path: str) -> None:
        """SIG-4."""
        assert put(path).status_code == 201
        for content in (PNG, JPEG):
            answer = put(path, content)
            assert (answer.status_code, answer.json()["code"]) == (409, "already_used")
        assert Image.objects.count() == 1

    def test_while_another_is_under_way(self, path: str) -> None:
        UploadUrl.objects.update(locked_until=timezone.now() + timedelta(seconds=30))
        answer = put(path)
        assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
        UploadUrl.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
        assert put(path).status_code == 201

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"no image", 415), (PNG[:-40], 422), (b"", 411)],
        ids=["no image", "half an image", "no length"],
    )
    def test_refused_upload_leaves_it_usable(self, path: str, content: bytes, status: int) -> None:
        assert put(path, content).status_code == status
        assert not Image.objects.exists()
        assert put(path).status_code == 201

    def test_after_a_crash_with_the_same_bytes(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """As if the process was killed after the image had become ready."""
        assert put(path).status_code == 201
        UploadUrl.objects.update(used_at=None)
        assert put(path, JPEG).json()["code"] == "conflict"
        assert put(path).status_code == 201
        assert Image.objects.count() == 1

    def test_storage_that_fails_leaves_it_usable(self, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise Unavailable("The storage does not answer")

        with monkeypatch.context() as failing:
            failing.setattr(type(originals()), "put", refuse)
            assert put(path).status_code == 503
        assert put(path).status_code == 201


class TestLimits:
    def test_bytes(self, api: Api) -> None:
        url = open_upload(api, max_bytes=len(PNG)).json()["url"]
        answer = put(path_of(url), PNG + b"x")
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert put(path_of(url)).status_code == 201

    def test_formats_are_told_by_the_bytes(self, api: Api) -> None:
        url = open_upload(api, media_types=["image/jpeg", "image/webp"]).json()["url"]
        answer = put(path_of(url), PNG, media_type="image/jpeg")
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
        assert put(path_of(url), JPEG, media_type="image/png").status_code == 201

    def test_time(self, path: str) -> None:
        UploadUrl.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        answer = put(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")


class TestSignature:
    @pytest.mark.parametrize(
        "change",
        [
            lambda path: path.partition("?")[0],
            lambda path: path[:-3],
            lambda path: path + "&x=1",
            lambda path: path.replace("exp=1", "exp=2"),
            lambda path: MISSING + "?" + path.partition("?")[2],
        ],
        ids=["none", "cut", "more", "later", "of another URL"],
    )
    def test_that_does_not_fit(self, path: str, change: Any) -> None:
        answer = put(change(path))
        assert (answer.status_code, answer.json()["code"]) == (403, "signature_refused")
        assert not Image.objects.exists()

    def test_of_another_key(self, api: Api, other_api: Api, path: str) -> None:
        """Also one of the same account: an upload belongs to the key that has opened it."""
        sibling = str(services.create_api_key(api.account, name="sibling")[1])
        expires_at = int(timezone.now().timestamp()) + 600
        for key in (sibling, other_api.key):
            signed = sign_url(path.partition("?")[0], api_key=key, expires_at=expires_at, method="PUT")
            missing = sign_url(MISSING, api_key=key, expires_at=expires_at, method="PUT")
            answers = [put(signed), put(missing)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].json() | {"request_id": 0} == answers[1].json() | {"request_id": 0}

    def test_of_a_get_is_none_of_a_put(self, api: Api, path: str) -> None:
        expires_at = int(timezone.now().timestamp()) + 600
        signed = sign_url(path.partition("?")[0], api_key=api.key, expires_at=expires_at)
        assert put(signed).status_code == 403

    def test_api_key_instead_of_it(self, api: Api, path: str) -> None:
        key = {"Authorization": f"Bearer {api.key}"}
        assert [put(path, headers=key).status_code, put(path.partition("?")[0], headers=key).status_code] == [
            403,
            403,
        ]

    @pytest.mark.parametrize("change", ["revoked", "expired", "read only", "inactive account"])
    def test_key_that_may_no_more(self, api: Api, path: str, change: str) -> None:
        past = timezone.now() - timedelta(seconds=1)
        if change == "inactive account":
            type(api.account).objects.update(is_active=False)
        else:
            changes: dict[str, dict[str, Any]] = {
                "revoked": {"revoked_at": past},
                "expired": {"expires_at": past},
                "read only": {"scopes": ["read"]},
            }
            ApiKey.objects.update(**changes[change])
        assert put(path).status_code == 403
        assert not Image.objects.exists()


OTHER_ROUTES = ("/images", "/uploads", "/schema")


class TestOrigins:
    """A page of any origin may put; nothing else here is open to pages of other origins."""

    def test_preflight(self, path: str) -> None:
        headers = {
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type,repr-digest",
        }
        answer = Client().options(path, headers=headers)
        assert answer.status_code == 204
        assert (answer["Access-Control-Allow-Origin"], answer["Access-Control-Allow-Methods"]) == ("*", "PUT")
        allowed = answer["Access-Control-Allow-Headers"].split(", ")
        assert set(allowed) == {"content-type", "content-digest", "repr-digest"}
        assert "Access-Control-Allow-Credentials" not in answer

    def test_answers_and_errors_may_be_read(self, path: str) -> None:
        answers = [put(path, b"no image"), put(path), put(path), put(MISSING), Client().get(MISSING)]
        assert [answer.status_code for answer in answers] == [415, 201, 409, 403, 405]
        assert {answer["Access-Control-Allow-Origin"] for answer in answers} == {"*"}

    @pytest.mark.parametrize(
        ("method", "where"),
        [
            *((method, where) for method in ("OPTIONS", "POST", "GET") for where in OTHER_ROUTES),
            # A GET of an image is another matter: a page may learn why it cannot show it (test_header_names.py).
            *((method, MISSING.replace("uploads", "images")) for method in ("OPTIONS", "POST")),
        ],
    )
    def test_nothing_else(self, api: Api, method: str, where: str) -> None:
        answer = api.request(method, where, headers={"Origin": "https://app.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
