"""The TypeScript of docs/generated-clients.md: types from the live schema, compiled strictly, run against the server."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_api, skip_or_fail
from tests.support import images as made

ROOT = Path(__file__).resolve().parents[1]
GUIDE = ROOT / "docs" / "generated-clients.md"
PROJECT = ROOT / "tests" / "typescript"
TIMEOUT_S = 240
EXPECTED = """\
stored 120 80 true
changed [ 'hills' ] public 0.25
rendition image/webp true
derived 12 true
operation resize 12
operation grayscale null
rotated 80
refused invalid_parameter /w 200
deleted 204
deleted 204
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pinned packages and the guide's program."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            skip_or_fail(f"{tool} is not installed: apt-get install nodejs npm")
    folder = tmp_path_factory.mktemp("typescript") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("node_modules"))
    (programs,) = re.findall(r"^```ts\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (folder / "sample.ts").write_text(programs)
    installed = run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    if installed.returncode:
        skip_or_fail(f"npm could not install the packages: {installed.stderr[-300:]}")
    return folder


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_typescript_compiles_strictly_and_runs(folder: Path, live_server: Any, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    api = make_api("alice")
    tools = folder / "node_modules" / ".bin"
    (folder / "hills.png").write_bytes(made.encoded("png"))
    generated = run(
        folder,
        str(tools / "openapi-typescript"),
        f"{live_server.url}/schema",
        "--output=progimage.d.ts",
    )
    assert generated.returncode == 0, generated.stderr
    compiled = run(folder, str(tools / "tsc"), "--project", ".")
    assert compiled.returncode == 0, compiled.stdout
    done = run(
        folder,
        "node",
        "built/sample.js",
        "hills.png",
        PROGIMAGE_URL=live_server.url,
        PROGIMAGE_API_KEY=api.key,
        NO_COLOR="1",
    )
    assert (done.stdout, done.stderr) == (EXPECTED, "")
