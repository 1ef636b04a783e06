"""POST /transforms/plan tells the plan of a transform without decoding a pixel."""

from typing import Any

import pytest

from images.models import Rendition
from progimage.operations import operations
from progimage.text_form import spell_text
from tests.conftest import Api
from tests.support import images as made
from tests.support.remote_servers import Remote
from tests.support.transform_requests import (
    LOGO,
    PNG,
    example,
    id_of,
    query_of,
    remote,
    send_form,
    send_json,
    send_raw,
)

__all__ = ["remote"]
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
        "sha256": "",
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


def test_of_every_source_it_is_the_same(api: Api, remote: Remote) -> None:
    transform = {"operations": [{"op": "resize", "width": 30}]}
    plans = [
        send_raw(api, f"{PLAN}?w=30"),
        send_form(api, PLAN, {"file": PNG}, transform="resize:30"),
        send_json(api, PLAN, {"url": remote.url("/a.png"), "transform": transform}),
        send_json(api, PLAN, {"id": id_of(api), "transform": transform}),
    ]
    assert [plan.status_code for plan in plans] == [200] * 4
    assert len({plan.body for plan in plans}) == 1
    assert not Rendition.objects.exists()
    assert plans[0]["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("transform=resize:9000,enlarge=true", 422, "image_too_large"),
        ("w=0", 400, "invalid_parameter"),
        ("transform=composite:image=sha256:" + "0" * 64, 400, "invalid_parameter"),
        ("transform=composite:image=01890000-0000-7000-8000-000000000000", 404, "not_found"),
    ],
)
def test_refuses_what_a_render_would_refuse(api: Api, query: str, status: int, code: str) -> None:
    answers: list[Any] = [send_raw(api, f"{path}?{query}") for path in (PLAN, "/transforms")]
    problems = [answer.json() | {"request_id": ""} for answer in answers]
    assert (problems[0]["status"], problems[0]["code"]) == (status, code)
    assert problems[0] == problems[1]
