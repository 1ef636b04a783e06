"""Writes the column of tests in docs/threats.md: which tests name which threat.

    python -m docs.threats

Ids, threats and answers on the page are written by hand. A test names a threat by its id, in a docstring or in
the id of a case."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent / "threats.md"
TESTS = Path(__file__).parent.parent / "tests"
THREAT_ID = re.compile(r"\b(?:AD|AU|AUTH|CSV|F|I|IMG|P|Q|SIG|SSRF|WEB|WH|ZIP)-\d+\b")
_ROW = re.compile(r"^\| (?P<id>[A-Z]+-\d+) \|(?P<threat>[^|]*)\|(?P<answer>[^|]*)\|(?P<tests>[^|]*)\|$")


@dataclass(frozen=True)
class _Scope:
    """The lines of a function or a class, and its name within its file."""

    first_line: int
    last_line: int
    name: str


def find_tests() -> dict[str, list[str]]:
    """Return the tests that name each threat, by its id, as pytest's command line takes them within `tests/`.

    A threat in a class's docstring is tested by the class, one in a module's docstring by the file."""
    tests: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("*.py")):
        text = path.read_text()
        scopes = list(_walk(ast.parse(text), ""))
        file_name = str(path.relative_to(TESTS))
        for number, line in enumerate(text.splitlines(), start=1):
            for threat_id in THREAT_ID.findall(line):
                test = file_name + _name_at(number, scopes)
                if test not in tests[threat_id]:
                    tests[threat_id].append(test)
    return tests


def explained_threats(page: str) -> list[str]:
    """Return the ids of the page's rows, in their order."""
    matches = (_ROW.match(line) for line in page.splitlines())
    return [match["id"] for match in matches if match]


def with_tests(page: str) -> str:
    """Return the page with the last column as the tests are now."""
    tests = find_tests()
    lines = [_with_tests_of_row(line, tests) for line in page.splitlines()]
    return "\n".join(lines) + "\n"


def _with_tests_of_row(line: str, tests: dict[str, list[str]]) -> str:
    match = _ROW.match(line)
    if match is None:
        return line
    threat_id = match["id"]
    names = "<br>".join(f"`{test}`" for test in tests.get(threat_id, []))
    return f"| {threat_id} |{match['threat']}|{match['answer']}| {names} |"


def _walk(node: ast.AST, prefix: str) -> Iterator[_Scope]:
    """Yield functions and classes, an outer one before those inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.ClassDef):
            continue
        name = f"{prefix}::{child.name}"
        first_lines = [child.lineno, *(decorator.lineno for decorator in child.decorator_list)]
        yield _Scope(min(first_lines), child.end_lineno or child.lineno, name)
        yield from _walk(child, name)


def _name_at(line_number: int, scopes: list[_Scope]) -> str:
    """Return the name of the innermost scope that holds the line, or an empty text."""
    names = [scope.name for scope in scopes if scope.first_line <= line_number <= scope.last_line]
    return names[-1] if names else ""


def main() -> None:
    PAGE.write_text(with_tests(PAGE.read_text()))


if __name__ == "__main__":
    main()
