"""POST /transforms/plan tells sizes, steps, format and cache key of a render."""

import pytest

from progimage.operations import operations
from progimage.text_form import spell_text
from tests.conftest import Api
from tests.support import images as made
from tests.support.transform_requests import (
    LOGO,
    PNG,
    example,
    query_of,
    send_form,
    send_raw,
)

PLAN = "/transforms/plan"


@pytest.mark.parametrize("name", sorted(operations()))
def test_result_has_the_size_and_the_key_that_were_told(api: Api, name: str) -> None:
    operation, cls = example(name, "part:logo"), operations()[name]
    files = {"file": PNG} | ({"logo": LOGO} if "part:logo" in operation.as_dict().values() else {})
    told = send_form(api, PLAN, files, transform=spell_text([operation])).json()
    done = send_form(api, f"/transforms/{name}?{query_of(operation)}", files)
    size = (int(done["Image-Width"]), int(done["Image-Height"]))
    assert told["kind"] == cls.kind
    assert told["cache_key"] == done["Transform-Key"]
    assert told["is_at_most"] is cls.is_sized_by_pixels
    assert (told["width"], told["height"]) == size or (told["is_at_most"] and told["width"] >= size[0])


def test_every_step_has_its_defaults_and_its_size(api: Api) -> None:
    plan = send_raw(api, f"{PLAN}?transform=resize:60/trim/rotate:90", made.encoded_oriented(6)).json()
    assert plan["source"] | {"sha256": ""} == {
        "format": "jpeg",
        "width": 120,
        "height": 80,
        "frames": 1,
        "orientation": 6,
        "has_alpha": False,
        "hdr": False,
        "color_space": {"transfer": None, "primaries": None, "bit_depth": 8, "profile_name": None},
        "sha256": "",
        "decoded_from": "original",
    }
    assert [
        (step["operation"]["op"], step["width"], step["height"], step["is_at_most"]) for step in plan["steps"]
    ] == [
        ("resize", 60, 40, False),
        ("trim", 60, 40, True),
        ("rotate", 40, 60, True),
    ]
    assert plan["steps"][0]["operation"]["fit"] == "inside"
    assert (plan["kind"], plan["width"], plan["height"], plan["is_at_most"]) == ("pipeline", 40, 60, True)
    assert plan["output"]["quality"] == 80


@pytest.mark.parametrize(
    ("source", "query", "accept", "expected"),
    [
        pytest.param("png", "format=jpeg", "", ("jpeg", "asked", "convert"), id="asked"),
        pytest.param("png", "", "image/webp", ("png", "source", "compress"), id="the source's own"),
        pytest.param("png", "format=auto", "image/webp", ("webp", "negotiated", "convert"), id="negotiated"),
        pytest.param("png", "format=auto", "*/*", ("png", "fallback", "compress"), id="nothing named"),
        pytest.param("heic", "", "", ("jpeg", "fallback", "convert"), id="never written"),
    ],
)
def test_says_why_the_result_has_its_format(
    api: Api, source: str, query: str, accept: str, expected: tuple[str, str, str]
) -> None:
    plan = send_raw(api, f"{PLAN}?{query}", made.encoded(source), Accept=accept).json()
    assert (plan["format"]["name"], plan["format"]["reason"], plan["kind"]) == expected


def test_counts_the_frames_that_the_format_can_hold(api: Api) -> None:
    for format, frames in (("webp", 3), ("jpeg", 1)):
        plan = send_raw(api, f"{PLAN}?format={format}", made.encoded_animation("gif")).json()
        assert (plan["source"]["frames"], plan["frames"]) == (3, frames)
