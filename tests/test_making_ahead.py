"""From a request for renditions to rows, and from a row to its bytes: other images, and versions of servers."""

from typing import Any

import pytest

from images.models import Image, Rendition
from tests.conftest import Api
from tests.support import images as made
from tests.support.ahead import WEBP, ask_ahead, work
from transforms.planning import resolve

PNG = made.encoded("png")


@pytest.fixture
def path(api: Api) -> str:
    return api.stored(PNG)


class TestOtherImages:
    @pytest.fixture
    def logo(self, api: Api) -> str:
        return api.stored(made.encoded_flat("png", 8, 8, "#ff0000")).rpartition("/")[2]

    def composite(self, image_id: str) -> dict[str, Any]:
        return {"operations": [{"op": "composite", "image": image_id}], "output": {"format": "png"}}

    def test_visitors_find_a_composite(self, api: Api, path: str, logo: str) -> None:
        answer = ask_ahead(api, path, self.composite(logo))
        assert answer.json()["renditions"][0]["transform"]["operations"][0]["image"] == logo
        work()
        assert api.get(f"{path}.png?transform=composite:image={logo}").status_code == 200
        (row,) = Rendition.objects.all()
        assert (row.state, row.attempts) == ("ready", 1)

    def test_foreign_private_images_are_not_found(self, api: Api, other_api: Api, path: str) -> None:
        foreign = other_api.stored(PNG).rpartition("/")[2]
        answer = ask_ahead(api, path, WEBP, self.composite(foreign))
        assert answer.status_code == 404
        assert answer.json()["pointer"] == "/transforms/1/operations/0/image"
        assert not Rendition.objects.exists()

    @pytest.mark.parametrize("reference", ["https://example.org/logo.png", "part:logo"])
    def test_only_stored_images_can_be_read_later(self, api: Api, path: str, reference: str) -> None:
        answer = ask_ahead(api, path, self.composite(reference))
        assert answer.status_code == 400
        assert answer.json()["pointer"] == "/transforms/0/operations/0/image"

    def test_one_that_went_takes_the_row_with_it(self, api: Api, other_api: Api, path: str) -> None:
        public = other_api.stored(PNG, query="?visibility=public")
        ask_ahead(api, path, self.composite(public.rpartition("/")[2]))
        Image.objects.filter(account=other_api.account).update(visibility="private")
        work()
        assert not Rendition.objects.exists()


class TestVersions:
    def test_a_new_server_moves_the_rows_of_an_old_one(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_ahead(api, path, WEBP)
        monkeypatch.setattr(resolve, "RENDER_VERSION", resolve.RENDER_VERSION + 1)
        work()
        row = Rendition.objects.get()
        assert (row.state, row.render_version) == ("ready", resolve.RENDER_VERSION)
        assert api.get(f"{path}.webp?w=30&h=20&fit=cover").status_code == 200
        assert Rendition.objects.count() == 1

    def test_a_visitor_was_earlier_at_the_new_server(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_ahead(api, path, WEBP)
        monkeypatch.setattr(resolve, "RENDER_VERSION", resolve.RENDER_VERSION + 1)
        assert api.get(f"{path}.webp?w=30&h=20&fit=cover").status_code == 200
        work()
        assert [row.render_version for row in Rendition.objects.all()] == [resolve.RENDER_VERSION]

    def test_an_old_server_leaves_them_to_new_ones(
        self, api: Api, path: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ask_ahead(api, path, WEBP)
        monkeypatch.setattr(resolve, "RENDER_VERSION", resolve.RENDER_VERSION - 1)
        work()
        assert Rendition.objects.get().attempts == 0
