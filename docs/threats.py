"""Writes the column of tests in docs/threats.md: which tests name which threat.

    python -m docs.threats

Ids, threats and answers on the page are written by hand. A test names a threat by its id, in a docstring or
in the id of a case."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent / "threats.md"
TESTS = Path(__file__).parent.parent / "tests"

_THREAT_ID = re.compile(r"\b(?:AD|AU|AUTH|CSV|F|I|IMG|P|Q|SIG|SSRF|WEB|WH|ZIP)-\d+\b")
_ROW = re.compile(
    r"""
    \|\ (?P<id>[A-Z]+-\d+)\ \|
    (?P<threat>[^|]*)\|
    (?P<answer>[^|]*)\|
    (?P<tests>[^|]*)\|
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class _Scope:
    """The lines of a function or a class, and its name within its file."""

    first_line: int
    last_line: int
    name: str

    def holds(self, line_number: int) -> bool:
        return self.first_line <= line_number <= self.last_line


def find_tests() -> dict[str, list[str]]:
    """Return the tests that name each threat, by its id, as pytest's command line takes them within `tests/`.

    A threat in a class's docstring is tested by the class, one in a module's docstring by the file."""
    tests: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("*.py")):
        for threat_id, test in _find_tests_in(path):
            if test not in tests[threat_id]:
                tests[threat_id].append(test)
    return tests


def explained_threats(page: str) -> list[str]:
    """Return the ids of the page's rows, in their order."""
    rows = (_ROW.fullmatch(line) for line in page.splitlines())
    return [row["id"] for row in rows if row]


def with_tests(page: str) -> str:
    """Return the page with the last column as the tests are now."""
    tests = find_tests()
    lines = [_write_tests(line, tests) for line in page.splitlines()]
    return "\n".join(lines) + "\n"


def _write_tests(line: str, tests: dict[str, list[str]]) -> str:
    row = _ROW.fullmatch(line)
    if row is None:
        return line
    threat_id = row["id"]
    names = [f"`{test}`" for test in tests.get(threat_id, [])]
    cell = "<br>".join(names)
    return f"| {threat_id} |{row['threat']}|{row['answer']}| {cell} |"


def _find_tests_in(path: Path) -> Iterator[tuple[str, str]]:
    text = path.read_text()
    tree = ast.parse(text)
    scopes = list(_walk(tree, prefix=""))
    file_name = str(path.relative_to(TESTS))
    for number, line in enumerate(text.splitlines(), start=1):
        for threat_id in _THREAT_ID.findall(line):
            yield threat_id, file_name + _name_at(number, scopes)


def _walk(node: ast.AST, *, prefix: str) -> Iterator[_Scope]:
    """Yield functions and classes, an outer one before those inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef):
            continue
        name = f"{prefix}::{child.name}"
        decorator_lines = [decorator.lineno for decorator in child.decorator_list]
        first_line = min([child.lineno, *decorator_lines])
        last_line = child.end_lineno or child.lineno
        yield _Scope(first_line, last_line, name)
        yield from _walk(child, prefix=name)


def _name_at(line_number: int, scopes: list[_Scope]) -> str:
    """Return the name of the innermost scope that holds the line, or an empty text."""
    names = [scope.name for scope in scopes if scope.holds(line_number)]
    return names[-1] if names else ""


def main() -> None:
    page = PAGE.read_text()
    PAGE.write_text(with_tests(page))


if __name__ == "__main__":
    main()
