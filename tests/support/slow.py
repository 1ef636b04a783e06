"""A pytest plugin, loaded with `-p tests.support.slow`: `--without-slow` leaves out tests with the mark `slow`.

The last lines of a run say how many were left out. Under pytest-xdist each worker counts, and the controller says."""

from pathlib import Path
from typing import Any

import pytest

_left_out = pytest.StashKey[int]()
_SLOW_TO_COLLECT = {"test_schemathesis.py"}
_COUNT = "progimage_slow_tests_left_out"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-slow",
        action="store_true",
        help="leave out tests that wait for outages, browsers, other programs or servers of their own",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = 0


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the tests that take seconds to collect: each process would generate thousands of requests."""
    return (config.option.without_slow and collection_path.name in _SLOW_TO_COLLECT) or None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Come after `-k` and `-m`, so that the count is of tests that would have run."""
    if not config.option.without_slow:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    items[:] = [item for item in items if not item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    config.stash[_left_out] = len(slow)
    if hasattr(config, "workeroutput"):
        config.workeroutput[_COUNT] = len(slow)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Take the count from a worker of pytest-xdist. All workers collect the same tests."""
    count = getattr(node, "workeroutput", {}).get(_COUNT, 0)
    node.config.stash[_left_out] = max(node.config.stash[_left_out], count)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if count := config.stash[_left_out]:
        terminalreporter.write_line(f"{count} slow tests left out: make test-all runs them", yellow=True)
