"""The house: which package may import which, and how long a file may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("progimage", "transforms", "accounts", "images", "jobs", "config")
MAX_LINES = 250
ROOMS = (
    {"models"},
    {"storage", "receiving"},
    {"remote", "services", "search"},
    {"renditions", "upkeep"},
    {"delivery"},
    {"api", "admin"},
)
"""Of images/: a room imports only from those before it, and from the modules below."""
BELOW_ALL_ROOMS = {"database", "ids", "slots", "temporary_files"}
DRF = {"rest_framework", "drf_spectacular"}
HTTP_ROOMS = ("images/api", "images/admin", "accounts/access", "accounts/admin", "config")
OUTSIDE = {
    "progimage": {"httpx"},
    "transforms": {"PIL", "pi_heif", "pebble"},
}


def source_files(*packages: str) -> list[Path]:
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    return [path for path in files if "migrations" not in path.parts]


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports by absolute name, wherever in the file."""
    tree = ast.walk(ast.parse(path.read_text()))
    names: set[str] = set()
    for node in tree:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("package", [layer for layer in LAYERS if (ROOT / layer).is_dir()])
def test_a_package_imports_only_from_its_left(package: str) -> None:
    right = set(LAYERS[LAYERS.index(package) + 1 :])
    wrong = {str(path.relative_to(ROOT)): imported(path) & right for path in source_files(package)}
    assert {path: names for path, names in wrong.items() if names} == {}


def imported_rooms(path: Path) -> set[str]:
    """The rooms and modules of images/ that a file imports, by absolute or relative name."""
    package = path.relative_to(ROOT).parent.parts
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        module = tuple(node.module.split(".")) if node.module else ()
        if node.level:
            module = (*package[: len(package) - node.level + 1], *module)
        if module == ("images",):
            rooms |= {alias.name for alias in node.names}
        elif module[0] == "images":
            rooms.add(module[1])
    return rooms


@pytest.mark.parametrize("level", range(len(ROOMS)), ids=lambda level: "-".join(sorted(ROOMS[level])))
def test_a_room_imports_only_from_rooms_before_it(level: int) -> None:
    before = set().union(*ROOMS[:level])
    wrong: dict[str, set[str]] = {}
    for room in ROOMS[level]:
        for path in source_files(f"images/{room}"):
            others = imported_rooms(path) - before - BELOW_ALL_ROOMS - {room}
            if others:
                wrong[str(path.relative_to(ROOT))] = others
    assert wrong == {}


def test_drf_stays_at_the_door() -> None:
    names = [str(path.relative_to(ROOT)) for path in source_files(*LAYERS) if imported(path) & DRF]
    assert [name for name in names if not name.startswith(HTTP_ROOMS)] == []


@pytest.mark.parametrize("package", OUTSIDE)
def test_the_client_and_the_engine_stand_alone(package: str) -> None:
    import sys

    allowed = OUTSIDE[package] | set(sys.stdlib_module_names) | {"progimage", package}
    wrong = {str(path.relative_to(ROOT)): imported(path) - allowed for path in source_files(package)}
    assert {path: names for path, names in wrong.items() if names} == {}


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in source_files(*LAYERS)
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_every_view_is_a_drf_view() -> None:
    from django.urls import get_resolver
    from rest_framework.views import APIView

    for pattern in get_resolver().url_patterns:
        if getattr(pattern, "app_name", None) == "admin":
            continue
        for route in getattr(pattern, "url_patterns", [pattern]):
            assert issubclass(route.callback.view_class, APIView), route
