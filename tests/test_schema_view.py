"""GET /schema: generated once in a process, without a database, and the same in every process."""

import gzip
import json
from typing import Any

import pytest

from tests.conftest import Api
from tests.support.problems import check_problem
from tests.support.starts import COMPLETE, run

CLIENTS = 16
MAX_BYTES = 300_000
AT_ONCE = f"""
import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier
from wsgiref.util import setup_testing_defaults

from config.wsgi import application

together = Barrier({CLIENTS})

def get(path):
    environ = {{"PATH_INFO": path, "HTTP_HOST": "127.0.0.1", "wsgi.input": BytesIO()}}
    setup_testing_defaults(environ)
    started = []
    together.wait()
    body = b"".join(application(environ, lambda status, headers: started.append((status, dict(headers)))))
    status, headers = started[0]
    return [path, status, headers.get("ETag"), len(body)]

paths = ["/schema", "/operations", "/schema", "/docs"] * ({CLIENTS} // 4)
with ThreadPoolExecutor({CLIENTS}) as threads:
    for answer in threads.map(get, paths):
        print(json.dumps(answer))
"""


def answers_of_a_fresh_process(hash_seed: str) -> list[list[Any]]:
    """Return what all clients get that send the first requests of a process at once.

    Nothing listens at the addresses of the database and the cache."""
    code = ["-W", "ignore", "-c", AT_ONCE]
    status, text = run(code, **COMPLETE | {"PYTHONHASHSEED": hash_seed, "LOG_LEVEL": "CRITICAL"})
    assert status == 0, text
    return [json.loads(line) for line in text.splitlines() if line.startswith("[")]


@pytest.mark.slow
def test_many_first_requests_at_once_get_the_same_document() -> None:
    first = answers_of_a_fresh_process("1")
    assert len(first) == CLIENTS
    assert {status for _, status, _, _ in first} == {"200 OK"}
    etags = {(path, etag) for path, _, etag, _ in first}
    assert len(etags) == 3  # /docs has none
    assert etags == {(path, etag) for path, _, etag, _ in answers_of_a_fresh_process("2")}


def test_is_small_json_in_two_encodings(anonymous: Api) -> None:
    plain = anonymous.get("/schema")
    packed = anonymous.get("/schema", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == plain.body
    assert len(plain.body) < MAX_BYTES
    assert plain.json()["openapi"] == "3.1.0"
    assert plain["Content-Type"] == "application/vnd.oai.openapi+json"
    assert plain["Content-Disposition"] == 'inline; filename="ProgImage (0.1.0).json"'
    assert anonymous.get("/schema", **{"If-None-Match": plain["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/schema", "/operations", "/docs/errors"])
def test_conditions_are_those_of_images(anonymous: Api, path: str) -> None:
    check_problem(anonymous.get(path, **{"If-Match": '"another"'}), 412, "precondition_failed")
    date = "Thu, 01 Jan 1970 00:00:00 GMT"
    assert anonymous.get(path, **{"If-Unmodified-Since": date, "If-Modified-Since": date}).status_code == 200


def test_needs_no_database_and_no_key() -> None:
    """pytest-django refuses every query of this test."""
    from django.test import Client

    refused_key = Client(headers={"Authorization": "Bearer wrong"})
    for path in ("/schema", "/operations", "/docs", "/docs/errors"):
        assert refused_key.get(path).status_code == 200, path


def test_the_page_takes_no_other_methods(api: Api) -> None:
    check_problem(api.request("OPTIONS", "/docs"), 405, "method_not_allowed")
