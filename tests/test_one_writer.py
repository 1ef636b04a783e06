"""Rows of images/ have one writer: no module outside images/services/ changes a row of the database."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WRITES = {
    *(
        "save",
        "create",
        "update",
        "delete",
        "get_or_create",
        "update_or_create",
        "bulk_create",
        "bulk_update",
    ),
    *("asave", "acreate", "aupdate", "adelete", "aget_or_create", "aupdate_or_create", "abulk_create"),
    *("abulk_update", "save_base", "_raw_delete", "_update", "_insert"),
}
RELATED_MANAGERS = {"tags", "renditions", "images", "upload_urls", "replaces"}
WRITES_OF_RELATED = {"add", "set", "clear", "remove"}
SQL = re.compile(r"(?<!FOR )(?<!KEY )\b(UPDATE|INSERT INTO|DELETE FROM|MERGE INTO|TRUNCATE)\s+([\w\"]|$)")

# Everywhere: the services themselves, and objects in storage, which are no rows.
SERVICES = sorted(path.stem for path in (ROOT / "images" / "services").glob("[a-z]*.py"))
HARMLESS = re.compile(rf"{'|'.join(SERVICES)}|originals\(\)|renditions\(\)|([\w.]+\.)?storage(\(\))?")
# Values in memory: a name that the module binds to one of these.
COLLECTIONS = re.compile(
    r"(set|dict|defaultdict|Counter|QueryDict|Mapping|MutableMapping|OrderedDict)\b|hashlib\.|\{"
)
EXCEPTIONS = {
    ("images/sample.py", "draw()"),  # a file
    ("images/management/commands/bootstrap.py", "users"),  # the operator's login is a row of Django's
    ("images/management/commands/bootstrap.py", "user"),
}


def writes(source: str) -> list[tuple[int, str]]:
    """Return the line of each write, and the expression that is written to."""
    tree = ast.parse(source)
    attributes = {name for name in _in_memory(ast.walk(tree)) if "." in name}
    return sorted(_writes_in(tree, attributes))


def _writes_in(scope: ast.AST, in_memory: set[str]) -> Iterator[tuple[int, str]]:
    """Go through a module or a function. `in_memory` are the names around it that hold no rows."""
    nodes = list(_nodes_of(scope))
    bound = {name for node in nodes for name, _ in _bindings(node)}
    in_memory = (in_memory - bound) | _in_memory(nodes)
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _writes_in(node, in_memory)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield node.lineno, "SQL"
        if not isinstance(node, ast.Attribute):
            continue
        receiver = ast.unparse(node.value)
        is_related = isinstance(node.value, ast.Attribute) and node.value.attr in RELATED_MANAGERS
        is_write = node.attr in WRITES or (is_related and node.attr in WRITES_OF_RELATED)
        if is_write and receiver not in in_memory and not HARMLESS.fullmatch(receiver):
            yield node.lineno, receiver


def _nodes_of(scope: ast.AST) -> Iterator[ast.AST]:
    """Go through the nodes of a module or a function; the bodies of functions inside it are left out."""
    for node in ast.iter_child_nodes(scope):
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _nodes_of(node)


def _bindings(node: ast.AST) -> Iterator[tuple[str, bool]]:
    """Yield each name that `node` binds, and whether to a set, a mapping or a digest."""
    match node:
        case ast.Assign(targets=targets, value=value):
            is_collection = bool(COLLECTIONS.match(ast.unparse(value)))
            yield from ((ast.unparse(target), is_collection) for target in targets)
        case ast.AnnAssign(target=target, annotation=annotation):
            yield ast.unparse(target), bool(COLLECTIONS.match(ast.unparse(annotation)))
        case ast.arg(arg=name, annotation=annotation):
            yield name, annotation is not None and bool(COLLECTIONS.match(ast.unparse(annotation)))


def _in_memory(nodes: Iterable[ast.AST]) -> set[str]:
    """Return the names that are bound to nothing but sets, mappings and digests."""
    kinds: dict[str, list[bool]] = {}
    for node in nodes:
        for name, is_collection in _bindings(node):
            kinds.setdefault(name, []).append(is_collection)
    return {name for name, are_collections in kinds.items() if all(are_collections)}


def found_writes() -> list[tuple[str, int, str]]:
    found = []
    for path in sorted((ROOT / "images").rglob("*.py")):
        module = path.relative_to(ROOT).as_posix()
        if module.startswith(("images/services/", "images/migrations/")):
            continue
        found += [(module, line, receiver) for line, receiver in writes(path.read_text())]
    return found


def test_rows_are_written_by_services_alone() -> None:
    stray = [
        f"{module}:{line}: {receiver}"
        for module, line, receiver in found_writes()
        if (module, receiver) not in EXCEPTIONS
    ]
    assert stray == []


def test_every_exception_is_needed() -> None:
    found = {(module, receiver) for module, _, receiver in found_writes()}
    assert EXCEPTIONS - found == set()


@pytest.mark.parametrize(
    "source",
    [
        "Image.objects.filter(pk=1).update(state='ready')",
        "Image.objects.create()",
        "image.save()",
        "image.tags.all().delete()",
        "image.tags.set([])",
        "rows = Image.objects.all()\nrows.delete()",
        "def end(rows):\n    rows.delete()",
        "end = partial(image.delete)",
        "rows = set()\nrows = Image.objects.all()\nrows.update(state='ready')",
        "def note(rows: set[str]): ...\ndef end(rows):\n    rows.update(state='ready')",
        "rows = {}\ndef end(rows):\n    rows.update(state='ready')",
        "type(rows[0])._default_manager.filter(pk=1).delete()",
        "cursor.execute('UPDATE images_image SET state = 1')",
        "cursor.execute(f'DELETE FROM {table}')",
        "cursor.execute('INSERT INTO images_tag VALUES (1)')",
    ],
)
def test_writes_are_found(source: str) -> None:
    assert writes(source)


@pytest.mark.parametrize(
    "source",
    [
        "deleting.delete(image_id)",
        "originals().delete(name)",
        "folder.storage().delete(*names)",
        "seen: set[str] = set()\nseen.update(names)",
        "def note(seen: set[str]):\n    seen.update(names)",
        "values = {**kept}\nvalues.update(more)",
        "self._digest = hashlib.sha256()\nself._digest.update(chunk)",
        "Image.objects.select_for_update()",
        "cursor.execute('SELECT 1 FROM images_image FOR NO KEY UPDATE')",
    ],
)
def test_other_calls_are_none(source: str) -> None:
    assert not writes(source)
