"""Examples in docstrings: each one runs, and gives the result that it shows."""

import doctest
import re
from importlib import import_module
from pathlib import Path

import pytest

from tests.test_layout import LAYERS, ROOT, source_files

SKIPPED = {
    "config.celery": "importing it makes its app the default app of the whole process",
    "transforms.workers.forkserver": "importing it empties the environment of the whole process",
    "config.wsgi": "importing it sets Django up again and freezes the garbage collector of the whole process",
}
"""Modules that are not imported, with the reason."""

WITH_EXAMPLES = {"progimage.signing", "progimage.text_form"}
"""Modules that are known to hold examples. Others may gain some, but these never lose theirs."""

PROMPT = re.compile(r'^\s*(?:[ru]?""")?>>> ', re.MULTILINE)


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts)


def is_importable(path: Path) -> bool:
    """Commands of manage.py are left out: Django imports them itself when it runs them."""
    return module_name(path) not in SKIPPED and "management" not in path.parts


FILES = {module_name(path): path for path in source_files(*LAYERS)}


@pytest.mark.parametrize("name", [name for name, path in FILES.items() if is_importable(path)])
def test_examples_run(name: str) -> None:
    results = doctest.testmod(import_module(name))
    assert results.failed == 0
    prompts = PROMPT.findall(FILES[name].read_text())
    assert results.attempted == len(prompts), "an example stands in a place that doctest does not read"
    assert results.attempted > 0 or name not in WITH_EXAMPLES


def test_modules_that_are_not_imported_hold_no_examples() -> None:
    unread = {name for name, path in FILES.items() if not is_importable(path)}
    assert unread >= set(SKIPPED)
    assert [name for name in unread if PROMPT.search(FILES[name].read_text())] == []


def test_known_examples_are_among_the_tested_modules() -> None:
    tested = {name for name, path in FILES.items() if is_importable(path)}
    assert tested >= WITH_EXAMPLES
