"""GET / says where everything is."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from tests.conftest import Api


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_index_needs_neither_a_key_nor_the_database(settings: Any, method: str) -> None:
    settings.PUBLIC_URL = "https://images.example.com"
    answer = Client().generic(method, "/", headers={"Host": "testserver"})
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    if method == "GET":
        links = answer.json()["links"]
        assert links["images"] == "https://images.example.com/images"
        assert {"docs", "schema", "operations", "images", "health"} <= set(links)


def test_every_link_leads_somewhere(api: Api) -> None:
    links = api.get("/").json()["links"]
    statuses = {name: api.get(urlsplit(link).path).status_code for name, link in links.items()}
    assert statuses.pop("transforms") == 405
    assert set(statuses.values()) == {200}


def test_index_is_only_read(api: Api) -> None:
    assert api.request("POST", "/").status_code == 405
