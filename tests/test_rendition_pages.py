"""Pages of an image's renditions."""

from images.models import Rendition
from tests.conftest import Api, body
from tests.support import images as made
from tests.support.listing import ledger

PNG = made.encoded("png")


def test_pages_are_complete_while_rows_go(api: Api) -> None:
    path = api.stored(PNG)
    for width in range(1, 8):
        body(api.get(f"{path}.png?w={width}"))
    first = ledger(api, path, "?limit=3")
    Rendition.objects.filter(pk=first["renditions"][-1]["id"]).delete()
    second = ledger(api, path, f"?limit=3&cursor={first['next']}")
    third = ledger(api, path, f"?limit=3&cursor={second['next']}")
    widths = [it["width"] for page in (first, second, third) for it in page["renditions"]]
    assert (widths, third["next"]) == ([1, 2, 3, 4, 5, 6, 7], None)
    assert ledger(api, path, "?limit=6")["next"] is None


def test_names_other_images_by_id_where_they_are_the_owners(api: Api, other_api: Api) -> None:
    """A hash would tell of the bytes of another account's private image."""
    path, logo = api.stored(PNG, query="?visibility=public"), made.encoded("png", made.translucent(24, 16))
    ids = [who.stored(logo).rpartition("/")[2] for who in (api, other_api)]
    secret = other_api.stored(made.encoded("gif")).rpartition("/")[2]
    for who, image_id, x in ((api, ids[0], 0), (other_api, ids[1], 1), (other_api, secret, 2)):
        assert who.get(f"{path}.png?transform=composite:image={image_id},x={x}").status_code == 200
    kept = ledger(api, path)["renditions"]
    named = [rendition["transform"]["operations"][0]["image"] for rendition in kept]
    assert named == [ids[0], None, None]
    assert "sha256" not in api.get(f"{path}/renditions").content.decode()
