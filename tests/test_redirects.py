"""WEB-8: misspelt addresses of known routes lead to the right ones, and nothing else redirects."""

from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from django.test import Client

from config import settings as configured
from tests.conftest import Api
from tests.support.images import encoded
from tests.support.problems import check_problem

ID = "01890000-0000-7000-8000-00000000ABCD"
LOWER = ID.lower()


@pytest.fixture
def client() -> Client:
    """Of the API, without a database: a redirect needs none."""
    return Client(raise_request_exception=False)


@pytest.fixture(autouse=True)
def public_url(settings: Any) -> None:
    settings.PUBLIC_URL = "https://images.example.com"


def send(client: Client, method: str, target: str) -> Any:
    """Send a request as a server hands it over. Django's client would take `//images` for a host."""
    path, _, query = target.partition("?")
    path = unquote_to_bytes(path).decode("latin-1")
    headers = {"Host": "testserver", "X-Forwarded-Host": "evil.example"}
    return client.generic(method, "/", headers=headers, PATH_INFO=path, QUERY_STRING=query)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/images/", "/images"),
        ("//images", "/images"),
        ("/images//", "/images"),
        ("/operations/", "/operations"),
        ("/schema/", "/schema"),
        ("/docs/", "/docs"),
        ("/healthz/", "/healthz"),
        ("//", "/"),
        (f"/images/{LOWER}/", f"/images/{LOWER}"),
        (f"/images//{LOWER}", f"/images/{LOWER}"),
        (f"/images/{ID}", f"/images/{LOWER}"),
        (f"/images/{ID}.json", f"/images/{LOWER}.json"),
        (f"/images/{ID}.webp/", f"/images/{LOWER}.webp"),
        (f"//images//{ID}//renditions//", f"/images/{LOWER}/renditions"),
        (
            f"/images/{ID}.a%20%C3%BCb%3F%0d%0aSet-Cookie:x",
            f"/images/{LOWER}.a%20%C3%BCb%3F%0D%0ASet-Cookie:x",
        ),
        ("/images/?a=1&b=%C3%BC%20+/?\xc3\xbc#", "/images?a=1&b=%C3%BC%20+/?%C3%BC%23"),
        ("/images/?next=//evil.example", "/images?next=//evil.example"),
    ],
)
def test_known_routes(client: Client, method: str, path: str, right: str) -> None:
    answer = send(client, method, path)
    assert (answer.status_code, answer.content) == (308, b"")
    assert answer["Location"] == f"https://images.example.com{right}"
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing/"),
        ("GET", "//nothing"),
        ("GET", "//evil.example/images"),
        ("GET", "//evil.example/%2e%2e/images"),
        ("GET", "/images/not-an-id/"),
        ("GET", "/images/" + LOWER.replace("-", "")),
        ("GET", "/IMAGES"),
        ("GET", "/transforms/"),
        ("GET", "/admin"),
        ("GET", "/static//"),
        ("POST", "/images/"),
        ("POST", "/transforms/"),
        ("PUT", f"/uploads/{ID}"),
        ("PATCH", f"/images/{ID}"),
        ("DELETE", f"/images/{LOWER}/"),
        ("OPTIONS", "/images/"),
    ],
)
def test_nothing_else(client: Client, method: str, path: str) -> None:
    check_problem(send(client, method, path), 404, "not_found")


def test_the_redirect_leads_to_the_image(api: Api) -> None:
    path = api.stored(encoded("png"))
    answer = api.get(f"{path.upper().replace('IMAGES', 'images')}/?v=1")
    assert answer.status_code == 308
    assert api.get(answer["Location"].removeprefix("https://images.example.com")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_redirect_to_https_takes_the_public_host_and_the_method(method: str, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_SSL_HOST = "images.example.com"
    settings.ALLOWED_HOSTS = ["testserver", "other.example.com"]
    answer = Client().generic(method, "/images/?a=1", headers={"Host": "other.example.com"})
    assert (answer.status_code, answer["Location"]) == (308, "https://images.example.com/images/?a=1")


def test_the_host_of_that_redirect_is_that_of_the_public_url() -> None:
    assert configured.SECURE_SSL_HOST == urlsplit(configured.PUBLIC_URL).netloc != ""
