"""The house: which package may import which, how long a file may be, and where the tests of a module are."""

import ast
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LAYERS = ("progimage", "transforms", "accounts", "images", "jobs", "config")
MAX_LINES = 250
MAX_TEST_LINES = 350
ROOMS = (
    {"models"},
    {"storage", "receiving"},
    {"remote", "services", "search"},
    {"renditions"},
    {"upkeep"},
    {"delivery"},
    {"api", "admin"},
    {"fast_path"},
)
"""Of images/: a room imports only from those before it, and from the modules below."""
BELOW_ALL_ROOMS = {
    "database",
    "database_failures",
    "ids",
    "periodic_thread",
    "slots",
    "temporary_files",
    "waiting_threads",
}
DRF = {"rest_framework", "drf_spectacular"}
HTTP_ROOMS = ("images/api", "images/admin", "accounts/access", "accounts/admin", "config")
OUTSIDE = {
    "progimage": {"httpx"},
    "transforms": {"PIL", "pi_heif"},
}


TESTED_ELSEWHERE = {
    "accounts/admin/operators.py": "tests/test_logins_hashing.py",
    "accounts/management/commands/create_account.py": "tests/test_create_api_key.py",
    "config/framework.py": "tests/test_settings.py",
    "config/local/__main__.py": "tests/test_local_supervisor.py",
    "config/local/programs.py": "tests/test_local_postgres.py",
    "config/observing/request_lines.py": "tests/test_hot_answers.py",
    "config/urls.py": "tests/test_matrix.py",
    "config/wsgi.py": "tests/test_settings.py",
    "images/api/requests/bodies.py": "tests/test_upload_request.py",
    "images/api/schema/examples.py": "tests/test_openapi.py",
    "images/api/schema/operation_parameters.py": "tests/test_openapi.py",
    "images/api/serializers/ahead.py": "tests/test_eager_transforms.py",
    "images/api/serializers/archives.py": "tests/test_archive_request.py",
    "images/api/serializers/components.py": "tests/test_openapi.py",
    "images/api/serializers/descriptions.py": "tests/test_fields.py",
    "images/api/urls.py": "tests/test_matrix.py",
    "images/api/views/collection.py": "tests/test_selection.py",
    "images/delivery/answer_facts.py": "tests/test_hot_cache.py",
    "images/delivery/contents.py": "tests/test_responses.py",
    "images/delivery/delivery_options.py": "tests/test_responses.py",
    "images/fast_path/incoming.py": "tests/test_fast_answers.py",
    "images/fast_path/rows.py": "tests/test_answering.py",
    "images/management/account_argument.py": "tests/test_reconcile.py",
    "images/models/storage_names.py": "tests/test_reconciliation.py",
    "images/models/image_headers.py": "tests/test_header_facts.py",
    "images/models/installations.py": "tests/test_create_storage.py",
    "images/renditions/sources.py": "tests/test_transforms.py",
    "images/services/storage_ownership.py": "tests/test_create_storage.py",
    "images/storage/marker.py": "tests/test_create_storage.py",
    "images/tasks.py": "tests/test_sweeps.py",
    "progimage/calls/json_calls.py": "tests/test_calls_images.py",
    "progimage/client_errors.py": "tests/test_errors.py",
    "progimage/image_errors.py": "tests/test_errors.py",
    "progimage/operations/output.py": "tests/test_encode.py",
    "progimage/parameters/annotations.py": "tests/test_parameter.py",
    "progimage/root_error.py": "tests/test_errors.py",
    "transforms/color/cicp.py": "tests/test_png_colors.py",
    "transforms/color/description.py": "tests/test_icc_facts.py",
    "transforms/color/facts.py": "tests/test_icc_facts.py",
    "transforms/color/matrices.py": "tests/test_made_profile.py",
    "transforms/color/modes.py": "tests/test_color_conversion.py",
    "transforms/decoding/avif/avif_payload.py": "tests/test_av1_sequence.py",
    "transforms/decoding/failures.py": "tests/test_decode.py",
    "transforms/decoding/frame_canvas.py": "tests/test_apng.py",
    "transforms/decoding/identification.py": "tests/test_decode.py",
    "transforms/decoding/jpeg/jpeg_blocks.py": "tests/test_missing_end.py",
    "transforms/decoding/jpeg/jpeg_codes.py": "tests/test_missing_end.py",
    "transforms/decoding/jpeg/jpeg_structure.py": "tests/test_missing_end.py",
    "transforms/containers/chunks.py": "tests/test_apng.py",
    "transforms/containers/gif_blocks.py": "tests/test_gif.py",
    "transforms/containers/item_tables.py": "tests/test_av1_sequence.py",
    "transforms/containers/segments.py": "tests/test_multi_picture.py",
    "transforms/decoding/tiff/tiff_colors.py": "tests/test_tiff_deep.py",
    "transforms/decoding/tiff/tiff_layout.py": "tests/test_tiff_deep.py",
    "transforms/decoding/tiff/tiff_samples.py": "tests/test_tiff_deep.py",
    "transforms/decoding/scaled.py": "tests/test_engine_conversion.py",
    "transforms/encoding/pixels_and_metadata.py": "tests/test_few_colors.py",
    "transforms/formats/trial.py": "tests/test_save_options.py",
    "transforms/stripping/avif_items.py": "tests/test_strip_avif.py",
    "transforms/stripping/avif_writer.py": "tests/test_strip_avif.py",
    "transforms/stripping/blocks.py": "tests/test_strip.py",
    "transforms/stripping/strip_avif_sequence.py": "tests/test_strip_avif.py",
    "transforms/stripping/strip_bmp.py": "tests/test_strip.py",
    "transforms/stripping/strip_gif.py": "tests/test_strip.py",
    "transforms/stripping/strip_ico.py": "tests/test_strip.py",
    "transforms/stripping/strip_jp2.py": "tests/test_strip.py",
    "transforms/stripping/strip_jpeg.py": "tests/test_strip.py",
    "transforms/stripping/strip_png.py": "tests/test_strip.py",
    "transforms/stripping/strip_tiff.py": "tests/test_strip.py",
    "transforms/stripping/strip_webp.py": "tests/test_strip.py",
    "transforms/workers/forkserver_start.py": "tests/test_forkserver.py",
    "transforms/workers/pool_settings.py": "tests/test_pool.py",
    "transforms/workers/warm_child.py": "tests/test_process_pool.py",
    "transforms/encoding/gain_map_writer.py": "tests/test_gain_maps.py",
    "transforms/formats/iptc.py": "tests/test_metadata.py",
}
"""Modules without a test file by their name: glue, and modules that are tested through another one."""

