"""A GET of an image: its extension, its query, and format=auto, for which the Accept header decides."""

import pytest

from images.models import Rendition
from tests.conftest import Api
from tests.support import images as made
from transforms.formats.table import FORMATS, WRITABLE

PNG = made.encoded("png")
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
    stored = api.stored(PNG)
    answer = api.get(stored + path, Accept=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, media_type)
    assert answer["Vary"] == "Accept, Authorization"
    again = api.get(stored + path, Accept=accept, **{"If-None-Match": answer["ETag"]})
    assert (again.status_code, again["Vary"]) == (304, "Accept, Authorization")


def test_public_image_varies_by_accept_alone(api: Api, anonymous: Api) -> None:
    stored = api.stored(PNG, query="?visibility=public")
    assert anonymous.get(f"{stored}.jpg?format=auto", Accept=CHROME)["Vary"] == "Accept"
    assert "Vary" not in anonymous.get(f"{stored}.jpg", Accept=CHROME)


def test_same_bytes_as_by_extension(api: Api) -> None:
    stored = api.stored(PNG)
    negotiated = api.get(f"{stored}.jpg?format=auto&w=20", Accept=WEBP_ALONE)
    assert negotiated["ETag"] == api.get(f"{stored}.webp?w=20")["ETag"]


def test_format_in_the_query_instead_of_an_extension(api: Api) -> None:
    stored = api.stored(PNG)
    answer = api.get(f"{stored}?format=webp&w=20")
    assert (answer["Content-Type"], answer["Vary"]) == ("image/webp", "Authorization")


@pytest.mark.parametrize(
    "path", ["?w=20", "?q=20", ".jpg?format=webp", "?format=svg", "?format=heic", "?format=auto&x=1"]
)
def test_format_must_be_clear(api: Api, path: str) -> None:
    answer = api.get(api.stored(PNG) + path)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_heic_original_falls_back_to_jpeg(api: Api) -> None:
    stored = api.stored(made.encoded("heic"))
    assert api.get(f"{stored}?format=auto", Accept="*/*")["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("suffix", "status"),
    [(".svg", 415), (".html", 415), (".php", 415), (".heic", 415), (".png%00.html", 415), (".", 404), (".png/", 308),
     (".png.html", 415), ("/", 308), (".PNG", 200), ("/../x", 404)],
)  # fmt: skip
def test_extensions(api: Api, suffix: str, status: int) -> None:
    """WEB-3: never text/html."""
    answer = api.get(api.stored(PNG) + suffix)
    assert answer.status_code == status
    assert answer["Content-Type"] in ("application/problem+json", "image/png", "text/plain")


def test_unknown_extension_lists_the_known_ones(api: Api) -> None:
    detail = api.get(api.stored(PNG) + ".xyz").json()["detail"]
    known = ("jpg", "jpeg", "png", "webp", "avif", "gif", "tiff", "tif", "bmp", "ico", "jp2", "json")
    assert all(extension in detail for extension in known)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("w=0", "/w"), ("w=-1", "/w"), ("w=1e9", "/w"), ("w=NaN", "/w"), ("w=40.5", "/w"), ("q=0", "/q"), ("q=101", "/q"),
     ("width=16384", "/width"), ("w=1&w=2", "/w"), ("w=1&width=2", "/w"), ("fit=5&w=3", "/fit"), ("dpr=inf&w=3", "/dpr"),
     ("wdth=3", "/wdth"), ("background=bluish", "/background"), ("format=gif", "/format"), ("fm=gif", "/fm"),
     ("enlarge=yes&w=3", "/enlarge"),
     ("fit=cover", "/width"), ("transform=resize:0", "/operations/0/width"), ("transform=blurr", "/operations/0/op"),
     ("transform=resize:3&w=3", "/w"), ("transform=" + "/".join(["resize:3"] * 11), "/operations")],
)  # fmt: skip
def test_refused_queries(api: Api, query: str, pointer: str) -> None:
    """IMG-14: a 400 that names the parameter, before anything is allocated."""
    answer = api.get(f"{api.stored(PNG)}.png?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
    assert answer.json()["pointer"] == pointer
    assert not Rendition.objects.exists()


def test_a_panorama_is_sent_in_every_format(api: Api) -> None:
    stored = api.stored(made.encoded("png", made.picture(9_000, 10)))
    for name in WRITABLE:
        answer = api.get(f"{stored}.{FORMATS[name].extensions[0]}")
        assert (answer.status_code, answer["Image-Width"]) == (200, "256" if name == "ico" else "9000"), name
    answer = api.get(f"{stored}.jpg?transform=border:width=1")
    assert (answer.status_code, answer.json()["code"], answer.json()["pointer"]) == (
        422,
        "image_too_large",
        "/operations/0",
    )


TRACKED = "utm_source=news&utm_campaign=a%20b&fbclid=IwAR0&gclid=x&msclkid=y"


@pytest.mark.parametrize(
    "query", ["", ".webp?w=20", "?format=webp&w=20", ".jpg?transform=grayscale", ".json"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_parameters_of_trackers_change_nothing(api: Api, query: str, method: str) -> None:
    stored = api.stored(PNG)
    plain = api.request(method, stored + query)
    tracked = api.request(method, f"{stored}{query}{'&' if '?' in query else '?'}{TRACKED}")
    assert (tracked.status_code, tracked.body) == (200, plain.body)
    assert {**tracked.headers, "X-Request-ID": ""} == {**plain.headers, "X-Request-ID": ""}
    assert Rendition.objects.count() <= 1


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_change_refuses_parameters_of_trackers(api: Api, method: str) -> None:
    answer = api.request(
        method, f"{api.stored(PNG)}?utm_source=x", data="{}", content_type="application/json"
    )
    assert (answer.status_code, answer.json()["pointer"]) == (400, "/utm_source")
