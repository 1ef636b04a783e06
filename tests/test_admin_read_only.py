"""Admin lists of rows that the admin only shows: their searches use an index, their counts have a bound."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.ids import uuid7
from images.models import Image
from tests.conftest import Api
from tests.support import images as made
from tests.support.admin_pages import PNG, operator

__all__ = ["operator"]


def _store_many_rows(like: Image) -> None:
    """So many rows, known to Postgres, that it plans with the right index: of two rows any index will do."""
    facts = {field.attname: getattr(like, field.attname) for field in like._meta.concrete_fields}
    Image.objects.bulk_create(
        Image(**facts | {"id": uuid7(), "sha256": f"{number:064x}"}) for number in range(1_000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE images_image")


@pytest.mark.parametrize("column", ["pk", "sha256"])
def test_id_and_sha256_are_looked_up(operator: Client, api: Api, column: str) -> None:
    """By their index alone: neither a scan nor a count of the table."""
    path, other = api.stored(PNG), api.stored(made.encoded("gif"))
    image = Image.objects.get(pk=path.rpartition("/")[2])
    _store_many_rows(image)
    with CaptureQueriesContext(connection) as sent:
        answer = operator.get("/admin/images/image/", {"q": f" {str(getattr(image, column)).upper()}"})
    page = answer.content.decode()
    assert (str(image.pk) in page, other.rpartition("/")[2] in page) == (True, False)
    searches = [query["sql"] for query in sent if 'FROM "images_image"' in query["sql"]]
    assert len(searches) >= 2
    for search in searches:
        assert ("LIKE" in search, "UPPER" in search) == (False, False)
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {search}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        index = {"pk": "images_image_pkey", "sha256": "image_sha256"}[column]
        assert index in plan
        assert "Seq Scan on images_image" not in plan


def test_images_are_searched_by_name(operator: Client, api: Api) -> None:
    path, other = api.stored(PNG, query="?filename=hills.png"), api.stored(PNG)
    page = operator.get("/admin/images/image/?q=hill").content.decode()
    assert (path.rpartition("/")[2] in page, other.rpartition("/")[2] in page) == (True, False)


def test_lists_count_to_a_bound(operator: Client, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        api.stored(PNG)
    monkeypatch.setattr("images.admin.read_only._MAX_COUNTED_ROWS", 2)
    assert operator.get("/admin/images/image/").context["cl"].result_count == 2
