"""Tags are stored and found in NFC, however a keyboard or a file system spells a letter with an accent."""

import importlib
import json
import unicodedata

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from images.models import Tag
from tests.conftest import Api
from tests.support import images as made
from tests.support.changes import patch
from tests.support.listing import add, listed
from tests.support.upload_urls import open_upload, path_of, put

PNG = made.encoded("png")
COMPOSED = "Café"
DECOMPOSED = unicodedata.normalize("NFD", COMPOSED)
"""The same five letters to a reader; six code points."""


def stored_tags() -> list[str]:
    return list(Tag.objects.values_list("name", flat=True))


@pytest.mark.parametrize("spelling", [COMPOSED, DECOMPOSED], ids=["composed", "decomposed"])
@pytest.mark.parametrize("other", [COMPOSED, DECOMPOSED], ids=["found composed", "found decomposed"])
def test_an_upload_and_a_filter(api: Api, spelling: str, other: str) -> None:
    api.stored(PNG, query=f"?tags={spelling}")
    assert stored_tags() == [COMPOSED]
    assert len(listed(api, tag=other)["images"]) == 1
    assert listed(api, tag=[COMPOSED, DECOMPOSED])["images"][0]["tags"] == [COMPOSED]


def test_a_form(api: Api) -> None:
    file = SimpleUploadedFile("a.png", PNG)
    assert api.upload_form(file=file, tags=f"{DECOMPOSED},x,{COMPOSED}").status_code == 201
    assert stored_tags() == [COMPOSED, "x"]


def test_a_change(api: Api) -> None:
    path = api.stored(PNG)
    assert patch(api, path, {"tags": ["x", DECOMPOSED, COMPOSED]}).json()["tags"] == ["x", COMPOSED]


def test_a_one_time_url(api: Api) -> None:
    url = open_upload(api, tags=[DECOMPOSED, COMPOSED]).json()["url"]
    assert put(path_of(url)).status_code == 201
    assert stored_tags() == [COMPOSED]


def test_an_archive(api: Api) -> None:
    api.stored(PNG, query=f"?tags={COMPOSED}")
    body = json.dumps({"query": {"tag": [DECOMPOSED]}})
    answer = api.request("POST", "/images/archive", data=body, content_type="application/json")
    assert b".png" in answer.body


def test_the_length_counts_after_normalization(api: Api) -> None:
    path = api.stored(PNG)
    fits = unicodedata.normalize("NFD", "é" * 64)
    assert patch(api, path, {"tags": [fits]}).status_code == 200
    assert patch(api, path, {"tags": [fits + "e"]}).status_code == 400


def test_the_migration_joins_tags_that_become_equal(api: Api) -> None:
    """The first of them stays in its place; each image keeps the tag once."""
    both = add(api.account, tags=("a", DECOMPOSED, COMPOSED, "b"))
    one = add(api.account, minute=1, tags=(DECOMPOSED,))
    plain = add(api.account, minute=2, tags=(COMPOSED, "a"))
    migration = importlib.import_module("images.migrations.0008_nfc_tags_and_exact_floats")
    with connection.cursor() as cursor:
        cursor.execute(migration.JOIN)
    names = [list(image.tags.values_list("name", flat=True)) for image in (both, one, plain)]
    assert names == [["a", COMPOSED, "b"], [COMPOSED], [COMPOSED, "a"]]
    assert len(listed(api, tag=DECOMPOSED)["images"]) == 3
