"""Images behind a shared cache: it revalidates them, and still has the whole image."""

import json
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support import images as made
from tests.support.granian_server import serving
from tests.support.programs import find_program
from tests.support.shared_caches import CACHES, run_cache

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("name", CACHES)
def test_a_revalidated_image_is_whole(name: str, tmp_path: Path, db: None) -> None:
    """A 304 with a length of 0 or another type made caches serve empty images."""
    find_program(name)
    content = made.encoded("png", made.photograph(300, 200))
    with serving(tmp_path, {"RENDITION_MAX_AGE_S": "1"}) as server:
        headers = {"Content-Type": "image/png"}
        _, _, answer = server.request("POST", "/images?visibility=public", content, **headers)
        path = f"/images/{json.loads(answer)['id']}.webp"
        expected = server.request("GET", path)
        with run_cache(name, tmp_path, server.port) as port:
            seen = []
            for _ in range(3):
                seen.append(_get(port, path))
                time.sleep(1.6)  # the copy is stale then
    wanted = (200, "image/webp", str(len(expected[2])), expected[2])
    assert seen == [wanted] * 3
    statuses = [json.loads(line)["status"] for line in _request_lines(tmp_path / "log", path)]
    assert statuses[:4] == [200, 200, 304, 304]


def _get(port: int, path: str) -> tuple[int, str | None, str | None, bytes]:
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as http:
        http.request("GET", path)
        answer = http.getresponse()
        content = answer.read()
    return answer.status, answer.getheader("Content-Type"), answer.getheader("Content-Length"), content


def _request_lines(log: Path, path: str) -> list[str]:
    lines = log.read_text().splitlines()
    return [line for line in lines if f'"path": "{path}"' in line and '"method": "GET"' in line]
