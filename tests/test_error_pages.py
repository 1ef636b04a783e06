"""GET /docs/errors: where the `type` of an error leads, in any browser."""

import re
from urllib.parse import urlsplit

from django.test import Client

from progimage.error_reference import ENTRIES
from tests.conftest import Api


def test_type_of_an_error_leads_to_its_entry(anonymous: Api) -> None:
    """The page runs nothing, loads nothing and stands in no frame."""
    problem = anonymous.get("/images").json()
    address = urlsplit(problem["type"])
    assert (problem["code"], problem["title"]) == ("not_authenticated", "An API key is needed")
    assert f"{address.scheme}://{address.netloc}" == "http://testserver"
    page = anonymous.get(address.path)
    assert page["Content-Type"] == "text/html; charset=utf-8"
    assert page["X-Content-Type-Options"] == "nosniff"
    assert page["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert f'<section id="{address.fragment}">' in page.content.decode()


def test_page_has_every_code_once_and_no_raw_markup() -> None:
    """pytest-django refuses every query of this test."""
    html = Client().get("/docs/errors").content.decode()
    assert re.findall(r'<section id="([a-z_]+)">', html) == [entry.code for entry in ENTRIES]
    assert "`" not in html
    assert "<prefix>" not in html
    assert "&lt;prefix&gt;" in html
