"""Code in the documentation, taken from the source by name.

    <!-- include transforms/render/filters.py:pixelate -->
    ```python
    ```
    <!-- end -->

`make docs` writes the definition between the two comments; a test holds that it is still the source's."""

import ast
import re
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[1]

_BLOCK = re.compile(
    r"(?P<head><!-- include (?P<path>[\w./]+):(?P<name>[\w.]+) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


def fill_includes(text: str) -> str:
    """Return `text` with the code of every marked block as the source has it.

    Raise LookupError if a source file holds no definition of that name."""
    return _BLOCK.sub(_filled, text)


def find_source(path: str, name: str) -> str:
    """Return the lines of a function or class, its decorators included.

    A dot leads into a class: `TestPixelate.test_a_checkerboard_becomes_grey`."""
    source = (ROOT / path).read_text()
    first, *nested = name.split(".")
    definition = _definition(ast.parse(source), first, path)
    for step in nested:
        definition = _definition(definition, step, path)
    start = _first_line(definition) - 1
    lines = source.splitlines()[start : definition.end_lineno]
    return dedent("\n".join(lines))


def _filled(block: re.Match[str]) -> str:
    code = find_source(block["path"], block["name"])
    return f"{block['head']}```python\n{code}\n```\n{block['end']}"


def _definition(
    parent: ast.AST,
    name: str,
    path: str,
) -> ast.FunctionDef | ast.ClassDef:
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return node
    raise LookupError(f"Expected a definition of {name} in {path} but found none")


def _first_line(definition: ast.FunctionDef | ast.ClassDef) -> int:
    decorators = definition.decorator_list
    return decorators[0].lineno if decorators else definition.lineno
