"""The meaning of a query on the fast path: the cache keys are those of Django's way."""

from hashlib import sha256

import pytest

from images.api.requests.query import Query
from images.api.requests.rendition_request import RenditionQuery
from images.fast_path.meaning import Shape, find_meaning
from transforms.geometry import Size
from transforms.planning.ceilings import Extent
from transforms.planning.resolve import cache_key, key_tail, resolve

SHAPE = Shape("jpeg", Extent(Size(400, 300), 1), None)
SHA256 = "ab" * 32


def test_tail_completes_the_cache_key() -> None:
    query = RenditionQuery.read(Query({"w": "50", "fit": "inside"}), "webp")
    assert query.transform is not None
    resolved = resolve(query.transform, "png")
    meaning = find_meaning("w=50&fit=inside", "webp", is_signed=False)
    assert meaning is not None
    assert meaning.first_tails == (key_tail(resolved),)
    assert meaning.find_tails(SHAPE, "") == meaning.first_tails
    expected = sha256(f"{SHA256}{meaning.first_tails[0]}".encode()).hexdigest()
    assert cache_key(SHA256, resolved) == expected


@pytest.mark.parametrize("query", ["format=auto", "w=50&hdr=keep&format=jpeg", ""])
def test_key_that_depends_on_the_image_is_not_guessed(query: str) -> None:
    meaning = find_meaning(query, None, is_signed=False)
    assert meaning is not None
    assert meaning.first_tails == ()


def test_format_follows_accept() -> None:
    meaning = find_meaning("format=auto&w=50", "png", is_signed=False)
    assert meaning is not None
    webp = meaning.find_tails(SHAPE, "image/webp")
    assert '"format":"webp"' in webp[0]
    assert '"format":"png"' in meaning.find_tails(SHAPE, "text/html")[0]
    assert '"format":"png"' in meaning.find_tails(SHAPE, "image/webp," + "x" * 2_000)[0]


def test_focal_point_of_the_image_changes_the_tail_of_a_smart_crop() -> None:
    smart = find_meaning(
        "transform=resize:width=40,height=40,fit=cover,gravity=smart", "png", is_signed=False
    )
    plain = find_meaning("transform=resize:width=40,height=40,fit=cover", "png", is_signed=False)
    assert smart is not None
    assert plain is not None
    aimed = Shape(SHAPE.format, SHAPE.extent, (0.1, 0.2))
    assert smart.find_tails(aimed, "") != smart.first_tails
    assert plain.find_tails(aimed, "") == plain.first_tails


@pytest.mark.parametrize(
    ("query", "extension", "is_signed"),
    [
        ("w=50&w=50", "png", False),
        ("w=0", "png", False),
        ("x=1", "png", False),
        ("w=50", None, False),
        ("", "heic", False),
        ("format=png", "webp", False),
        ("%65xp=1", "png", False),
        ("%73ig=1", "png", True),
        ("utm_source=a", "png", True),
        ("transform=rotate:depth=1", "png", False),
        ("transform=composite:image=0190aaaa-0000-7000-8000-000000000000", "png", False),
        ("&".join(f"utm_{i}=1" for i in range(120)), "png", False),
    ],
)
def test_django_reads_the_rest(query: str, extension: str | None, *, is_signed: bool) -> None:
    assert find_meaning(query, extension, is_signed=is_signed) is None


def test_trackers_are_passed_over() -> None:
    meaning = find_meaning("w=50&utm_source=a&utm_source=b", "png", is_signed=False)
    plain = find_meaning("w=50", "png", is_signed=False)
    assert meaning is not None
    assert plain is not None
    assert meaning.query == plain.query
