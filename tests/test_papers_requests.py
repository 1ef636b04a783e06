"""The requests in README.md and docs/getting-started.md work when they are pasted beside `make run`."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.local import embedded_services
from config.local.processes import free_ports
from config.local.state import State

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
PAPERS = ["README.md", "docs/getting-started.md"]
FROM_ELSEWHERE = "https://www.gstatic.com/"
"""A line with this address needs the internet."""

SHELL_START = ("curl ", "set -a", "auth=", "image=")
CURL_THAT_FAILS = 'set -eu; curl() { command curl --silent --show-error --fail-with-body "$@"; }'
READY_TIMEOUT_S = 180


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that looks like the checkout, beside a server that runs with its state in `var`."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("README.md", "docs", "images"):
        (folder / name).symlink_to(ROOT / name)
    state = State(folder / "var")
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "config.local", "run", "--port", str(port), "--var", str(state.folder)]
    log = folder / "log"
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=ROOT, env=_bare(), stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + READY_TIMEOUT_S
            while "ends it" not in log.read_text():
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            yield folder
        finally:
            server.terminate()
            server.wait(30)
            embedded_services.stop_leftovers(state)
            embedded_services.make_postgres(state).remove()


def _bare() -> dict[str, str]:
    """The environment without the services of the tests."""
    services_of_tests = (
        "DATABASE_URL",
        "VALKEY_URL",
        "SECRET_KEY",
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "STORAGE_ROOT",
    )
    return {
        name: value
        for name, value in os.environ.items()
        if name not in services_of_tests and not name.startswith(("S3_", "DJANGO_", "PROGIMAGE_"))
    }


def indented_lines(paper: str) -> list[str]:
    lines = (ROOT / paper).read_text().splitlines()
    return [line.removeprefix("    ") for line in lines if line.startswith("    ") or not line]


@pytest.mark.skipif(not shutil.which("curl"), reason="curl sends the requests")
@pytest.mark.parametrize("paper", PAPERS)
def test_requests_with_curl(folder: Path, paper: str) -> None:
    lines = [line for line in indented_lines(paper) if line.startswith(SHELL_START)]
    local = [line for line in lines if FROM_ELSEWHERE not in line]
    assert len(local) >= 5
    script = "\n".join([CURL_THAT_FAILS, *local])
    _run(["bash", "-c", script], folder)


@pytest.mark.parametrize("paper", PAPERS)
def test_requests_with_python(folder: Path, paper: str) -> None:
    lines = indented_lines(paper)
    first = next(number for number, line in enumerate(lines) if line.startswith("from progimage import"))
    code = "\n".join(lines[first:])
    script = 'set -a; . var/env; set +a; exec "$0" -c "$1"'
    _run(["bash", "-c", script, sys.executable, code], folder)


def _run(command: list[str], folder: Path) -> None:
    environment = _bare() | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{(folder / 'log').read_text()}"
