"""Options of the client's calls, as the query of a list holds them."""

from datetime import datetime, timedelta, timezone
from typing import Any

from tests.support.clients import (
    IMAGE,
    Script,
    answering,
)


def page(ids: list[str], following: str | None) -> Any:
    return answering(200, {"images": [IMAGE | {"id": image_id} for image_id in ids], "next": following})


def test_filters() -> None:
    script = Script(page([], None))
    moment = datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
    filters: dict[str, Any] = {
        "tag": ["a", "b,c"],
        "min_width": 10,
        "metadata": {"shot": 7},
        "created_after": moment,
    }
    assert list(script.client()[0].list(**filters, visibility="public")) == []
    assert script.requests[0].url.params.multi_items() == [
        ("tag", "a"),
        ("tag", "b,c"),
        ("min_width", "10"),
        ("metadata", '{"shot": 7}'),
        ("created_after", "2026-01-02T03:04:05+00:00"),
        ("visibility", "public"),
        ("limit", "100"),
    ]
