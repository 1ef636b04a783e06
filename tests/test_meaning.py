"""The meaning of a query on the fast path: the cache keys are those of Django's way."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from images.api.requests.query import Query
from images.api.requests.rendition_request import RenditionQuery
from images.fast_path.meaning import Meaning, Shape, find_meaning
from images.services.overviews import HAS_NONE
from tests.support.large_headers import PHOTO
from transforms.planning.overview_recipe import RECIPE
from transforms.planning.resolve import cache_key, key_tail, resolve

SHAPE = Shape(replace(PHOTO, width=400, height=300), None, HAS_NONE)
SHA256 = "ab" * 32


def tail_of(meaning: Meaning, shape: Shape = SHAPE, *, accept: str = "") -> str:
    tail = meaning.find_tail(shape, accept)
    assert tail is not None
    return tail.text


def test_tail_completes_the_cache_key() -> None:
    query = RenditionQuery.read(Query({"w": "50", "fit": "inside"}), "webp")
    assert query.transform is not None
    resolved = resolve(query.transform, "png")
    meaning = find_meaning("w=50&fit=inside", "webp", is_signed=False)
    assert meaning is not None
    assert meaning.first_tails == (key_tail(resolved), key_tail(resolved, overview=RECIPE))
    assert tail_of(meaning) == meaning.first_tails[0]
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
    assert '"format":"webp"' in tail_of(meaning, accept="image/webp")
    assert '"format":"png"' in tail_of(meaning, accept="text/html")
    assert '"format":"png"' in tail_of(meaning, accept="image/webp," + "x" * 2_000)


def test_focal_point_of_the_image_changes_the_tail_of_a_smart_crop() -> None:
    smart = find_meaning(
        "transform=resize:width=40,height=40,fit=cover,gravity=smart", "png", is_signed=False
    )
    plain = find_meaning("transform=resize:width=40,height=40,fit=cover", "png", is_signed=False)
    assert smart is not None
    assert plain is not None
    aimed = replace(SHAPE, focal=(0.1, 0.2))
    assert tail_of(smart, aimed) not in smart.first_tails
    assert tail_of(plain, aimed) == plain.first_tails[0]


@pytest.mark.parametrize(
    ("query", "version", "is_on", "expected"),
    [
        pytest.param("w=300&h=300&fit=cover", RECIPE.version, True, (1, False), id="ready"),
        pytest.param("w=300&h=300&fit=cover", None, True, (0, True), id="awaited"),
        pytest.param("w=300&h=300&fit=cover", RECIPE.version + 1, True, (0, True), id="of another release"),
        pytest.param("w=300&h=300&fit=cover", HAS_NONE, True, (0, False), id="refused"),
        pytest.param("w=900", RECIPE.version, True, (0, False), id="too large a result"),
        pytest.param("w=900", None, True, (0, False), id="too large a result, not tried"),
        pytest.param("w=300&h=300&fit=cover", RECIPE.version, False, (0, False), id="switched off"),
        pytest.param("w=300&h=300&fit=cover", None, False, (0, False), id="switched off, not tried"),
    ],
)
def test_tail_follows_the_overview(
    query: str, version: int | None, is_on: bool, expected: tuple[int, bool], settings: Any
) -> None:
    settings.OVERVIEWS = is_on
    meaning = find_meaning(query, "jpeg", is_signed=False)
    assert meaning is not None
    tail = meaning.find_tail(Shape(PHOTO, None, version), "")
    assert tail is not None
    assert (meaning.first_tails.index(tail.text), tail.awaits_overview) == expected


def test_small_images_await_no_overview() -> None:
    meaning = find_meaning("w=30", "jpeg", is_signed=False)
    assert meaning is not None
    tail = meaning.find_tail(replace(SHAPE, overview_version=None), "")
    assert tail is not None
    assert (tail.text, tail.awaits_overview) == (meaning.first_tails[0], False)


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
