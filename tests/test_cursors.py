"""Cursors of GET /images."""

from images.models import Image
from tests.conftest import Api
from tests.support.listing import five, listed, names

__all__ = ["five"]


def test_cursor_of_an_image_that_is_gone_goes_on(api: Api, five: list[Image]) -> None:
    cursor = listed(api, limit=2)["next"]
    Image.objects.filter(pk=five[3].pk).update(state="deleted")
    assert names(listed(api, cursor=cursor)) == "cba"


def test_last_page_that_is_full_is_the_last(api: Api, five: list[Image]) -> None:
    assert listed(api, limit=5)["next"] is None


def test_cursor_goes_with_other_filters(api: Api, five: list[Image]) -> None:
    cursor = listed(api, limit=2)["next"]
    assert names(listed(api, tag="cat", cursor=cursor)) == "ca"