MIRRORED = {
    "accounts": "rows, and their admin pages",
    "bodies": "of requests: the client sends them, the server reads them",
    "composite": "operations, and their rendering",
    "filters": "operations, and their rendering",
    "geometry": "operations, their arithmetic, and their rendering",
    "idempotency": "rows, and the attempts that they record",
    "images": "rows, their admin pages, their API and the calls of its clients",
    "masks": "operations, and their rendering",
    "orphans": "rows, and their services",
    "overviews": "rows, their services, their admin pages, and the command",
    "renditions": "rows, their services, their admin pages and their API",
    "selection": "filters in SQL, and in a query",
    "settings": "of the client, and of the server: each is the only one in its package",
    "tone": "operations, and their rendering",
    "transforms": "an endpoint's views and documentation, and the calls of its clients",
    "upload_urls": "rows, their services and their API",
    "uploads": "an endpoint's documentation, the receipt of its bodies, and the calls of its clients",
    "urls": "Django's name for routes, and the URLs that a client calls",
}
"""Names of more than one module: layers of one thing. Any other name stands for one module alone."""
NAMED_BY_OTHERS = ("__init__.py", "__main__.py", "apps.py")
"""Python and Django choose these names."""


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
        if isinstance(node, ast.Import):
            names = (alias.name.split(".") for alias in node.names)
            rooms |= {name[1] for name in names if name[0] == "images" and len(name) > 1}
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


def test_the_room_of_slow_clients_knows_nothing_of_the_layers_above_it() -> None:
    texts = {path.name: path.read_text() for path in source_files("config/slow_clients")}
    assert "exchanges.py" in texts
    assert [name for name, text in texts.items() if "config.http" in text or "from ..http" in text] == []


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


def has_tests_by_its_name(module: Path) -> bool:
    """Return whether the tests of `pkg/room/name.py` are in tests/test_name.py, tests/test_room_name.py or a
    longer name that begins so, as tests/test_name_under_load.py does."""
    parts = [part.strip("_") for part in module.with_suffix("").parts]
    names = ["_".join(parts[start:]) for start in range(len(parts))]
    tests = ROOT / "tests"
    return any((tests / f"test_{name}.py").exists() or any(tests.glob(f"test_{name}_*.py")) for name in names)


def test_a_stranger_finds_the_tests_of_a_module_by_its_name() -> None:
    modules = [path.relative_to(ROOT) for path in source_files(*LAYERS)]
    named = [module for module in modules if module.name not in ("__init__.py", "apps.py")]
    assert {str(module) for module in named if not has_tests_by_its_name(module)} == set(TESTED_ELSEWHERE)
    assert [path for path in TESTED_ELSEWHERE.values() if not (ROOT / path).exists()] == []


def test_a_modules_name_means_one_thing() -> None:
    modules = [path for path in source_files(*LAYERS) if path.name not in NAMED_BY_OTHERS]
    counts = Counter(path.stem for path in modules if "commands" not in path.parts)
    assert {name for name, count in counts.items() if count > 1} == set(MIRRORED)


def test_test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "tests").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > MAX_TEST_LINES
    }
    assert long == {}
