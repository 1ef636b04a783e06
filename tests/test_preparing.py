"""A transform is prepared alike from every source, and refused as a render would refuse it."""

from typing import Any

import pytest

from images.models import Rendition
from images.renditions.preparing import prepare_recipe
from images.renditions.sources import Recipe
from images.upkeep.overview_making import make_waiting
from progimage.text_form import parse_query
from tests.conftest import Api
from tests.support.overviews import image_of, stored
from tests.support.remote_servers import Remote
from tests.support.transform_requests import (
    PNG,
    id_of,
    remote,
    send_form,
    send_json,
    send_raw,
)

__all__ = ["remote"]
PLAN = "/transforms/plan"


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


@pytest.mark.django_db
def test_the_cost_is_that_of_the_file_that_is_decoded(api: Api) -> None:
    """An original of 5.2 megapixels, and its overview of 0.8."""
    path = stored(api)
    transform = parse_query([("w", "100"), ("format", "webp")])
    costs = [prepare_recipe(image_of(path), Recipe(transform)).cost]
    assert make_waiting() == 1
    costs.append(prepare_recipe(image_of(path), Recipe(transform)).cost)
    assert [cost.megapixels for cost in costs] == [pytest.approx(5.2), pytest.approx(0.998 * 0.768)]
    assert {cost.format for cost in costs} == {"jpeg to webp"}
    assert costs[0].sort[1] > costs[1].sort[1]
