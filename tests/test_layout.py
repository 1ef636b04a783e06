"""The house: which package may import which, and how long a file may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("progimage", "transforms", "accounts", "images", "jobs", "config")
MAX_LINES = 250
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
