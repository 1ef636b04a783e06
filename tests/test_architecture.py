"""docs/architecture.md is true: its trips are those that real requests take through the code."""

import ast
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.conftest import Api, use_disk
from tests.support import images as made

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "architecture.md"
STEP = re.compile(r"`([\w/]+\.py):(\w+)`")
NOT_COUNTED = re.compile(
    r"config/.*|.*/models/.*|.*/__init__\.py"
    r"|progimage/(?!text_form\.py).*"  # the vocabulary behind the function that reads it
    r"|transforms/(?!planning/|workers/pool\.py).*"  # values: headers, sizes, the table of formats
    r"|transforms/planning/overview_recipe\.py"  # values: sizes of overviews
    r"|images/ids\.py"
    r"|images/api/serializers/.*"  # Django REST framework calls them
)
LIMITS = {
    "GET of a finished rendition": (20, 14),
    "Raw upload to 201": (20, 16),
    "POST /transforms of raw bytes": (16, 13),
}
"""The most files, and the most returns to a file that has been left."""
FROM_THE_VIEW_ON = "POST /transforms of raw bytes"
"""The trip whose limits leave authentication out."""


def section(title: str) -> str:
    match = re.search(
        rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert match, title
    return match[1]


def told_steps(title: str) -> list[tuple[str, str]]:
    return STEP.findall(section(title))


def returns(steps: list[tuple[str, str]]) -> int:
    files = [file for file, _ in steps]
    return len(files) - len(set(files))


def counted(steps: list[tuple[str, str]]) -> str:
    files = {file for file, _ in steps}
    return f"{len(files)} files, {returns(steps)} returns"


@cache
def properties(path: Path) -> set[str]:
    """The names of a file's properties: to read one is no step."""
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef)
        and any("property" in ast.unparse(decorator) for decorator in node.decorator_list)
    }


def is_called_by_config(frame: FrameType) -> bool:
    """Whether a layer around every request has called the function."""
    caller = frame.f_back
    return caller is not None and ROOT / "config" in Path(caller.f_code.co_filename).parents


class Tracer:
    """Notes the function by which a thread enters each file. A generator that goes on enters nothing."""

    def __init__(self) -> None:
        self.steps: list[tuple[str, str]] = []
        self._frames: set[FrameType] = set()  # kept, so that no other frame gets the place of one

    def __call__(self, frame: FrameType, event: str, arg: Any) -> None:
        if event == "call" and frame not in self._frames and not is_called_by_config(frame):
            self._frames.add(frame)
            self.note(Path(frame.f_code.co_filename), frame.f_code.co_name)

    def note(self, path: Path, function: str) -> None:
        if ROOT not in path.parents or ".venv" in path.parts or "tests" in path.parts:
            return
        file = path.relative_to(ROOT).as_posix()
        if function.startswith("<") or NOT_COUNTED.fullmatch(file) or function in properties(path):
            return
        if not self.steps or self.steps[-1][0] != file:
            self.steps.append((file, function))


def traced(act: Callable[[], Any]) -> list[tuple[str, str]]:
    tracer = Tracer()
    sys.setprofile(tracer)
    try:
        act()
    finally:
        sys.setprofile(None)
    return tracer.steps


@pytest.fixture
def trips(api: Api, settings: Any, tmp_path: Path) -> dict[str, Callable[[], Any]]:
    """The requests of the trips, each sent once before, so that nothing is done for the first time."""
    use_disk(settings, tmp_path)
    jpeg = made.encoded("jpeg")
    path = api.stored(jpeg)

    def transform() -> Any:
        return api.request("POST", "/transforms?w=40&format=webp", data=jpeg, content_type="image/jpeg")

    trips = {
        "GET of a finished rendition": lambda: api.get(f"{path}.webp?w=50"),
        "Raw upload to 201": lambda: api.upload(made.encoded("png")),
        "POST /transforms of raw bytes": transform,
    }
    for request in trips.values():
        assert request().status_code in (200, 201)
    return trips


@pytest.mark.parametrize("title", LIMITS)
def test_a_trip_is_as_the_page_tells_it(title: str, trips: dict[str, Callable[[], Any]]) -> None:
    steps = traced(trips[title])
    as_told = " → ".join(f"`{file}:{function}`" for file, function in steps)
    assert steps == told_steps(title), f"{title} in docs/architecture.md is now, {counted(steps)}: {as_told}"


@pytest.mark.parametrize(("title", "limits"), LIMITS.items(), ids=str)
def test_a_trip_is_short(title: str, limits: tuple[int, int]) -> None:
    steps = told_steps(title)
    assert counted(steps) in section(title)
    if title == FROM_THE_VIEW_ON:
        view = next(index for index, (file, _) in enumerate(steps) if "/views/" in file)
        steps = steps[view:]
        assert f"from the view on {counted(steps)}" in section(title)
    assert len({file for file, _ in steps}) <= limits[0]
    assert returns(steps) <= limits[1]


def named_functions() -> list[tuple[str, str]]:
    return sorted(set(STEP.findall(PAGE.read_text())))


@pytest.mark.parametrize(("file", "function"), named_functions())
def test_a_function_that_the_page_names_exists(file: str, function: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_page_is_short() -> None:
    assert len(PAGE.read_text().splitlines()) <= 150
