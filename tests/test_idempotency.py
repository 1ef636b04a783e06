"""Idempotency-Key: a request that is sent again makes nothing twice, however the first one ended."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse
from django.utils import timezone

from accounts.models import IdempotentRequest
from images.models import Image, UploadUrl
from images.services import storing
from images.storage import ObjectStorage, originals
from progimage.errors import ProgImageError, RendererEnded, TakesTooLong, Unavailable
from tests.conftest import Api, make_api
from tests.support import images as made
from transforms.workers.turn import Turn

PNG, JPEG = made.encoded("png"), made.encoded("jpeg")
REPLAYED = "Idempotency-Replayed"


def upload(api: Api, content: bytes = PNG, *, key: str = "order 7", query: str = "") -> Any:
    return api.request(
        "POST", f"/images{query}", data=content, content_type="image/png", headers={"Idempotency-Key": key}
    )


def upload_form(api: Api, *contents: bytes, key: str = "order 7", **fields: Any) -> Any:
    files = [SimpleUploadedFile(f"{number}.png", content) for number, content in enumerate(contents)]
    headers = {"Authorization": f"Bearer {api.key}", "Idempotency-Key": key}
    return api.client.post("/images", {"file": files, **fields}, headers=headers)


def seen(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    """All of an answer but the id of its own request and whether it is a replay."""
    own = ("X-Request-ID", REPLAYED)
    headers = {name: value for name, value in answer.headers.items() if name not in own}
    return answer.status_code, answer.content, headers


def is_replay(answer: Any) -> bool:
    return bool(answer.headers.get(REPLAYED) == "true")


class TestReplay:
    def test_answer_is_the_first_one_byte_for_byte(self, api: Api) -> None:
        metadata = "%7B%22b%22:1,%22a%22:%22%C3%A9%22%7D"
        first, second = (upload(api, query=f"?tags=b,a&metadata={metadata}") for _ in range(2))
        assert (first.status_code, is_replay(first), is_replay(second)) == (201, False, True)
        assert seen(first) == seen(second)
        assert second["Location"].endswith(first.json()["id"])
        assert Image.objects.count() == 1

    def test_form_with_another_boundary_and_order_of_fields_is_the_same_request(self, api: Api) -> None:
        def form(boundary: str, *parts: str) -> Any:
            texts = "".join(f"--{boundary}\r\nContent-Disposition: form-data; {part}\r\n" for part in parts)
            return api.request(
                "POST",
                "/images",
                data=texts.encode().replace(b"PNG", PNG) + f"--{boundary}--\r\n".encode(),
                content_type=f"multipart/form-data; boundary={boundary}",
                headers={"Idempotency-Key": "order 7"},
            )

        file, tags = 'name="file"; filename="a.png"\r\n\r\nPNG', 'name="tags"\r\n\r\na'
        visibility = 'name="visibility"\r\n\r\npublic'
        first, second = form("x", file, tags, visibility), form("yy", visibility, tags, file)
        assert (first.status_code, is_replay(second), seen(first)) == (201, True, seen(second))

    def test_several_files(self, api: Api) -> None:
        first, second = (upload_form(api, PNG, b"bad", JPEG) for _ in range(2))
        assert (first.status_code, is_replay(second), seen(first)) == (207, True, seen(second))
        assert Image.objects.count() == 2

    def test_refused_image_is_refused_again_without_being_decoded(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = upload(api, b"no image")
        monkeypatch.setattr(storing, "pool", None)
        second = upload(api, b"no image")
        assert (first.status_code, is_replay(second), seen(first)) == (415, True, seen(second))

    def test_upload_url(self, api: Api) -> None:
        first, second = (
            api.request(
                "POST",
                "/uploads",
                data=b'{"tags": ["a"]}',
                content_type="application/json",
                headers={"Idempotency-Key": "x"},
            )
            for _ in range(2)
        )
        assert (first.status_code, is_replay(second), seen(first)) == (201, True, seen(second))
        assert UploadUrl.objects.count() == 1

    def test_without_a_key_each_request_is_its_own(self, api: Api) -> None:
        assert api.upload(PNG).json()["id"] != api.upload(PNG).json()["id"]
        assert not IdempotentRequest.objects.exists()


class TestKeys:
    @pytest.mark.parametrize("key", ["", "x" * 256, "x" * 300, "\u00e9", "a\x7f"], ids=ascii)
    def test_keys_that_are_refused(self, api: Api, key: str) -> None:
        """I-5."""
        answer = upload(api, key=key)
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/Idempotency-Key")
        assert not Image.objects.exists()

    def test_longest_key(self, api: Api) -> None:
        assert (upload(api, key="~" * 255).status_code, is_replay(upload(api, key="~" * 255))) == (201, True)

    def test_other_account_has_keys_of_its_own(self, api: Api, other_api: Api) -> None:
        """I-3."""
        first, other = upload(api), upload(other_api, JPEG)
        assert (first.status_code, other.status_code, is_replay(other)) == (201, 201, False)

    def test_key_of_the_same_account_replays(self, api: Api) -> None:
        from accounts import services

        second = Api(api.account, str(services.create_api_key(api.account, name="second")[1]))
        assert seen(upload(api)) == seen(upload(second))

    def test_after_a_day_it_is_a_new_request(self, api: Api) -> None:
        """I-5."""
        first = upload(api)
        past = timezone.now() - timedelta(seconds=1)
        IdempotentRequest.objects.update(expires_at=past, locked_until=past)
        second = upload(api, JPEG)
        assert (second.status_code, is_replay(second)) == (201, False)
        assert first.json()["id"] != second.json()["id"]
        assert is_replay(upload(api, JPEG))


@pytest.mark.parametrize(
    ("content", "query"),
    [(JPEG, "?tags=a"), (PNG, "?tags=b"), (PNG, ""), (PNG, "?tags=a&filename=x"), (PNG, "?filename=tagsa")],
    ids=["other bytes", "other tag", "no tag", "more fields", "other field"],
)
def test_key_of_another_request_is_refused(api: Api, content: bytes, query: str) -> None:
    """I-2."""
    upload(api, query="?tags=a")
    answer = upload(api, content, query=query)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")
    assert Image.objects.count() == 1


def test_files_in_another_order_or_by_other_names_are_another_request(api: Api) -> None:
    upload_form(api, PNG, JPEG)
    assert upload_form(api, JPEG, PNG).status_code == 422
    assert upload_form(api, PNG).status_code == 422


class TestUnfinished:
    """A process that was killed leaves a lease that ends, and an image in the state that it had reached."""

    @pytest.fixture
    def claim(self, api: Api) -> IdempotentRequest:
        """A request that was claimed and done, set back to the state with nothing written but the claim."""
        upload(api, query="?tags=a")
        Image.objects.all().delete()
        row = IdempotentRequest.objects.get()
        row.status = row.answer = None
        row.locked_until = timezone.now() - timedelta(seconds=1)
        row.save()
        return row

    def test_while_the_lease_lives_it_is_in_progress(self, api: Api, claim: IdempotentRequest) -> None:
        claim.locked_until = timezone.now() + timedelta(seconds=30)
        claim.save()
        answer = upload(api, query="?tags=a")
        assert (answer.status_code, answer.json()["code"]) == (409, "in_progress")
        assert int(answer["Retry-After"]) >= 1
        assert upload(api, JPEG).json()["code"] == "idempotency_mismatch"

    def test_killed_before_the_row(self, api: Api, claim: IdempotentRequest) -> None:
        answer = upload(api, query="?tags=a")
        assert (answer.status_code, is_replay(answer)) == (201, False)
        assert answer.json()["id"] == str(claim.ids[0])
        assert is_replay(upload(api, query="?tags=a"))

    @pytest.mark.parametrize("progress", ["row", "object", "ready"])
    def test_killed_later(
        self, api: Api, storage: ObjectStorage, claim: IdempotentRequest, progress: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        """I-4, F-3: the next attempt goes on with the same id, and there is one image."""

        class Killed(BaseException):
            pass

        def die(*_: Any, **__: Any) -> None:
            raise Killed

        store = storing.store

        def store_up_to(*args: Any, **kwargs: Any) -> Any:
            with monkeypatch.context() as failing:
                if progress == "row":
                    failing.setattr(type(originals()), "put", die)
                if progress == "object":
                    failing.setattr(storing, "finish", die)
                store(*args, **kwargs)
            raise Killed

        with monkeypatch.context() as failing:
            failing.setattr("images.services.storing.store", store_up_to)
            with pytest.raises(Killed):
                upload(api, query="?tags=a")
        image = Image.objects.get()
        assert image.state == ("ready" if progress == "ready" else "pending")
        answer = upload(api, query="?tags=a")
        assert (answer.status_code, answer.json()["id"]) == (201, str(claim.ids[0]))
        assert (answer.json()["tags"], Image.objects.get().state) == (["a"], "ready")
        assert api.get(f"/images/{image.id}").body == PNG

    def test_lease_that_another_took_over_ends_the_work(self, api: Api, claim: IdempotentRequest) -> None:
        from accounts.access.idempotency import Attempt
        from progimage.errors import InProgress

        own = Attempt(ids=claim.ids, row_id=claim.pk, lease=claim.lease)
        own.renew()
        IdempotentRequest.objects.update(lease=uuid4())
        with pytest.raises(InProgress):
            own.renew()
        own.response = HttpResponse("never kept", status=201)
        own.keep()
        own.release()
        claim.refresh_from_db()
        assert (claim.status, claim.locked_until > timezone.now()) == (None, True)


class TestNotKept:
    """A request whose response may change is worked on again, with the same ids."""

    def test_server_errors(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> None:
            raise Unavailable("The storage does not answer", retry_after_s=5)

        with monkeypatch.context() as failing:
            failing.setattr(type(originals()), "put", refuse)
            first = upload(api)
        assert (first.status_code, first["Retry-After"]) == (503, "5")
        second = upload(api)
        assert (second.status_code, is_replay(second)) == (201, False)
        assert second.json()["id"] == str(Image.objects.get().id)

    @pytest.mark.parametrize(
        "error",
        [TakesTooLong("too long"), RendererEnded("it ended"), Unavailable("too busy", retry_after_s=10)],
        ids=["CPU time", "renderer ended", "time by the clock"],
    )
    def test_failures_that_the_machine_may_have_caused(
        self, api: Api, monkeypatch: pytest.MonkeyPatch, error: ProgImageError
    ) -> None:
        """A later attempt may have more CPU time, or a machine with less to do: alone, and in a form."""

        def fail(*_: Any) -> None:
            raise error

        with monkeypatch.context() as failing:
            failing.setattr(Turn, "validate", fail)
            refused = upload(api)
            assert (refused.status_code, refused.json()["code"]) == (error.status, error.code)
            results = upload_form(api, PNG, JPEG, key="form").json()["results"]
            assert [result["error"]["code"] for result in results] == [error.code] * 2
        for answers in (
            [upload(api) for _ in range(2)],
            [upload_form(api, PNG, JPEG, key="form") for _ in range(2)],
        ):
            assert [is_replay(answer) for answer in answers] == [False, True]
            assert "error" not in answers[0].content.decode()
        assert Image.objects.count() == 3

    def test_unexpected_errors(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as failing:
            failing.setattr(storing, "pool", None)
            assert upload(api).status_code == 500
        assert upload(api).status_code == 201

    def test_conflicts(self, api: Api) -> None:
        old = api.stored(PNG).removeprefix("/images/")
        api.stored(PNG, query=f"?replaces={old}")
        assert [is_replay(upload(api, query=f"?replaces={old}")) for _ in range(2)] == [False, False]

    def test_results_of_which_one_may_change(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        """Images that were stored are not stored again, files that failed are tried again, and the response has all of them."""
        put, puts = type(originals()).put, []

        def refuse_second(*args: Any, **kwargs: Any) -> None:
            puts.append(args)
            if len(puts) == 2:
                raise Unavailable("The storage does not answer")
            put(*args, **kwargs)

        monkeypatch.setattr(type(originals()), "put", refuse_second)
        first, second, third = (upload_form(api, PNG, JPEG, b"bad") for _ in range(3))
        assert [result["status"] for result in first.json()["results"]] == [201, 503, 415]
        assert [result["status"] for result in second.json()["results"]] == [201, 201, 415]
        assert first.json()["results"][0] == second.json()["results"][0]
        assert (is_replay(second), is_replay(third), seen(second)) == (False, True, seen(third))
        assert (len(puts), Image.objects.count()) == (3, 2)

    def test_description_that_is_refused_leaves_the_key_unused(self, api: Api) -> None:
        assert upload(api, query="?visibility=x").status_code == 400
        assert upload(api).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_24_at_once_make_one_image() -> None:
    """I-1."""
    api = make_api("alice")
    start = threading.Barrier(24)

    def send(_: int) -> tuple[int, bytes]:
        start.wait()
        try:
            answer = upload(Api(api.account, api.key))
            return answer.status_code, answer.content if answer.status_code == 201 else b""
        finally:
            connections.close_all()

    with ThreadPoolExecutor(24) as threads:
        answers = list(threads.map(send, range(24)))
    assert set(answers) - {(409, b"")} == {(201, upload(api).content)}
    assert Image.objects.count() == 1
