"""The admin of renditions, as its pages answer."""

from django.test import Client

from tests.conftest import Api
from tests.support.admin_pages import PNG, operator

__all__ = ["operator"]


def test_renditions_are_searched_by_image(operator: Client, api: Api) -> None:
    path, other = api.stored(PNG), api.stored(PNG)
    for one in (path, other):
        api.get(f"{one}.gif")
    page = operator.get(f"/admin/images/rendition/?q={path.rpartition('/')[2]}").content.decode()
    assert (path.rpartition("/")[2] in page, other.rpartition("/")[2] in page) == (True, False)
