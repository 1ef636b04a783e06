"""The admin of images, as its pages answer. tests/test_browser.py drives it as an operator does."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from accounts.models import Account, ApiKey
from images.models import Image, Rendition
from tests.conftest import Api
from tests.support.admin_pages import PNG, operator
from tests.support.transform_requests import send_json

__all__ = ["operator"]


def test_images_have_thumbnails(operator: Client, api: Api) -> None:
    image_id = api.stored(PNG).rpartition("/")[2]
    thumbnail = f"/admin/images/image/{image_id}/thumbnail"
    assert f'src="{thumbnail}"' in operator.get("/admin/images/image/").content.decode()
    answer = operator.get(thumbnail)
    assert (answer["Content-Type"], b"".join(answer)[8:12]) == ("image/webp", b"WEBP")


@pytest.mark.parametrize("path", ["accounts/account", "accounts/apikey", "images/image", "images/rendition"])
def test_pages(operator: Client, api: Api, path: str) -> None:
    api.get(api.stored(PNG) + ".png")
    assert operator.get(f"/admin/{path}/").status_code == 200
    models: dict[str, Any] = {"account": Account, "apikey": ApiKey, "image": Image, "rendition": Rendition}
    row = models[path.rpartition("/")[2]].objects.get()
    assert operator.get(f"/admin/{path}/{row.pk}/change/").status_code == 200


def test_file_names_are_escaped(operator: Client, api: Api) -> None:
    """WEB-5."""
    api.upload(PNG, query="?filename=%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert(1)" not in operator.get("/admin/images/image/").content.decode()


@pytest.mark.parametrize(
    ("headers", "status"), [({"Range": "bytes=99999999-"}, 416), ({"If-Match": '"other"'}, 412), ({}, 200)]
)
def test_thumbnails_fail_as_images_do(
    operator: Client, api: Api, headers: dict[str, str], status: int
) -> None:
    operator.raise_request_exception = False
    thumbnail = f"/admin/images/image/{api.stored(PNG).rpartition('/')[2]}/thumbnail"
    answer = operator.get(thumbnail, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert answer["Cache-Control"] == "private, max-age=3600"
        assert b"".join(answer)


def test_value_that_postgres_refuses_is_the_callers_fault(operator: Client, db: None) -> None:
    operator.raise_request_exception = False
    assert operator.get("/admin/images/image/?state__exact=%00").status_code == 400


def test_thumbnail_needs_an_operator(api: Api, client: Client) -> None:
    thumbnail = f"/admin/images/image/{api.stored(PNG).rpartition('/')[2]}/thumbnail"
    assert client.get(thumbnail).status_code == 302
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get(thumbnail).status_code == 403


class TestActionsOnImages:
    def act(self, operator: Client, action: str, *paths: str, confirmed: bool = True) -> Any:
        ids = [path.rpartition("/")[2] for path in paths]
        form = {"action": action, "_selected_action": ids} | ({"confirmed": "yes"} if confirmed else {})
        return operator.post("/admin/images/image/", form, follow=confirmed)

    def states(self) -> list[str]:
        return list(Image.objects.order_by("pk").values_list("state", flat=True))

    @pytest.mark.parametrize(
        ("action", "state"),
        [("delete_images", "deleted"), ("purge_images", "purged")],
        ids=["delete", "purge"],
    )
    def test_that_take_away_ask_first(self, operator: Client, api: Api, action: str, state: str) -> None:
        chosen, other = api.stored(PNG), api.stored(PNG)
        page = self.act(operator, action, chosen, confirmed=False)
        assert (page.status_code, self.states()) == (200, ["ready", "ready"])
        asked = page.content.decode()
        assert chosen.rpartition("/")[2] in asked
        assert other.rpartition("/")[2] not in asked
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', asked))
        fields.pop("csrfmiddlewaretoken")
        operator.post("/admin/images/image/", fields)
        assert self.states() == [state, "ready"]
        assert api.get(chosen).status_code == 404
        assert operator.get("/admin/images/image/").status_code == 200

    def test_restore(self, operator: Client, api: Api) -> None:
        path, whole = api.stored(PNG), api.stored(PNG)
        self.act(operator, "delete_images", path)
        page = self.act(operator, "restore_images", path, whole).content.decode()
        assert "Restored 1 image. Skipped 1: There is no deleted image" in page
        assert (self.states(), api.get(path).status_code) == (["ready", "ready"], 200)
        page = self.act(operator, "purge_renditions", path, whole).content.decode()
        assert re.search(r"Purged the renditions of 2 images\.<", page)

    def test_renditions_alone(self, operator: Client, api: Api) -> None:
        path = api.stored(PNG)
        api.get(f"{path}.webp")
        self.act(operator, "purge_renditions", path)
        assert (self.states(), Rendition.objects.count()) == (["ready"], 0)

    @pytest.mark.parametrize(
        "action", ["delete_images", "purge_images", "restore_images", "purge_renditions"]
    )
    def test_need_the_permission(self, api: Api, client: Client, action: str) -> None:
        """AD-1: an operator who may view images may not delete them."""
        path = api.stored(PNG)
        api.get(f"{path}.webp")
        clerk = User.objects.create_user("clerk", is_staff=True)
        clerk.user_permissions.add(Permission.objects.get(codename="view_image"))
        client.force_login(clerk)
        page = self.act(client, action, path)
        assert (page.status_code, self.states(), Rendition.objects.count()) == (200, ["ready"], 1)
        assert action not in page.content.decode()


@pytest.mark.parametrize("query", ["state__exact=deleted", "missing_at__isempty=0", "format=gif"])
def test_images_are_found_by_what_became_of_them(operator: Client, api: Api, query: str) -> None:
    gone, whole = api.stored(PNG), api.stored(PNG)
    Image.objects.filter(pk=gone.rpartition("/")[2]).update(
        state="deleted", missing_at=timezone.now(), format="gif"
    )
    page = operator.get(f"/admin/images/image/?{query}").content.decode()
    assert gone.rpartition("/")[2] in page
    assert whole.rpartition("/")[2] not in page


def test_page_of_a_stored_result_shows_what_it_was_made_of(operator: Client, api: Api) -> None:
    parent = api.stored(PNG).rpartition("/")[2]
    body = {"id": parent, "transform": "pixelate", "store": True}
    stored = send_json(api, "/transforms", body).json()["id"]
    page = operator.get(f"/admin/images/image/{stored}/change/").content.decode()
    assert f'<a href="/admin/images/image/{parent}/change/">{parent}</a>' in page
    assert "pixelate" in page


def test_page_of_a_deleted_image_says_until_when(operator: Client, api: Api, settings: Any) -> None:
    path = api.stored(PNG, query="?tags=evening,hills")
    new = api.stored(PNG, query=f"?replaces={path.rpartition('/')[2]}").rpartition("/")[2]
    api.request("DELETE", path)
    settings.DELETED_GRACE_S = 86_400
    deleted_at = timezone.now().replace(year=2030, month=1, day=31, hour=12, minute=0)
    Image.objects.filter(pk=path.rpartition("/")[2]).update(deleted_at=deleted_at)
    page = operator.get(f"/admin/images/image/{path.rpartition('/')[2]}/change/").content.decode()
    for shown in (
        "evening, hills",
        "Jan. 31, 2030, noon",
        "Feb. 1, 2030, noon",
        new,
        "Created at:",
        "Missing at:",
    ):
        assert shown in page
    assert not re.search(r"<label>\s*:", page)
