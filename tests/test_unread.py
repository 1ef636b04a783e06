"""A file that came with a request is read and rendered in one visit of a child, if that may be."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Noise

from tests.conftest import Api, body
from tests.support import images as made
from tests.support.transform_requests import id_of, send_raw
from transforms.workers.costs import Costs, TaskCost
from transforms.workers.process_pool import Processes


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    visits: list[str] = []
    run = Processes.run

    def counted(processes: Processes, function: Any, *rest: Any, **options: Any) -> Any:
        visits.append(getattr(function, "func", function).__name__)
        return run(processes, function, *rest, **options)

    monkeypatch.setattr(Processes, "run", counted)
    return visits


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("w=30&format=webp", ["render_received"]),
        ("w=30", ["render_received"]),
        ("w=30&format=auto", ["probe_received", "render_file"]),
    ],
)
def test_of_a_raw_body(query: str, expected: list[str], api: Api, visits: list[str]) -> None:
    assert send_raw(api, f"/transforms?{query}").status_code == 200
    assert visits == expected


def test_another_image_is_opened_after_the_header_is_known(api: Api, visits: list[str]) -> None:
    path = f"/transforms?transform=composite:image={id_of(api)}"
    visits.clear()
    assert send_raw(api, path).status_code == 200
    assert visits == ["probe_received", "render_file"]


def test_a_stored_result_too(api: Api, visits: list[str]) -> None:
    answer = send_raw(api, "/transforms?w=30&store=true")
    assert answer.status_code == 201
    assert answer.json()["transform"]["operations"][0]["width"] == 30
    assert visits == ["render_received", "give_way"]


def test_few_bytes_with_many_pixels_wait_for_a_turn_of_their_cost(
    api: Api, visits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their bytes let one guess 0.1 of the 4 megapixels."""
    learned: list[TaskCost] = []
    monkeypatch.setattr(Costs, "learn", lambda _, task, **__: learned.append(task))
    content = made.encoded_flat("png", 2_000, 2_000)
    answer = api.request("POST", "/transforms?w=30&format=png", data=content, content_type="image/png")
    assert answer.status_code == 200
    assert visits == ["render_received", "render_file"]
    assert [(task.kind, task.megapixels) for task in learned] == [("unread", 0.0), ("thumbnail", 4.0)]


def test_the_time_is_learned_for_what_the_file_was(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not for what one could guess by its bytes."""
    learned: list[TaskCost] = []
    monkeypatch.setattr(Costs, "learn", lambda _, task, **__: learned.append(task))
    content = made.encoded_flat("bmp", 100, 100)
    answer = api.request("POST", "/transforms?w=30&format=png", data=content, content_type="image/bmp")
    assert answer.status_code == 200
    assert learned == [TaskCost("thumbnail", "bmp to png", 0.01)]


def test_no_file_stays(api: Api, settings: Any, tmp_path: Path) -> None:
    """A large result has one, and it is gone before the response is read."""
    settings.TEMP_DIR = tmp_path
    content = made.encoded("png", Noise.effect_noise((400, 300), 80))
    for query in ("format=bmp", "w=30", "max_bytes=100"):
        answer = api.request("POST", f"/transforms?{query}", data=content, content_type="image/png")
        assert answer.status_code == (422 if query == "max_bytes=100" else 200)
        assert query != "format=bmp" or len(body(answer)) > 120_000
    assert list(tmp_path.iterdir()) == []
