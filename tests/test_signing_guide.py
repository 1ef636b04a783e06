"""docs/signing.md: its vectors are the algorithm's, and its programs sign URLs that the server takes."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from progimage.errors import SignatureRefused
from progimage.signing import check_signature, derive_signing_secret, sign_url
from tests.conftest import make_api, skip_or_fail
from tests.support import images as made

GUIDE = (Path(__file__).resolve().parents[1] / "docs" / "signing.md").read_text()
KEY = "pi_k3v9x2mq7d4a.7Zr0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
SECRET = derive_signing_secret(KEY.partition(".")[2])
TIMEOUT_S = 120
QUERY = "download=h%C3%BCgel%20am%20see.jpg&transform=grayscale&q=80"

PROGRAMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "python": ("sign.py", (sys.executable,)),
    "js": ("sign.mjs", ("node",)),
    "go": ("sign.go", ("go", "run")),
    "php": ("sign.php", ("php",)),
    "ruby": ("sign.rb", ("ruby",)),
}
"""The file and the command of each language's program, by the name of its block in the guide."""
RUN_EVERYWHERE = ("python", "js", "go")
"""The guide says that the tests run these. The others run only if their language is installed by chance."""

Sign = Callable[[str, str, int], str]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def vectors() -> list[dict[str, Any]]:
    (text,) = blocks("json")
    parsed: list[dict[str, Any]] = json.loads(text)
    return parsed


@pytest.fixture(params=PROGRAMS)
def sign(request: pytest.FixtureRequest, tmp_path: Path) -> Sign:
    """Return a function that signs a URL by the program of one language."""
    name, (command, *options) = PROGRAMS[request.param]
    if shutil.which(command) is None and request.param in RUN_EVERYWHERE:
        skip_or_fail(f"{command} is not installed")
    if shutil.which(command) is None:
        pytest.skip(f"{command} is not installed, and the guide says that its program is not run")
    (program,) = blocks(request.param)
    (tmp_path / name).write_text(program)

    def run(url: str, api_key: str, expires_at: int) -> str:
        done = subprocess.run(
            [command, *options, name, url, api_key, str(expires_at)],
            cwd=tmp_path,
            env=os.environ | {"GOTOOLCHAIN": "local", "GOPROXY": "off"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.strip()

    return run


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: urlsplit(vector["url"]).query)
def test_a_vector_is_what_the_algorithm_gives(vector: dict[str, Any]) -> None:
    signed = sign_url(vector["url"], api_key=KEY, expires_at=vector["expires_at"])
    assert signed == vector["signed"]
    parts = urlsplit(signed)
    request = {"method": "GET", "path": parts.path, "query": parts.query, "now": vector["expires_at"] - 1}
    check_signature(SECRET, **request)
    with pytest.raises(SignatureRefused):
        check_signature(SECRET, **request | {"path": f"{parts.path}0"})


def test_the_guide_shows_the_steps_of_the_first_vector() -> None:
    first, second = vectors()
    assert KEY in GUIDE
    assert SECRET.hex() in GUIDE
    parts = urlsplit(first["url"])
    pairs = sorted([parts.query, f"exp={first['expires_at']}", f"kid={KEY.partition('.')[0]}"])
    message = "".join(f"{len(part)}:{part}" for part in ("GET", parts.path, *pairs))
    assert f"    {message}\n" in GUIDE
    assert "%20" in second["url"]
    assert "%C3%BC" in second["url"]


def test_the_guide_says_which_programs_are_run() -> None:
    for language in PROGRAMS:
        (section,) = re.findall(rf"### [^#]*?```{language}\n", GUIDE)
        assert ("\nRun by the tests" in section) is (language in RUN_EVERYWHERE)
        assert ("\nNot run by the tests" in section) is (language not in RUN_EVERYWHERE)


@pytest.mark.slow
def test_a_program_signs_the_vectors(sign: Sign) -> None:
    for vector in vectors():
        assert sign(vector["url"], KEY, vector["expires_at"]) == vector["signed"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_server_takes_what_a_program_signs(sign: Sign, live_server: Any) -> None:
    """SIG-1: the same URL with another width, or without a signature, is refused."""
    api = make_api("alice")
    url = f"{live_server.url}{api.stored(made.encoded('png'))}.webp?{QUERY}"
    signed = sign(url, api.key, int(time.time()) + 600)
    with urlopen(signed) as answer:
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/webp")
    for refused, status in ((signed.replace("q=80", "q=81"), 403), (url, 401)):
        with pytest.raises(HTTPError) as error:
            urlopen(refused)
        assert error.value.code == status
        error.value.close()
