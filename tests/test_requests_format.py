"""format=auto over HTTP: the Accept header decides, and Vary says so to caches."""

import pytest

from tests.conftest import Api
from tests.support import images as made

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
WEBP_ALONE = "image/webp,image/*,*/*;q=0.8"


@pytest.mark.parametrize(
    ("path", "accept", "media_type"),
    [
        (".jpg?format=auto", CHROME, "image/avif"),
        (".jpg?fm=auto&w=20", WEBP_ALONE, "image/webp"),
        (".jpg?format=auto", "*/*", "image/jpeg"),
        (".png?format=auto&w=20", "", "image/png"),
        ("?format=auto&w=20", WEBP_ALONE, "image/webp"),
        ("?format=auto", "*/*", "image/png"),
    ],
)
def test_best_format_that_is_accepted(api: Api, path: str, accept: str, media_type: str) -> None:
    stored = api.stored(made.encoded("png"))
    answer = api.get(stored + path, Accept=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert answer["Vary"] == "Accept, Authorization"
    again = api.get(stored + path, Accept=accept, **{"If-None-Match": answer["ETag"]})
    assert (again.status_code, again["Vary"]) == (304, "Accept, Authorization")


def test_public_image_varies_by_accept_alone(api: Api, anonymous: Api) -> None:
    stored = api.stored(made.encoded("png"), query="?visibility=public")
    assert anonymous.get(f"{stored}.jpg?format=auto", Accept=CHROME)["Vary"] == "Accept"
    assert "Vary" not in anonymous.get(f"{stored}.jpg", Accept=CHROME)


def test_same_bytes_as_by_extension(api: Api) -> None:
    stored = api.stored(made.encoded("png"))
    negotiated = api.get(f"{stored}.jpg?format=auto&w=20", Accept=WEBP_ALONE)
    assert negotiated["ETag"] == api.get(f"{stored}.webp?w=20")["ETag"]


def test_format_in_the_query_instead_of_an_extension(api: Api) -> None:
    stored = api.stored(made.encoded("png"))
    answer = api.get(f"{stored}?format=webp&w=20")
    assert (answer["Content-Type"], answer["Vary"]) == ("image/webp", "Authorization")


@pytest.mark.parametrize(
    "path", ["?w=20", "?q=20", ".jpg?format=webp", "?format=svg", "?format=heic", "?format=auto&x=1"]
)
def test_format_must_be_clear(api: Api, path: str) -> None:
    answer = api.get(api.stored(made.encoded("png")) + path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_heic_original_falls_back_to_jpeg(api: Api) -> None:
    stored = api.stored(made.encoded("heic"))
    assert api.get(f"{stored}?format=auto", Accept="*/*")["Content-Type"] == "image/jpeg"
