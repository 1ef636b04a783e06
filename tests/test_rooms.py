"""The rooms of transforms/: each imports only from those before it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "transforms"
ORDER = (
    ("limits", "geometry", "color", "containers"),
    ("formats", "fits", "orientation"),
    ("decoding", "render", "stripping"),
    ("planning",),
    ("encoding",),
    ("steps",),
    ("gain_maps",),
    ("engine",),
    ("received",),
    ("workers",),
)
LEVELS = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    package = ("transforms", *path.relative_to(ROOT).parent.parts)
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        base = package[: len(package) - node.level + 1] if node.level else ()
        parts = [*base, *(node.module or "").split(".")]
        if parts[0] != "transforms":
            continue
        rooms |= {parts[1]} if parts[1:] and parts[1] else {alias.name for alias in node.names}
    return rooms


FILES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(path) for path in FILES} == set(LEVELS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_those_before_it(path: Path) -> None:
    room = room_of(path)
    others = imported_rooms(path) - {room}
    assert not {other for other in others if LEVELS[other] >= LEVELS[room]}


def test_the_engine_brings_no_network_along() -> None:
    """Every child inherits its modules: they cost memory, and time at the start of each server."""
    program = "import sys; from transforms import engine; print(*sys.modules)"
    output = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, text=True, check=True
    ).stdout
    modules = set(output.split())
    assert "transforms.engine" in modules
    assert not modules & {"socket", "ssl", "http", "urllib.request", "email", "asyncio", "django"}
