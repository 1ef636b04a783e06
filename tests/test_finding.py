"""Which images a caller finds: public ones, its account's, and only those that are ready."""

import pytest

from images.models import Image
from images.storage import ObjectStorage
from tests.conftest import Api, body
from tests.support import images as made

PNG = made.encoded("png")


@pytest.fixture
def path(api: Api, storage: ObjectStorage) -> str:
    return api.stored(PNG)


def test_public_image_needs_no_key(api: Api, anonymous: Api, other_api: Api) -> None:
    path = api.stored(PNG, query="?visibility=public")
    for caller in (anonymous, other_api):
        answer = caller.get(f"{path}.png")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "public, max-age=3600")
        assert not answer.has_header("Vary")
        assert body(caller.get(path)) == PNG


def test_foreign_and_missing_are_alike(api: Api, other_api: Api, anonymous: Api) -> None:
    """AUTH-2: byte-identical but for the request's id."""
    path = api.stored(PNG)
    missing = "/images/01890000-0000-7000-8000-000000000000"
    for caller, status in ((other_api, 404), (anonymous, 401)):
        for suffix in ("", ".png", ".json", ".png?w=3"):
            answers = [caller.get(other + suffix) for other in (path, missing)]
            assert {answer.status_code for answer in answers} == {status}
            problems = [answer.json() | {"request_id": ""} for answer in answers]
            assert problems[0] == problems[1]


@pytest.mark.parametrize("state", [Image.State.PENDING, Image.State.DELETED])
def test_only_ready_images_exist(api: Api, state: str) -> None:
    path = api.stored(PNG, query="?visibility=public")
    Image.objects.update(state=state)
    assert {api.get(path + suffix).status_code for suffix in ("", ".png", ".json")} == {404}
