"""GET /images/<id>.json."""

import pytest

from images.storage import ObjectStorage
from tests.conftest import Api
from tests.support import images as made

PNG = made.encoded("png")


@pytest.fixture
def path(api: Api, storage: ObjectStorage) -> str:
    return api.stored(PNG)


class TestMetadata:
    def test_json(self, api: Api) -> None:
        uploaded = api.upload(PNG).json()
        answer = api.get(f"/images/{uploaded['id']}.json")
        assert (answer["Content-Type"], answer.json()) == ("application/json", uploaded)

    def test_takes_no_query(self, api: Api) -> None:
        answer = api.get(f"{api.stored(PNG)}.json?w~x/y=1")
        assert (answer.status_code, answer.json()["pointer"]) == (400, "/w~0x~1y")

    def test_is_the_accounts_own_also_where_the_image_is_public(
        self, api: Api, other_api: Api, anonymous: Api
    ) -> None:
        path = api.stored(PNG, query="?visibility=public")
        assert other_api.get(f"{path}.json").status_code == 404
        assert anonymous.get(f"{path}.json").status_code == 401
